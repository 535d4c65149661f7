"""Videos: events, views, summaries, where they are left and watched again, on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.db.conftest import Database
from tests.db.content import at, session, settle, view, write_content

ALL = 2**20 - 1


@pytest.fixture
def day(database: Database) -> Database:
    """Four views of one video, one of another, one of the teacher's."""
    write_content(database)
    seen = {"watched_seconds": 200.0, "unique_seconds": 200.0, "watch_pct": 100.0, "completed": True, "bins": ALL}
    again = {"rewatched_seconds": 60.0, "rewatched_bins": 0b111 << 4}
    twice = {"watched_seconds": 40.0, "unique_seconds": 20.0, "rewatched_seconds": 20.0, "watch_pct": 10.0}
    twice |= {"bins": 0b110000, "rewatched_bins": 0b100000, "avg_playback_rate": 2.0}
    database.put(
        "video_views",
        view("ann", "v1", at(0), **seen),
        view("ann", "v1", at(60), **{**seen, "watched_seconds": 260.0, **again}),
        view("ben", "v1", at(1), watched_seconds=50.5, unique_seconds=50.5, watch_pct=25.25, bins=0b11111, seeks=2),
        view("cem", "v1", at(2), **twice),
        view("ben", "v2", at(3), video_duration_s=None, watch_pct=None, watched_seconds=10.0, unique_seconds=10.0),
        view("miss", "v1", at(0), **seen),
    )
    settle(database)
    return database


def test_a_video_has_its_views_students_and_seconds(day: Database) -> None:
    assert day.rows("SELECT * FROM video_summary ORDER BY video_id") == [
        {
            "video_id": "v1",
            "course_id": "algebra",
            "lesson_id": None,
            "views": 4,
            "students": 3,
            "watched_seconds": 550.5,
            "unique_seconds": 470.5,
            "rewatched_seconds": 80,
            "video_duration_s": 200,
            "median_watch_pct": 62.625,
            "completed_share": 0.5,
            "seeks": 2,
            "avg_playback_rate": 1.0727,  # (510.5 + 2 x 40) / 550.5
        },
        {
            "video_id": "v2",
            "course_id": "algebra",
            "lesson_id": None,
            "views": 1,
            "students": 1,
            "watched_seconds": 10,
            "unique_seconds": 10,
            "rewatched_seconds": 0,
            "video_duration_s": None,
            "median_watch_pct": None,
            "completed_share": 0,
            "seeks": 0,
            "avg_playback_rate": 1,
        },
    ]


def test_the_drop_off_curve_counts_views_by_twentieths(day: Database) -> None:
    query = "SELECT bin, from_pct, views, watched, watched_share, rewatched, rewatched_share FROM video_drop_off"
    rows = day.values(f"{query} WHERE video_id = 'v1' ORDER BY 1")
    assert len(rows) == 20
    assert rows[0] == (0, 0, 4, 3, 0.75, 0, 0)
    assert rows[4] == (4, 20, 4, 4, 1, 1, 0.25)
    assert rows[5] == (5, 25, 4, 3, 0.75, 2, 0.5)
    assert rows[19] == (19, 95, 4, 2, 0.5, 0, 0)
    assert day.value("SELECT count(*) FROM video_drop_off WHERE video_id = 'v2'") == 0  # of unknown length


def test_a_peak_is_watched_again_more_often_than_what_is_around_it(day: Database) -> None:
    query = "SELECT video_id, bin, from_pct, from_s, views, rewatched, rewatched_share FROM video_rewatch_peaks"
    assert day.values(query) == [("v1", 5, 25, 50, 4, 2, 0.5)]


def test_views_are_listed_without_staff(day: Database) -> None:
    assert day.value("SELECT count(*) FROM student_video_views") == 5


def test_video_engagement_is_the_median_coverage_of_views_that_are_over(day: Database) -> None:
    day.put("sessions_open", session("ann", at(55), 600))
    query = "SELECT day, class_id, views, students, median_watch_pct FROM video_engagement"
    assert day.values(query) == [(date(2026, 3, 2), "7B", 3, 3, 25.25)]


def test_video_events_tell_position_length_rate_quality_and_buffer(database: Database) -> None:
    write_content(database)
    base = {
        "topic": "clickstream_events",
        "partition": 0,
        "ingested_at": at(0),
        "video_id": "v1",
        "course_id": "algebra",
    }

    def event(number: int, name: str, student: str = "ann", **columns: Any) -> dict[str, Any]:
        key = {"event_id": f"e{number}", "event_time": at(number), "kafka_offset": number}
        return {**base, **key, "student_id": student, "event_name": name, **columns}

    quality = {
        "position_s": 12.5,
        "video_duration_s": 200,
        "playback_rate": 1.5,
        "video_quality": "720p",
        "buffer_health": 8,
    }
    database.put(
        "events",
        event(1, "video_play", metadata=quality),
        event(2, "video_seek", metadata={"from_s": 20, "to_s": "soon"}),
        event(3, "page_view"),
        event(4, "video_play", "miss"),
        event(5, "video_play", "tom", role="teacher"),
    )
    columns = "event_name, position_s, video_duration_s, playback_rate, from_s, to_s, video_quality, buffer_health"
    assert database.values(f"SELECT {columns} FROM student_video_events ORDER BY event_time") == [
        ("video_play", 12.5, 200, 1.5, None, None, "720p", 8),
        ("video_seek", None, None, 1, 20, None, None, None),
    ]
