"""A withdrawal that a worker met outlives the worker, though other flows have not written it."""

from __future__ import annotations

import random
from pathlib import Path

from dataflows.lake.query import ask
from dataflows.lake.store import Store
from dataflows.sink.connection import connect
from tests.dataflows.lake.lakes import START_MS, Worker, event, settings_of


def test_what_lies_behind_a_withdrawal_is_in_no_file_also_after_a_restart(
    migrated_postgres: str, tmp_path: Path
) -> None:
    settings, rng = settings_of(migrated_postgres, tmp_path), random.Random(1)

    def sent(second: int, student: int, name: str = "scroll") -> dict[str, object]:
        return event(rng, START_MS + second * 1000, student, event_name=name)

    worker = Worker(settings, 0)
    # The files are not due yet, so neither are the places; the withdrawal waits with them.
    worker.take([sent(0, 1), sent(1, 1, "consent_withdrawn"), sent(2, 1), sent(3, 3)], writes=False)
    worker.take([sent(4, 1), sent(5, 3)])
    Worker(settings, 0).take([sent(6, 1), sent(7, 3)])
    with connect(migrated_postgres, "test") as connection:
        rows = ask(connection, Store(settings), "SELECT student_id, count(*) FROM events GROUP BY 1 ORDER BY 1")[1]
        assert rows == [("s001", 1), ("s003", 3)]
        said = connection.execute("SELECT student_id, topic, kafka_offset, withdrawn FROM consents").fetchall()
        assert said == [("s001", "clickstream_events", 1, True)]
