"""Features know what was known then: the same rows live, later and from the lake, and nothing of what came after."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from polars.testing import assert_frame_equal

from dataflows.archive import flow as archive
from dataflows.claim import RefusedError
from dataflows.lake import flow as lake
from dataflows.settings import Settings
from dataflows.sink.connection import connect
from models.features.build import SQL, build
from models.features.columns import COLUMNS, table
from tests.dataflows.lake.lakes import HOUR_MS, START_MS, Worker, event, settings_of

DAY_MS = 24 * HOUR_MS
MIDNIGHT_MS = START_MS - START_MS % DAY_MS
FIRST = datetime.fromtimestamp(MIDNIGHT_MS / 1000, UTC).date()
KNOWN_AT = """greatest(e.event_time, coalesce(e.watermark_before, e.event_time),
                    CASE WHEN c.clock = 'wall' THEN e.ingested_at ELSE e.event_time END)"""


def at(day: float) -> datetime:
    return datetime.fromtimestamp((MIDNIGHT_MS + day * DAY_MS) / 1000, UTC)


def happened(rng: random.Random, day: float, student: int, **more: Any) -> dict[str, Any]:
    course = {"course_id": f"c{student % 3}", "chapter_id": f"ch{rng.randrange(3)}"}
    return event(rng, MIDNIGHT_MS + int(day * DAY_MS), student, **(course | more))


def days_of(rng: random.Random, first: int, until: int) -> list[dict[str, Any]]:
    """Returns what some days hold, in order: clicks, quizzes, hidden pings, staff; an event on the stroke of each."""
    found = [happened(rng, day, 2 * rng.randrange(6)) for day in range(first, until)]
    for _ in range(60 * (until - first)):
        more: dict[str, Any] = rng.choice(
            (
                {},
                {"event_name": "page_view"},
                {
                    "event_name": "quiz_submit",
                    "metadata": {"score": rng.choice((40, 85.5, 101))},
                    "assessment_id": "a1",
                },
                {"event_name": "time_ping", "metadata": {"hidden": True}},
                {"event_name": "idle"},
                {"role": "teacher"},
            )
        )
        found.append(happened(rng, first + rng.random() * (until - first), 2 * rng.randrange(6), **more))
    return sorted(found, key=lambda one: one["timestamp"])


class School:
    """A task's events as archive and lake keep them, rosters, and what is built of it all."""

    def __init__(self, database: str, folder: Path) -> None:
        self.settings = settings_of(database, folder / "lake")
        self.folder, self.log = folder, list[tuple[dict[str, Any], int]]()
        self._workers = [Worker(self.settings, 0, module) for module in (archive, lake)]

    def take(self, events: list[dict[str, Any]], append_ms: int = 0) -> None:
        self.log += [(one, append_ms or one["timestamp"] + 40) for one in events]
        for worker in self._workers:
            worker.take(events, append_ms=append_ms)

    def features(self, as_of: datetime | None = None, **more: Any) -> pl.DataFrame:
        with connect(self.settings.database_url.get_secret_value(), "test") as connection:
            build(connection, self.settings, self.folder / "out.parquet", as_of=as_of, **more)
        return pl.read_parquet(self.folder / "out.parquet")


def run(settings: Settings, *statements: str) -> None:
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def rostered(settings: Settings) -> None:
    """Rosters and contents as they were said: a class that changed on the fifth day, an item moved on the fifth."""
    run(
        settings,
        f"INSERT INTO enrolments (student_id, course_id, class_id, enrolled_at) VALUES ('s004', 'c1', '7B', '{at(0)}')",
        "INSERT INTO content_items (course_id, item_id, kind, due_at)"
        f" VALUES ('c1', 'a1', 'quiz', '{at(2)}'), ('c1', 'a2', 'quiz', '{at(1.5)}')",
        f"UPDATE enrolment_history SET valid_from = '{at(0)}'",
        f"UPDATE content_item_history SET valid_from = '{at(0)}'",
    )


def said_otherwise(settings: Settings) -> None:
    run(
        settings,
        f"UPDATE enrolments SET class_id = '8A', left_at = '{at(4.5)}' WHERE student_id = 's004'",
        f"UPDATE content_items SET due_at = '{at(9)}' WHERE item_id = 'a2'",
        f"UPDATE enrolment_history SET valid_to = '{at(4.5)}' WHERE valid_to IS NOT NULL",
        f"UPDATE enrolment_history SET valid_from = '{at(4.5)}' WHERE valid_to IS NULL AND class_id = '8A'",
        f"UPDATE content_item_history SET valid_to = '{at(4.5)}' WHERE valid_to IS NOT NULL",
        f"UPDATE content_item_history SET valid_from = '{at(4.5)}' WHERE due_at = '{at(9)}'",
    )


def days(frame: pl.DataFrame, upto: int) -> pl.DataFrame:
    return frame.filter(pl.col("day") < FIRST + timedelta(days=upto))


def expected(log: list[tuple[dict[str, Any], int]], student: str, course: str, day: date) -> dict[str, Any]:
    """Returns some features of a row, counted event by event from the log."""
    end_ms = MIDNIGHT_MS + ((day - FIRST).days + 1) * DAY_MS
    mark, known = 0, []
    for one, append_ms in log:
        if max(one["timestamp"], append_ms, mark) < end_ms and one.get("role") is None:
            known.append(one)
        mark = max(mark, min(one["timestamp"], append_ms))
    mine = [one for one in known if (one["student_id"], one["course_id"]) == (student, course)]

    def acts(one: dict[str, Any]) -> bool:
        return one["event_name"] != "idle" and not (one["event_name"] == "time_ping" and one["metadata"].get("hidden"))

    def since(first: int) -> list[dict[str, Any]]:
        return [one for one in mine if one["timestamp"] >= end_ms - first * DAY_MS and acts(one)]

    scores = [s for one in mine if one["event_name"] == "quiz_submit" and 0 <= (s := one["metadata"]["score"]) <= 100]
    active = {one["timestamp"] // DAY_MS for one in mine if acts(one)}
    return {
        "interactions_7d": len(since(7)),
        "active_minutes_7d": len({one["timestamp"] // 60_000 for one in since(7)}),
        "active_days_7d": len({one["timestamp"] // DAY_MS for one in since(7)}),
        "quiz_attempts_total": len(scores),
        "quiz_mean_score": pytest.approx(sum(scores) / len(scores)) if scores else None,
        "days_since_active": (end_ms - 1) // DAY_MS - max(active) if active else None,
    }


@pytest.fixture
def school(migrated_postgres: str, tmp_path: Path) -> School:
    return School(migrated_postgres, tmp_path)


def test_no_row_sees_what_was_known_later_and_each_is_the_same_whenever_and_wherever_it_is_built(
    school: School,
) -> None:
    rng = random.Random(4)
    rostered(school.settings)
    school.take([*days_of(rng, 0, 3), happened(rng, 3, 0, timestamp=MIDNIGHT_MS + 3 * DAY_MS + 1000)])
    live = school.features(at(3))
    with pytest.raises(RefusedError, match="events are read up to"):
        school.features(at(4))

    # A perfect score of the second day, and a click of it, come on the fifth; so does what rosters say from then on.
    planted = [
        happened(rng, 1.5, 4, course_id="c1", event_name="quiz_submit", metadata={"score": 100}, assessment_id="a2"),
        happened(rng, 1.6, 4, course_id="c1", event_name="page_view"),
    ]
    school.take(days_of(rng, 3, 5))
    school.take(planted, append_ms=MIDNIGHT_MS + 5 * DAY_MS - 1000)
    school.take([happened(rng, 5, 0, timestamp=MIDNIGHT_MS + 5 * DAY_MS + 1000)])
    said_otherwise(school.settings)

    assert_frame_equal(school.features(at(3)), live)
    later = school.features(at(5))
    assert_frame_equal(days(later, 3), live)
    hers = later.filter(student_id="s004", course_id="c1").sort("day")
    assert hers["class_id"].to_list() == ["7B"] * 4 + ["8A"]
    assert hers["is_enrolled"].to_list() == [True] * 4 + [False]
    assert hers["items_missed"].to_list()[1:] == [1, 1, 1, 0], "a2 was due on the second day, until it was moved"
    assert hers["quiz_last_score"][4] != hers["quiz_last_score"][3] or hers["quiz_attempts_total"][4] > 0

    by_row = list(later.iter_rows(named=True))
    assert len(by_row) == 30
    for row in by_row:
        known = expected(school.log, row["student_id"], row["course_id"], row["day"])
        assert {name: row[name] for name in known} == known, (row["student_id"], row["day"])

    # Without the cut the planted events would be in the rows of days on which nobody knew of them.
    assert SQL.count(KNOWN_AT) == 1
    assert SQL.count("valid_from < s.known_until") == 1
    for gone in (KNOWN_AT, " AND h.known_on <= s.day"):
        with pytest.raises(AssertionError):
            assert_frame_equal(
                days(school.features(at(5), query=SQL.replace(gone, "e.event_time" * (gone == KNOWN_AT))), 3), live
            )

    # The database holds nothing any more; then, archive alone.
    run(school.settings, "DELETE FROM events WHERE event_time < (SELECT max(event_time) FROM events)")
    assert_frame_equal(school.features(at(5)), later)


def test_archive_alone_gives_the_same_and_csv_too(school: School) -> None:
    school.take(days_of(random.Random(5), 0, 3))
    both = school.features()
    run(school.settings, "DELETE FROM lake_files", "DELETE FROM task_progress WHERE flow = 'lake'")
    assert_frame_equal(school.features(), both)
    with connect(school.settings.database_url.get_secret_value(), "test") as connection:
        build(connection, school.settings, school.folder / "out.csv", form="csv", days=3, clock="data")
    assert pl.read_csv(school.folder / "out.csv").columns == [column.name for column in COLUMNS]


def test_the_page_says_every_column() -> None:
    page = (Path(__file__).parents[3] / "docs" / "features.md").read_text(encoding="utf-8")
    assert table() in page, "put columns.table() between the marks of docs/features.md"
