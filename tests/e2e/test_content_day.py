"""The `content` flow through the real commands: a day written out, and studies that are hard on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.e2e import study_day
from tests.e2e.harness import Stack, stack
from tests.e2e.studies import DAY, START, Action, publish, repeated, shuffled, studies
from tests.e2e.studying import assert_studied, expected_of, records_of, tick
from tests.e2e.tables import CONTENT, differences, dump
from tests.oracle.content import ContentRules, expect
from tests.oracle.reading import Record

TOO_LATE = study_day.uid(43)
END = START + 2 * DAY


def actions_of(day: list[study_day.Sent]) -> list[Action]:
    """Returns the written-out day as actions."""
    return [
        Action(one.topic, one.body.get("timestamp") or one.body["start_time"], one.arrives_ms, one.key, one.value)
        for one in day
    ]


def assert_by_hand(here: Stack, **other: study_day.Rows) -> None:
    """Fails unless the tables hold what was written out, whatever the tasks."""
    for table, rows in (study_day.BY_HAND | other).items():
        said = differences(rows, dump(here.database, table), table)
        assert not said, said


def test_a_day_written_out_gives_the_rows_that_were_written_out(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        tick(here, study_day.ms("08:00:00"))
        morning = [one for one in study_day.the_day() if one.arrives_ms < study_day.ms("10:20:00")]
        publish(kafka, here.prefix, actions_of(morning))
        tick(here, study_day.ms("10:20:00"))
        here.catch_up("content")
        cem = [(start, row["session_id"]) for (start, who), row in closed_sessions(here).items() if who == "cem"]
        assert len(cem) == 2, "nothing has joined the two sessions yet"

        publish(kafka, here.prefix, actions_of([one for one in study_day.the_day() if one not in morning]))
        tick(here, study_day.NOW)
        here.catch_up("content", workers=2)
        assert_by_hand(here)
        assert_studied(here, expected_of(here))
        assert_views_by_hand(here.database)


def assert_views_by_hand(database: str) -> None:
    """Fails unless the views make of the day what can be read off the written-out rows."""
    with psycopg.connect(database) as connection:
        connection.execute("SET classpulse.clock = 'data'")

        def view(columns: str, name: str) -> list[tuple[Any, ...]]:
            query = sql.SQL("SELECT {} FROM {} ORDER BY 1, 2, 3 NULLS FIRST")
            chosen = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
            return connection.execute(query.format(chosen, sql.Identifier(name))).fetchall()

        opened = [row[:2] for row in view("student_id is_open session_start", "sessions")]
        assert opened == [("ada", False), ("ada", False), ("ben", False), ("cem", False), ("dee", True)]
        chapters = (
            "student_id chapter_id course_id visits_count total_time_spent avg_time_spent completion_rate drop_off"
        )
        assert view(chapters, "chapter_engagement_summary") == [
            ("ada", "ch1", "maths", 1, 560, 560, 0.8, False),
            ("ada", "ch2", "maths", 1, 1200, 1200, 0.7, False),
            ("ben", "ch1", "maths", 2, 720, 360, 0.55, False),
            ("ben", "ch2", "maths", 1, 240, 240, None, None),
            ("dee", "ch1", None, 1, 300, 300, None, None),
        ]
        pages = [("/decimals", 1, 1, 0), ("/fractions", 3, 2, 4), ("/home", 2, 1, 0)]
        assert view("page_url views students scrolls", "top_pages") == pages
        videos = "student_id video_id watched_seconds unique_seconds watch_pct"
        assert view(videos, "student_video_views") == [("ada", "v1", 240, 180, 30)]


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
        publish(kafka, here.prefix, repeated(shuffled(actions_of(in_time), seed), seed, share=0.5))
        tick(here, study_day.NOW)
        here.catch_up("content", workers=workers)
        known = {key: row for key, row in study_day.MILESTONES.items() if key[1] != TOO_LATE}
        assert_by_hand(here, milestones=known)
        assert_studied(here, expected_of(here))


def test_hard_studies_are_what_the_oracle_says_whatever_their_order_and_the_batches(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    actions = studies(students=150, late=0.0)
    with stack(kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_BATCH_RECORDS="300") as here:
        tick(here)
        publish(kafka, here.prefix, repeated(shuffled(actions, seed=3), seed=4))
        tick(here, END)
        here.catch_up("content", workers=2)
        records = records_of(here)
        expected = expect(records, ContentRules(prefix=here.prefix))
        assert_studied(here, expected)
    assert expected.duplicates > len(actions) // 30
    ordered = expect(as_they_came(actions, records, topic_prefix), ContentRules(prefix=topic_prefix))
    assert ordered.late == 0
    for table in CONTENT:
        assert without_places(getattr(ordered, table)) == without_places(getattr(expected, table)), table


def without_places(rows: study_day.Rows) -> study_day.Rows:
    """Returns rows without where in the log they were told: another order is another place, and nothing else."""
    return {key: {name: value for name, value in row.items() if name != "place"} for key, row in rows.items()}


def as_they_came(actions: list[Action], records: list[Record], prefix: str) -> list[Record]:
    """Returns the log that the actions would have made in their own order, keyed as the records are."""
    partitions = {record.key: record.partition for record in records}
    ticks = [record for record in records if record.tick is not None]
    came = [
        Record(f"{prefix}{action.topic}", partitions[action.key], at, END, action.value, action.key)
        for at, action in enumerate(actions)
    ]
    return [*(t for t in ticks if t.tick == START), *came, *(t for t in ticks if t.tick == END)]
