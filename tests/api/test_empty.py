"""A school on its first day: nothing has come yet, and every question has an answer."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api import tokens
from local.postgres import Postgres
from tests.api.client import Client, Served
from tests.api.conftest import NOBODY, SCOPES
from tests.databases import migrated_database

VALUES = {"class_id": "7B", "student_id": "ann", "number": "active_students", "scope": "class:7B", "window": "10min"}


@pytest.fixture(scope="module")
def first_day(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Client]]:
    """Clients of a gateway whose database is empty, by their scopes."""
    with migrated_database(postgres_server) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            made = {who: tokens.create(owner, SCOPES[who], who) for who in ("everyone", "school", "7B")}
        folder: Path = tmp_path_factory.mktemp("gateway")
        served = Served(NOBODY, url, folder, CLASSPULSE_API_REQUESTS_PER_S="10000").start()
        try:
            yield {who: Client(served.port, token) for who, token in made.items()}
        finally:
            served.kill()


@pytest.mark.parametrize("who", ["everyone", "school", "7B"])
def test_no_question_fails_where_nothing_has_come_yet(first_day: dict[str, Client], who: str) -> None:
    client = first_day[who]
    answered = 0
    for path, methods in client.get("/openapi.json").json["paths"].items():
        if "get" not in methods or path.endswith("/stream"):
            continue
        needed = [p for p in methods["get"].get("parameters", []) if p["in"] == "query" and p.get("required")]
        query = "&".join(f"{p['name']}={VALUES[p['name']]}" for p in needed)
        answer = client.get(re.sub(r"{(\w+)}", lambda found: VALUES[found[1]], path) + (f"?{query}" if query else ""))
        assert answer.status in {200, 403, 404}, (path, answer.body)
        answered += answer.status == 200
    assert answered >= 5


@pytest.mark.parametrize("query", ["", "?class_id=7B"])
def test_its_stream_counts_nobody(first_day: dict[str, Client], query: str) -> None:
    client = first_day["everyone"]
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    connection.request("GET", f"/engagement/stream{query}", headers={"Authorization": f"Bearer {client.token}"})
    response = connection.getresponse()
    while not (line := response.readline().decode()).startswith("event:"):
        assert line.strip() or not response.closed
    said = response.readline().decode()
    connection.close()
    assert line == "event: kpis\n", said
    assert '"active_students":0' in said and '"state":"no_data"' in said
