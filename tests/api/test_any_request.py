"""Requests that fit the description, and such that just do not, on every route: no answer is a failure of ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from api import tokens
from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings
from local.postgres import Postgres
from tests.api.client import Served
from tests.databases import migrated_database
from tests.grafana import known_day
from tests.parts import require

PREFIX = "any."
EXAMPLES = "30"


@pytest.mark.long
@pytest.mark.parametrize("is_empty", [False, True], ids=["a-known-day", "nothing"])
def test_no_request_that_can_be_generated_is_answered_with_a_failure(
    kafka: str, timescale_server: Postgres, tmp_path: Path, *, is_empty: bool
) -> None:
    program = shutil.which("schemathesis")
    # Not among our packages: it needs the urllib3 that grafana-client's requests library replaces.
    require("schemathesis", program is not None, "pipx install schemathesis==4.32.5")
    create_or_check(Settings(kafka_bootstrap_servers=kafka, topic_prefix=PREFIX))
    with migrated_database(timescale_server) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            if not is_empty:
                known_day.put(owner, known_day.TABLES)
            token = tokens.create(owner, ["ingest", "read:school", "read:class:*"])
        rules = {"CLASSPULSE_TOPIC_PREFIX": PREFIX, "CLASSPULSE_API_REQUESTS_PER_S": "10000"}
        gateway = Served(kafka, url, tmp_path, **rules).start()
        try:
            command = [str(program), "run", f"http://127.0.0.1:{gateway.port}/openapi.json"]
            how = ["--header", f"Authorization: Bearer {token}", "--checks", "not_a_server_error", "--no-color"]
            bounds = ["--max-examples", EXAMPLES, "--seed", "7", "--request-timeout", "60"]
            # A stream does not end by itself; `test_hub` and `test_empty` read it.
            bounds += ["--exclude-path", "/engagement/stream"]
            done = subprocess.run([*command, *how, *bounds], capture_output=True, text=True, timeout=500, check=False)
        finally:
            said = gateway.stop()
    assert done.returncode == 0, done.stdout[:4000] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested and int(tested[1]) >= 21, done.stdout[:4000]
    assert "could not be answered" not in said
