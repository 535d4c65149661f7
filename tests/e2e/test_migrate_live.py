"""A migration runs while workers write: nothing fails, and the tables are those of an undisturbed run."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tests.e2e.harness import stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import MINUTE, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import expect

TIMES = 4


def test_views_and_rights_are_made_anew_under_writing_workers(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    messages = log_of(students=40, minutes=40)
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        worker = here.start("run", "engagement", "archive")
        for time in range(TIMES):
            publish(kafka, here.topic(), messages[len(messages) * time // TIMES : len(messages) * (time + 1) // TIMES])
            with psycopg.connect(here.database, autocommit=True) as connection:
                connection.execute("UPDATE schema_state SET checksum = ''")
            assert "views and roles applied" in here.command("migrate")
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        records = read_topic(kafka, here.topic())
        for flow in ("engagement", "archive"):
            here.wait_for_offset(len(records), flow)
        assert worker.terminate() == 0, worker.output[-3000:]
        assert_holds(here.database, expect(records))
