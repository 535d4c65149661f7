"""Video views by hand: what was played, and the numbers that follow."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from dataflows.content.marks import NONE
from dataflows.content.videos import Views, view_rows
from dataflows.operators.frames import TextColumn
from tests.dataflows.content.watching import FAR, ORIGIN_MS, Said, shifted, views_of


def bits(*twentieths: range) -> int:
    """Returns the bit mask of some twentieths."""
    return sum(1 << k for some in twentieths for k in some)


def seconds(views: Views) -> tuple[float, float, float]:
    """Returns watched, unique and rewatched seconds of the only view."""
    assert len(views) == 1
    return views.watched_ms[0] / 1000, views.unique_ms[0] / 1000, views.rewatched_ms[0] / 1000


def test_from_play_to_pause_counts_as_the_positions_say() -> None:
    views = views_of([Said(0, "play", 0, length=200), Said(100.4, "pause", 100)])
    assert seconds(views) == (100, 100, 0)
    assert views.watch_pct[0] == 500_000
    assert views.bins[0] == bits(range(10))
    assert views.rate_milli[0] == 1000
    assert not views.completed[0]


def test_a_position_that_the_clock_does_not_allow_is_not_believed() -> None:
    assert seconds(views_of([Said(0, "play", 10), Said(100, "pause", 112.1)])) == (100, 100, 0)
    assert seconds(views_of([Said(0, "play", 10), Said(100, "pause", 112)])) == (102, 102, 0)
    assert seconds(views_of([Said(0, "play", 10), Said(100, "pause", 5)])) == (100, 100, 0)


def test_seeking_back_and_watching_again_is_rewatched() -> None:
    views = views_of(
        [
            Said(0, "play", 0, length=200),
            Said(100, "seek", from_=100, to=50),
            Said(150, "pause", 100),
        ]
    )
    assert seconds(views) == (150, 100, 50)
    assert views.seeks[0] == 1
    assert views.bins[0] == bits(range(10))
    assert views.rewatched_bins[0] == bits(range(5, 10))


def test_what_a_seek_leaps_over_was_not_watched() -> None:
    views = views_of([Said(0, "play", 0, length=1000), Said(50, "seek", from_=50, to=950), Said(100, "complete", 1000)])
    assert seconds(views) == (100, 100, 0)
    assert views.bins[0] == bits(range(1), range(19, 20))
    assert views.completed[0] == 1


def test_a_seek_without_a_target_goes_on_at_its_position() -> None:
    views = views_of([Said(0, "play", 0), Said(20, "seek", 300), Said(30, "pause", 310)])
    assert seconds(views) == (30, 30, 0)


def test_a_seek_while_paused_plays_nothing() -> None:
    views = views_of([Said(0, "play", 0), Said(10, "pause", 10), Said(20, "seek", from_=10, to=50), Said(60, "page")])
    assert seconds(views) == (10, 10, 0)


def test_a_rate_of_one_and_a_half_runs_through_more_of_the_video() -> None:
    views = views_of(
        [Said(0, "play", 0, length=300), Said(60, "pause", 60), Said(70, "play", 60, rate=1.5), Said(130, "pause")]
    )
    assert seconds(views) == (150, 150, 0)
    assert views.rate_milli[0] == (60 * 1000 + 90 * 1500) // 150


def test_pings_with_positions_say_that_it_plays() -> None:
    views = views_of([Said(0, "ping", 30), Said(30, "ping", 60), Said(60, "ping", 90), Said(70, "page")])
    assert seconds(views) == (70, 70, 0)


def test_pings_of_a_paused_video_count_nothing() -> None:
    pings = [Said(at, "ping", 60) for at in (90, 120, 150)]
    assert seconds(views_of([Said(0, "play", 0), Said(60, "pause", 60), *pings])) == (60, 60, 0)


def test_pings_without_positions_only_say_that_it_still_plays() -> None:
    assert seconds(views_of([Said(0, "ping"), Said(30, "ping"), Said(60, "page")])) == (0, 0, 0)
    assert seconds(views_of([Said(0, "play"), Said(400, "ping"), Said(420, "pause")])) == (420, 420, 0)


def test_pings_from_a_hidden_tab_are_not_part_of_the_view() -> None:
    views = views_of([Said(0, "play", 0), Said(100, "hidden", 100), Said(2000, "hidden", 2000)])
    assert seconds(views) == (300, 300, 0)


def test_video_complete_completes_and_reaches_the_end() -> None:
    views = views_of([Said(0, "play", 0, length=100), Said(98.5, "complete")])
    assert seconds(views) == (100, 100, 0)
    assert views.completed[0] == 1
    assert views.watch_pct[0] == 1_000_000
    assert views.bins[0] == bits(range(20))


def test_after_completion_a_play_without_a_position_begins_again() -> None:
    views = views_of([Said(0, "play", 0, length=100), Said(100, "complete", 100), Said(110, "play"), Said(120, "stop")])
    assert seconds(views) == (110, 100, 10)


def test_nine_tenths_are_complete_without_an_event_that_says_so() -> None:
    assert views_of([Said(0, "play", 0, length=100), Said(90, "pause", 90)]).completed[0] == 1
    assert views_of([Said(0, "play", 0, length=100), Said(89, "pause", 89)]).completed[0] == 0


def test_without_positions_the_video_runs_by_the_clock_from_its_beginning() -> None:
    views = views_of(
        [
            Said(0, "play"),
            Said(60, "pause"),
            Said(100, "play"),
            Said(130, "pause"),
            Said(140, "play"),
            Said(150, "stop"),
        ]
    )
    assert seconds(views) == (100, 100, 0)
    assert (views.duration_ms[0], views.watch_pct[0], views.bins[0]) == (NONE, NONE, 0)


def test_nothing_is_watched_beyond_the_length() -> None:
    views = views_of([Said(0, "play", 0), Said(250, "pause"), Said(260, "ping", length=200)])
    assert seconds(views) == (200, 200, 0)
    assert views.watch_pct[0] == 1_000_000


def test_a_play_after_a_play_counts_the_cap_at_most() -> None:
    assert seconds(views_of([Said(0, "play", 0), Said(1000, "play", 1000), Said(1010, "pause", 1010)])) == (310, 310, 0)


def test_an_open_end_counts_to_the_next_page() -> None:
    assert seconds(views_of([Said(0, "play", 0), Said(20, "click"), Said(50, "page")], low=50)) == (50, 50, 0)


def test_an_open_end_counts_the_cap_once_it_is_known() -> None:
    play = [Said(0, "play", 0)]
    assert seconds(views_of(play, low=299.999)) == (0, 0, 0)
    assert seconds(views_of(play, low=300)) == (300, 300, 0)
    assert seconds(views_of([*play, Said(300, "click")], low=0)) == (300, 300, 0)
    assert seconds(views_of([*play, Said(100, "idle")], low=399.999)) == (0, 0, 0)
    assert seconds(views_of([*play, Said(100, "idle")], low=400)) == (300, 300, 0)


def test_a_second_video_ends_the_first() -> None:
    views = views_of([Said(0, "play", 0), Said(40, "play", 0, video=1), Said(60, "pause", 20, video=1)])
    assert views.watched_ms.tolist() == [40_000, 20_000]


def test_each_session_has_a_view_of_its_own() -> None:
    views = views_of(
        [
            Said(0, "play", 0, video=2),
            Said(10, "pause", 10, video=2),
            Said(4000, "play", 10, video=2, session=1),
            Said(4030, "pause", 40, video=2, session=1),
        ]
    )
    assert views.session.tolist() == [0, 1]
    assert views.watched_ms.tolist() == [10_000, 30_000]
    assert views.start_ms.tolist() == [ORIGIN_MS, ORIGIN_MS + 4_000_000]


def test_a_day_is_longer_than_any_video() -> None:
    views = views_of([Said(0, "play", 1.7e9, length=1.7e9, rate=17), Said(10, "pause")])
    assert seconds(views) == (10, 10, 0)
    assert views.duration_ms[0] == NONE


@pytest.mark.parametrize("kind", ["click", "hidden"])
def test_without_events_of_a_video_there_is_no_view(kind: str) -> None:
    assert len(views_of([Said(0, kind)])) == 0
    assert len(views_of([])) == 0


def test_events_outside_of_any_session_make_no_view() -> None:
    assert len(views_of([Said(0, "ping", 0, session=-1)])) == 0


def test_views_are_sorted_by_student_start_and_video() -> None:
    watch = [Said(0, "play", 0, video=1), Said(1, "play", 0), Said(2, "pause", 1), Said(3, "pause", 3, video=1)]
    views = views_of([*watch, *shifted(watch, member=1, session=1)])
    assert views.member.tolist() == [0, 0, 1, 1]
    assert views.video.tolist() == [1, 0, 1, 0]


def test_a_row_has_seconds_names_and_nulls() -> None:
    views = views_of(
        [
            Said(0, "play", 0, class_code=3),
            Said(50, "pause", 50, class_code=1),
            Said(51, "ping"),
            Said(60, "pause", 9, video=1),
        ],
        low=FAR,
    )
    texts = TextColumn(["intro", "limits", "7B", "7A"])
    row, other = view_rows(views, pl.Series(["ann"]), pl.Series(["s-1"]), texts, task=4).to_dicts()
    assert row == {
        "start_time": datetime(2023, 11, 14, 22, 13, 20),  # noqa: DTZ001
        "student_id": "ann",
        "video_id": "intro",
        "session_id": "s-1",
        "class_id": "limits",
        "course_id": None,
        "lesson_id": None,
        "watched_seconds": 50.0,
        "unique_seconds": 50.0,
        "video_duration_s": None,
        "watch_pct": None,
        "seeks": 0,
        "rewatched_seconds": 0.0,
        "avg_playback_rate": 1.0,
        "completed": False,
        "bins": 0,
        "rewatched_bins": 0,
        "task": 4,
    }
    assert other["avg_playback_rate"] is None
    assert np.array_equal(views.seeks, [0, 0])
