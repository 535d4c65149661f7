"""What a runbook tells one to type exists: its SQL runs, its commands are ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.main import COMMANDS
from tests.prometheus.test_rules import RULES, RUNBOOKS

TEXTS = {path.stem: path.read_text() for path in sorted(RUNBOOKS.glob("*.md"))}
STACK = (Path(__file__).parents[2] / "docker-compose.yml").read_text()


def test_the_queries_of_the_runbooks_run(migrated_any: str) -> None:
    queries = [query for text in TEXTS.values() for query in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]
    assert len(queries) > 10
    with psycopg.connect(migrated_any, autocommit=True) as connection:
        for query in queries:
            statement: Any = query
            connection.execute(statement)


@pytest.mark.parametrize("name", TEXTS)
def test_the_commands_of_a_runbook_are_ours(name: str) -> None:
    for command in re.findall(r"(?:`|^)classpulse ([a-z]+)", TEXTS[name], re.MULTILINE):
        assert command in COMMANDS
    for service in re.findall(
        r"docker compose (?:logs --tail \d+|exec|up --detach(?: --force-recreate)?) (\w+)", TEXTS[name]
    ):
        assert f"\n  {service}:\n" in STACK


def test_the_recorded_series_that_runbooks_ask_for_exist() -> None:
    recorded = {name for path in RULES for name in re.findall(r"record: (\S+)", path.read_text())}
    queried = {name for text in TEXTS.values() for name in re.findall(r"classpulse:[a-z_]+:[a-z0-9]+", text)}
    assert queried
    assert queried <= recorded
