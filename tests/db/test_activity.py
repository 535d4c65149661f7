"""Windows with their tasks summed, and when they are final."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.db.conftest import NOW, Database, ago

MINUTE = NOW.replace(second=0)


def window(start: datetime, scope: str, scope_id: str, task: int, counts: tuple[int, int, int]) -> dict[str, Any]:
    names = ("events", "active_students", "active_5m")
    return {
        "window_start": start,
        "scope": scope,
        "scope_id": scope_id,
        "task": task,
        **dict(zip(names, counts, strict=True)),
    }


def test_activity_sums_the_tasks(database: Database) -> None:
    database.put(
        "activity_windows", window(MINUTE, "class", "7B", 0, (5, 2, 3)), window(MINUTE, "class", "7B", 3, (7, 4, 4))
    )
    assert database.values("SELECT scope, scope_id, events, active_students, active_5m FROM activity") == [
        ("class", "7B", 12, 6, 7)
    ]


def test_a_window_is_final_when_the_lowest_watermark_has_passed_its_end_and_the_lateness(database: Database) -> None:
    for back in (2, 3):
        database.put("activity_windows", window(MINUTE - timedelta(minutes=back), "all", "all", 0, (1, 1, 1)))
    query = "SELECT is_final FROM activity ORDER BY window_start"
    assert database.values(query) == [(True,), (True,)]  # 09:58 ends at 09:59, and 10:00 has passed
    database.watermark(MINUTE - timedelta(milliseconds=1), task=1)
    assert database.values(query) == [(True,), (False,)]
    database.watermark(MINUTE, task=1)
    assert database.values(query) == [(True,), (True,)]
    database.watermark(ago(days=1), flow="archive")
    assert database.values(query) == [(True,), (True,)]


def test_a_partition_that_holds_records_without_a_time_keeps_everything_provisional(database: Database) -> None:
    database.put("activity_windows", window(ago(days=9).replace(second=0), "all", "all", 0, (1, 1, 1)))
    database.put("task_progress", {"flow": "engagement", "task": 1, "watermarks": {}})
    assert database.value("SELECT is_final FROM activity")  # task 1 never held a record: left out
    database.connection.execute("""UPDATE task_progress SET watermarks = '{"t": null}' WHERE task = 1""")
    assert database.value("SELECT is_final FROM activity") is False
    assert database.value("SELECT as_of FROM data_freshness") is None


def test_the_trend_has_no_gaps(database: Database) -> None:
    database.put("classes", {"class_id": "7B"})
    database.put("activity_windows", window(ago(minutes=3, seconds=20), "all", "all", 0, (9, 2, 4)))
    found = database.values(
        "SELECT minute, active_5m FROM activity_trend WHERE scope = 'all' AND minute > %s", ago(minutes=5)
    )
    assert sorted(found) == [(MINUTE - timedelta(minutes=back), 4 if back == 3 else 0) for back in (4, 3, 2, 1, 0)]
    assert database.values("SELECT count(*), sum(events) FROM activity_trend WHERE scope_id = '7B'") == [(61, 0)]


def test_class_and_chapter_are_told_apart_even_with_slashes_in_their_ids(database: Database) -> None:
    database.put("activity_windows", window(MINUTE, "class_chapter", "7%2FB/ch3", 0, (5, 2, 2)))
    assert database.values("SELECT class_id, chapter_id, events FROM class_chapter_activity") == [("7/B", "ch3", 5)]


def test_minutes_add_up_to_hours_and_local_days(database: Database) -> None:
    database.put(
        "activity_windows",
        window(NOW.replace(hour=8, minute=5, second=0), "all", "all", 0, (5, 2, 2)),
        window(NOW.replace(hour=8, minute=5, second=0), "all", "all", 1, (5, 3, 3)),
        window(NOW.replace(hour=8, minute=6, second=0), "all", "all", 1, (4, 4, 9)),
        window(NOW.replace(hour=9, minute=0, second=0), "all", "all", 1, (1, 1, 1)),
        window(NOW.replace(hour=9, minute=4, second=0), "all", "all", 1, (0, 0, 1)),
    )
    columns = "events, peak_active_students, peak_active_5m, student_minutes, active_minutes"
    assert database.values(f"SELECT {columns} FROM activity_by_hour ORDER BY bucket") == [
        (14, 5, 9, 9, 2),
        (1, 1, 1, 1, 1),
    ]
    assert database.values(f"SELECT {columns} FROM activity_by_day") == [(15, 5, 9, 10, 3)]
    assert database.values("SELECT count(*), min(bucket) FROM activity_1m") == [
        (4, NOW.replace(hour=8, minute=5, second=0))
    ]
    kinds = "SELECT DISTINCT pg_typeof(events)::text, pg_typeof(student_minutes)::text FROM activity_1d"
    assert database.values(kinds) == [("bigint", "bigint")]


def test_a_class_score_by_minute_is_the_mean_of_its_students(database: Database) -> None:
    parts = {"recency": 1, "intensity": 1, "duration": 1, "streak": 1}
    for student, score in (("a", 0.3333), ("b", 0.3334), ("c", 0.5)):
        database.put(
            "engagement_scores", {"time": MINUTE, "student_id": student, "class_id": "7B", "score": score, **parts}
        )
    database.put("engagement_scores", {"time": MINUTE, "student_id": "d", "score": 1, **parts})
    assert database.values("SELECT bucket, class_id, score, students FROM engagement_by_class") == [
        (MINUTE, "7B", 38.89, 3)
    ]


def test_days_are_counted_by_class(database: Database) -> None:
    for student, minutes in (("a", 10), ("b", 5)):
        day = {
            "day": "2026-03-02",
            "student_id": student,
            "class_id": "7B",
            "minutes_active": minutes,
            "interactions": 30,
        }
        database.put("student_days", day)
    assert database.values("SELECT class_id, active_students, minutes_active, interactions FROM daily_activity") == [
        ("7B", 2, 15, 60)
    ]
