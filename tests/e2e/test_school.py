"""Hard input through the real parts: every table is what the oracle says."""

from __future__ import annotations

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
