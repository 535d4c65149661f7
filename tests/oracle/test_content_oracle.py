"""The content oracle's own answers, each written out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.e2e import study_day
from tests.e2e.study_day import VIEWS, click, ms, records_of, the_day, view
from tests.e2e.tables import differences
from tests.oracle.content import ContentRules, ExpectedContent, expect
from tests.oracle.reading import Record

AT = {"chapter_id": "ch1"}


def reported(*sent: study_day.Sent, now: str = "18:00:00", **rules: Any) -> ExpectedContent:
    """Returns what follows from what was sent, once everything is over."""
    records: list[Record] = []
    for topic in {one.topic for one in sent}:
        mine = sorted((one for one in sent if one.topic == topic), key=lambda one: one.arrives_ms)
        records += [Record(topic, 0, n, one.arrives_ms, one.value, one.key) for n, one in enumerate(mine)]
        records.append(Record(topic, 0, len(mine), ms(now), None, tick=ms(now)))
    return expect(records, ContentRules(**rules))


def clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S")


def sessions(expected: ExpectedContent) -> list[tuple[str, str, int]]:
    """Returns start, end and interactions of the closed sessions."""
    rows = sorted(expected.sessions_closed.items())
    return [(clock(start), clock(row["session_end"]), row["events"]) for (start, _who), row in rows]


def times(expected: ExpectedContent) -> list[tuple[str, str, float, float, str]]:
    """Returns start, end, spent and raw seconds, and source of the visits."""
    rows = sorted(expected.chapter_visit_facts.items())
    return [
        (clock(start), clock(row["end_time"]), row["time_spent_seconds"], row["raw_seconds"], row["source"])
        for (start, _id), row in rows
    ]


def test_a_day_written_out_is_told_to_the_row() -> None:
    expected = expect(records_of(the_day()))
    said = [differences(rows, getattr(expected, table), table) for table, rows in study_day.BY_HAND.items()]
    assert not any(said), "\n".join(said)
    assert {key[:2] for key in expected.page_days} == study_day.PAGES.keys()
    for (day, page, _task), row in expected.page_days.items():
        known = {name: count for name, count in row.items() if count or name == "scrolls"}
        assert known == study_day.PAGES[day, page], page
    assert (expected.late, expected.duplicates) == (1, 0)


def test_without_the_event_that_joins_them_there_are_two_sessions() -> None:
    expected = expect(records_of(the_day(joined=False)))
    assert not differences(study_day.CLOSED_BEFORE, expected.sessions_closed, "sessions_closed")


def test_repeats_change_nothing() -> None:
    day = the_day()
    expected = expect(records_of([*day, *day[:40]]))
    assert not differences(study_day.CLOSED, expected.sessions_closed, "sessions_closed")
    assert not differences(study_day.VISITS, expected.chapter_visit_facts, "chapter_visit_facts")
    assert expected.duplicates + expected.late > 30


def test_an_end_closes_a_session_and_what_comes_within_five_seconds_still_belongs_to_it() -> None:
    expected = reported(
        click(1, "09:00:00", "s", "page_view"),
        click(2, "09:10:00", "s", "session_end"),
        click(3, "09:10:05", "s", "scroll"),
        click(4, "09:10:06", "s", "scroll"),
    )
    assert sessions(expected) == [("09:00:00", "09:10:05", 2), ("09:10:06", "09:10:06", 1)]


def test_thirty_minutes_part_two_sessions_and_a_millisecond_less_does_not() -> None:
    sent = [click(1, "09:00:00", "s", "page_view"), click(2, "09:30:00", "s", "page_view")]
    assert len(reported(*sent).sessions_closed) == 2
    sent.append(click(3, "09:00:00.001", "s", "scroll"))
    assert sessions(reported(*sent)) == [("09:00:00", "09:30:00", 3)]


def test_starts_of_one_instant_open_one_session() -> None:
    expected = reported(click(1, "09:00:00", "s", "session_start"), click(2, "09:00:00", "s", "session_start"))
    assert sessions(expected) == [("09:00:00", "09:00:00", 2)]


def test_a_session_stays_open_for_the_gap_or_until_its_explicit_end_has_passed() -> None:
    sent = click(1, "09:00:00", "s", "page_view")
    assert reported(sent, now="09:29:59").sessions_open
    assert reported(sent, now="09:30:00").sessions_closed
    ended = click(2, "09:01:00", "s", "session_end")
    assert reported(sent, ended, now="09:01:04").sessions_open
    assert sessions(reported(sent, ended, now="09:01:05")) == [("09:00:00", "09:01:00", 1)]


def test_what_comes_ninety_minutes_after_its_time_counts_for_nothing() -> None:
    sent = [click(1, "09:00:00", "t", "scroll"), click(2, "12:00:00", "t", "scroll")]
    late = click(3, "10:30:00", "s", "page_view", arrives="12:00:01", **AT)
    just = click(4, "10:30:00.001", "s", "page_view", arrives="12:00:01", **AT)
    assert len(reported(*sent, late).sessions_closed) == 2
    assert len(reported(*sent, just).sessions_closed) == 3
    assert reported(*sent, late).late == 1


def test_the_last_event_of_a_student_counts_five_minutes_once_they_have_passed() -> None:
    sent = click(1, "09:00:00", "s", "page_view", **AT)
    assert times(reported(sent, now="09:04:59")) == [("09:00:00", "09:00:00", 0, 0, "clickstream")]
    assert times(reported(sent, now="09:05:00")) == [("09:00:00", "09:05:00", 300, 300, "clickstream")]


def test_of_two_explicit_visits_an_instant_belongs_to_the_one_that_started_last() -> None:
    expected = reported(view(1, "s", "ch1", "09:00:00", "10:00:00"), view(2, "s", "ch2", "09:20:00", "09:30:00"))
    assert times(expected) == [
        ("09:00:00", "10:00:00", 3000, 3000, "view"),
        ("09:20:00", "09:30:00", 600, 600, "view"),
    ]


def test_an_explicit_visit_counts_four_hours_and_keeps_the_rest_as_raw() -> None:
    assert times(reported(view(1, "s", "ch1", "09:00:00", "14:00:00"))) == [
        ("09:00:00", "14:00:00", 14_400, 18_000, "view")
    ]


def test_an_explicit_visit_takes_its_time_from_visits_to_other_chapters() -> None:
    expected = reported(
        click(1, "09:00:00", "s", "page_view", **AT),
        click(2, "09:04:00", "s", "scroll", **AT),
        view(3, "s", "ch2", "09:01:00", "09:03:00"),
        now="09:05:00",
    )
    # at 09:04 the scroll is the last, and what follows it not known
    assert times(expected) == [
        ("09:00:00", "09:04:00", 120, 120, "clickstream"),
        ("09:01:00", "09:03:00", 120, 120, "view"),
    ]


def test_a_tab_in_the_background_that_goes_away_takes_nothing_from_the_one_in_front() -> None:
    expected = reported(
        click(1, "09:00:00", "s", "page_view", **AT),
        click(2, "09:01:00", "s", "time_ping", chapter_id="ch2", metadata={"hidden": True}),
        click(3, "09:02:00", "s", "page_view"),
    )
    assert times(expected) == [("09:00:00", "09:02:00", 120, 120, "clickstream")]


def test_a_chapter_view_that_comes_too_late_stands_alone() -> None:
    late = view(3, "s", "ch2", "09:01:00", "09:03:00")
    expected = reported(
        click(1, "09:00:00", "s", "page_view", **AT),
        click(2, "09:04:00", "s", "page_view"),
        view(4, "t", "ch2", "11:00:00", "12:00:00"),
        view(5, "t", "ch2", "12:10:00", "12:20:00"),
        study_day.Sent(VIEWS, ms("12:30:00"), late.body),
    )
    assert times(expected)[:2] == [
        ("09:00:00", "09:04:00", 240, 240, "clickstream"),
        ("09:01:00", "09:03:00", 120, 120, "view"),
    ]
    assert expected.late == 1


def test_a_video_that_nobody_stops_counts_five_minutes_at_its_rate() -> None:
    said = {"position_s": 10, "video_duration_s": 1200, "playback_rate": 2}
    expected = reported(click(1, "09:00:00", "s", "video_play", video_id="v", metadata=said))
    row = expected.video_views[ms("09:00:00"), "s", "v"]
    assert (row["watched_seconds"], row["unique_seconds"], row["watch_pct"]) == (600, 600, 50)
    assert (row["avg_playback_rate"], row["completed"]) == (2, False)
    # 10 s to 610 s of twentieths of 60 s: the first is covered to five sixths, the eleventh to a sixth
    assert row["bins"] == 0b1111111111


def test_watching_nine_tenths_is_watching_it_all() -> None:
    said = {"position_s": 0, "video_duration_s": 100}
    stops = {"position_s": 90, "video_duration_s": 100}
    expected = reported(
        click(1, "09:00:00", "s", "video_play", video_id="v", metadata=said),
        click(2, "09:01:30", "s", "video_stop", video_id="v", metadata=stops),
    )
    assert expected.video_views[ms("09:00:00"), "s", "v"]["completed"]


def test_days_are_local() -> None:
    sent = click(1, "23:30:00", "s", "button_click")
    assert list(reported(sent, now="23:59:00", timezone="Europe/Berlin").student_click_days) == [("2024-03-02", "s")]


def test_an_id_counts_once_even_if_its_time_differs() -> None:
    expected = reported(click(1, "09:00:00", "s", "page_view"), click(1, "09:05:00", "s", "page_view"))
    assert sessions(expected) == [("09:00:00", "09:00:00", 1)]
    assert expected.duplicates == 1
