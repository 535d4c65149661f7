"""The `content` flow through the real commands: a day written out, and studies that are hard on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import study_day
from tests.e2e.harness import Stack, stack
from tests.e2e.studies import DAY, START, Deed, publish, repeated, shuffled, studies
from tests.e2e.studying import assert_studied, expected_of, records_of, tick
from tests.e2e.tables import CONTENT, differences, dump
from tests.oracle.content import ContentRules, expect
from tests.oracle.reading import Record

TOO_LATE = study_day.uid(43)
END = START + 2 * DAY


def deeds_of(day: list[study_day.Sent]) -> list[Deed]:
    """Returns the written-out day as deeds."""
    return [
        Deed(one.topic, one.body.get("timestamp") or one.body["start_time"], one.arrives_ms, one.key, one.value)
        for one in day
    ]


def assert_by_hand(here: Stack, **other: study_day.Rows) -> None:
    """Fails unless the tables hold what was written out, whatever the tasks."""
    for table, rows in (study_day.BY_HAND | other).items():
        said = differences(rows, dump(here.database, table), table)
        assert not said, said


def test_a_day_written_out_gives_the_rows_that_were_written_out(
    kafka: str, any_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, any_database, topic_prefix, tmp_path) as here:
        tick(here, study_day.ms("08:00:00"))
        morning = [one for one in study_day.the_day() if one.arrives_ms < study_day.ms("10:20:00")]
        publish(kafka, here.prefix, deeds_of(morning))
        tick(here, study_day.ms("10:20:00"))
        here.catch_up("content")
        cem = [(start, row["session_id"]) for (start, who), row in closed_sessions(here).items() if who == "cem"]
        assert len(cem) == 2, "nothing has joined the two sessions yet"

        publish(kafka, here.prefix, deeds_of([one for one in study_day.the_day() if one not in morning]))
        tick(here, study_day.NOW)
        here.catch_up("content", workers=2)
        assert_by_hand(here)
        assert_studied(here, expected_of(here))


def closed_sessions(here: Stack) -> study_day.Rows:
    return dump(here.database, "sessions_closed") | dump(here.database, "sessions_open")


@pytest.mark.parametrize(("seed", "batch_records", "workers"), [(1, 1, 1), (2, 7, 2)])
def test_shuffled_and_repeated_the_day_is_the_same(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path, seed: int, batch_records: int, workers: int
) -> None:
    in_time = [one for one in study_day.the_day() if one.body["event_id"] != TOO_LATE]
    settings = {"CLASSPULSE_BATCH_RECORDS": str(batch_records)}
    with stack(kafka, timescale_url, topic_prefix, tmp_path, **settings) as here:
        tick(here, study_day.ms("08:00:00"))
        publish(kafka, here.prefix, repeated(shuffled(deeds_of(in_time), seed), seed, share=0.5))
        tick(here, study_day.NOW)
        here.catch_up("content", workers=workers)
        known = {key: row for key, row in study_day.MILESTONES.items() if key[1] != TOO_LATE}
        assert_by_hand(here, milestones=known)
        assert_studied(here, expected_of(here))


def test_hard_studies_are_what_the_oracle_says_whatever_their_order_and_the_batches(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    deeds = studies(students=150, late=0.0)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_BATCH_RECORDS="300") as here:
        tick(here)
        publish(kafka, here.prefix, repeated(shuffled(deeds, seed=3), seed=4))
        tick(here, END)
        here.catch_up("content", workers=2)
        records = records_of(here)
        expected = expect(records, ContentRules(prefix=here.prefix))
        assert_studied(here, expected)
    assert expected.duplicates > len(deeds) // 30
    ordered = expect(as_they_came(deeds, records, topic_prefix), ContentRules(prefix=topic_prefix))
    assert ordered.late == 0
    assert all(getattr(ordered, table) == getattr(expected, table) for table in CONTENT)


def as_they_came(deeds: list[Deed], records: list[Record], prefix: str) -> list[Record]:
    """Returns the log that the deeds would have made in their own order, keyed as the records are."""
    partitions = {record.key: record.partition for record in records}
    ticks = [record for record in records if record.tick is not None]
    came = [
        Record(f"{prefix}{deed.topic}", partitions[deed.key], at, END, deed.value, deed.key)
        for at, deed in enumerate(deeds)
    ]
    return [*(t for t in ticks if t.tick == START), *came, *(t for t in ticks if t.tick == END)]
