"""Hard input through the real parts: every table is what the oracle says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.harness import stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import MINUTE, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import Rules, expect


@pytest.mark.parametrize(
    ("kind", "workers", "batch_records", "timezone"),
    [("timescale_url", 1, 16384, "UTC"), ("postgres_url", 2, 333, "America/St_Johns")],
)
def test_every_table_is_what_the_oracle_says(
    request: pytest.FixtureRequest,
    kafka: str,
    topic_prefix: str,
    tmp_path: Path,
    kind: str,
    workers: int,
    batch_records: int,
    timezone: str,
) -> None:
    database = request.getfixturevalue(kind)
    settings = {"CLASSPULSE_BATCH_RECORDS": str(batch_records), "CLASSPULSE_TIMEZONE": timezone}
    settings["CLASSPULSE_SCANNER"] = "true"
    with stack(kafka, database, topic_prefix, tmp_path, **settings) as here:
        messages = log_of()
        publish(kafka, here.topic(), messages)
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        here.catch_up(workers=workers)
        expected = expect(read_topic(kafka, here.topic()), Rules(timezone=timezone))
        assert expected.late > 100
        assert expected.duplicates > 100
        assert_holds(database, expected)


def test_without_ticks_only_what_the_watermark_allows_is_final(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), log_of(students=12, minutes=40))
        here.catch_up()
        assert_holds(timescale_url, expect(read_topic(kafka, here.topic())))


def test_a_live_simulation_with_its_faults_is_counted_as_the_oracle_counts_it(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    faults = ("--late", "0.05", "--duplicates", "0.05", "--fast-clocks", "0.05", "--broken", "0.02")
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        worker = here.start("run", "engagement", "archive")
        here.command("simulate", "--students", "300", "--rate", "300", "--seconds", "12", "--flat", *faults)
        here.command(
            "simulate", "--students", "300", "--rate", "300", "--seconds", "3", "--flat", "--seed", "8", *faults
        )
        close(kafka, here.topic(), time.time_ns() // 1_000_000)
        records = read_topic(kafka, here.topic())
        here.wait_for_offset(len(records))
        here.wait_for_offset(len(records), "archive")
        assert worker.terminate() == 0, worker.output
        expected = expect(records)
        assert len(expected.events) > 2_000
        assert expected.dead_letters
        assert expected.duplicates
        assert_holds(timescale_url, expected)
