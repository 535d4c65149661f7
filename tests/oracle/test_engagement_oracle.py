"""The oracle's own answers, each written out by hand."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.oracle.engagement import Expected, Rules, expect
from tests.oracle.reading import Event, Record, Reject, read

TOPIC = "clickstream_events"
MIN = 60_000


def ms(clock: str, day: str = "2024-03-06") -> int:
    """A Wednesday, unless another day is named."""
    return round(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp() * 1000)


def uid(number: int) -> str:
    return str(uuid.UUID(int=number))


class Log:
    """A topic-partition in the making: every event arrives at the moment at which it happens."""

    def __init__(self, partition: int = 0) -> None:
        self.records: list[Record] = []
        self.partition = partition

    def event(self, clock: str, name: str, student: str = "s1", day: str = "2024-03-06", **more: Any) -> Log:
        number = more.pop("number", 100 * self.partition + len(self.records) + 1)
        body = {
            "event_id": uid(number),
            "student_id": student,
            "event_name": name,
            "timestamp": ms(clock, day),
        }
        appended = more.pop("appended", ms(clock, day))
        return self.raw(json.dumps(body | more).encode(), appended)

    def raw(self, value: bytes | None, appended: int, tick: int | None = None) -> Log:
        self.records.append(Record(TOPIC, self.partition, len(self.records), appended, value=value, tick=tick))
        return self

    def tick(self, clock: str, day: str = "2024-03-06") -> Log:
        return self.raw(None, ms(clock, day), ms(clock, day))

    def expect(self, **rules: Any) -> Expected:
        return expect(self.records, Rules(**rules))


def windows(expected: Expected, scope: str = "all") -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """Returns clock and scope id (or clock alone) to events, active_students, active_5m."""
    rows: dict[tuple[Any, ...], tuple[int, int, int]] = {}
    for (start, kind, scope_id, _task), row in expected.activity_windows.items():
        if kind == scope:
            clock = datetime.fromtimestamp(start / 1000, UTC).strftime("%H:%M")
            rows[clock, scope_id] = (row["events"], row["active_students"], row["active_5m"])
    return rows


def test_a_minute_counts_events_and_distinct_students_and_looks_back_five_minutes() -> None:
    log = Log().event("09:00:10", "page_view").event("09:00:50", "button_click")
    log.event("09:00:55", "page_view", "s2").event("09:01:00", "idle", "s3").tick("09:10:00")
    assert windows(log.expect()) == {
        ("09:00", "all"): (3, 2, 2),
        ("09:01", "all"): (1, 1, 2),
        ("09:02", "all"): (0, 0, 2),
        ("09:03", "all"): (0, 0, 2),
        ("09:04", "all"): (0, 0, 2),
    }


def test_an_empty_minute_has_a_row_once_the_watermark_reaches_its_start() -> None:
    log = Log().event("09:00:10", "page_view").tick("09:01:59.999")
    assert windows(log.expect()) == {("09:00", "all"): (1, 1, 1), ("09:01", "all"): (0, 0, 1)}
    log.tick("09:02:00")
    assert windows(log.expect())["09:02", "all"] == (0, 0, 1)


def test_an_event_counts_in_every_scope_that_it_names() -> None:
    log = Log().event(
        "09:00:10", "page_view", class_id="7/B", grade=7, subject_id="math", course_id="c1", chapter_id="ch/1"
    )
    log.event("09:00:20", "page_view", "s2", chapter_id="ch/1")
    rows = {(s, i): r["events"] for (_, s, i, _), r in log.expect().activity_windows.items()}
    assert rows == {
        ("all", "all"): 2,
        ("class", "7/B"): 1,
        ("grade", "7"): 1,
        ("subject", "math"): 1,
        ("course", "c1"): 1,
        ("chapter", "ch/1"): 2,
        ("class_chapter", "7%2FB/ch%2F1"): 1,
    }


def test_an_event_is_late_from_the_watermark_that_its_record_met() -> None:
    log = Log().event("09:00:10", "page_view").event("09:02:59.999", "page_view", "s2")
    log.event("09:01:30", "page_view", "s3", appended=ms("09:02:59.999"))  # its minute ends a minute after
    log.event("09:03:00", "page_view", "s2")
    log.event("09:01:59", "page_view", "s4", appended=ms("09:03:00"))  # one millisecond too late
    expected = log.expect()
    assert expected.late == 1
    assert windows(expected)["09:01", "all"] == (1, 1, 2)
    assert set(expected.student_state) == {("s1",), ("s2",), ("s3",)}
    assert len(expected.events) == 5
    met = {row["student_id"]: row["watermark_before"] for row in expected.events.values()}
    assert met == {"s1": None, "s2": ms("09:02:59.999"), "s3": ms("09:02:59.999"), "s4": ms("09:03:00")}


def test_a_clock_that_runs_ahead_moves_the_watermark_to_the_append_time_only() -> None:
    log = Log().event("09:05:00", "page_view", "fast", appended=ms("09:00:00"))
    log.event("09:00:01", "page_view")
    expected = log.expect()
    assert expected.late == 0
    assert expected.watermarks == {(TOPIC, 0): ms("09:00:01")}


def test_a_repeated_record_counts_once_and_the_first_one_is_kept() -> None:
    log = Log().event("09:00:10", "page_view", number=7).event("09:00:10", "page_view", number=7)
    log.event("09:00:11", "page_view", number=8)
    expected = log.expect()
    assert expected.duplicates == 1
    assert windows(expected) == {("09:00", "all"): (2, 1, 1)}
    assert sorted(row["kafka_offset"] for row in expected.events.values()) == [0, 2]


def test_of_an_id_that_came_late_first_the_repeat_in_time_counts_nowhere() -> None:
    log = Log().event("09:10:00", "page_view", "s2")
    log.event("09:00:00", "page_view", number=7, appended=ms("09:10:00"))
    log.event("09:10:00", "page_view", number=7)
    expected = log.expect()
    assert (expected.late, expected.duplicates) == (1, 1)
    assert windows(expected) == {("09:10", "all"): (1, 1, 1)}


def test_staff_move_the_watermark_and_are_counted_nowhere() -> None:
    log = Log().event("09:10:00", "page_view", "t1", role="teacher")
    log.event("09:00:00", "page_view", appended=ms("09:10:00"))
    expected = log.expect()
    assert expected.late == 1
    assert not expected.activity_windows
    assert not expected.student_state
    assert len(expected.events) == 2


def test_the_score_of_a_minute_is_the_formula_as_of_its_end() -> None:
    log = Log().event("09:00:10", "page_view", class_id="7B").event("09:00:50", "quiz_start").tick("09:04:00")
    one, two = (math.exp(-s / 300) for s in (10, 70))
    assert log.expect().engagement_scores == {
        (ms("09:00:00"), "s1"): {
            "class_id": "7B",
            "score": round(0.35 * one + 0.35 * 0.08 + 0.20 / 45 + 0.10 / 7, 4),
            "recency": 0.9672,
            "intensity": 0.08,
            "duration": 0.0222,
            "streak": 0.1429,
        },
        (ms("09:01:00"), "s1"): {
            "class_id": "7B",
            "score": round(0.35 * two + 0.35 * 0.08 + 0.20 / 45 + 0.10 / 7, 4),
            "recency": 0.7919,
            "intensity": 0.08,
            "duration": 0.0222,
            "streak": 0.1429,
        },
        # as of 09:03, final at 09:04
        (ms("09:02:00"), "s1"): {
            "class_id": "7B",
            "score": 0.2737,
            "recency": 0.6483,
            "intensity": 0.08,
            "duration": 0.0222,
            "streak": 0.1429,
        },
    }


def test_scores_stop_thirty_minutes_after_the_last_interaction() -> None:
    log = Log().event("09:00:30", "page_view").event("09:20:00", "idle").tick("12:00:00")
    times = sorted(time for time, _ in log.expect().engagement_scores)
    # as of 09:30 the student was seen 29.5 minutes ago, as of 09:31 30.5
    assert times == [ms("09:00:00") + i * MIN for i in range(30)]


def test_exactly_thirty_minutes_are_offline() -> None:
    log = Log().event("09:00:00", "page_view").tick("12:00:00")
    assert max(log.expect().engagement_scores) == (ms("09:28:00"), "s1")


def test_a_session_end_stops_the_scores_at_once_and_a_later_click_resumes_them() -> None:
    log = Log().event("09:00:10", "page_view").event("09:02:10", "session_end").event("09:05:10", "scroll")
    times = [t for t, _ in sorted(log.tick("09:08:00").expect().engagement_scores)]
    assert times == [ms("09:00:00"), ms("09:01:00"), ms("09:05:00"), ms("09:06:00")]


def test_a_playing_video_keeps_a_student_online_until_its_end() -> None:
    about = {"position_s": 120, "video_duration_s": 3720, "playback_rate": 1.5}
    log = Log().event("09:00:00", "video_play", metadata=about).tick("12:00:00")
    expected = log.expect()
    assert expected.student_state["s1",]["playing_until"] == ms("09:40:00")
    # it plays until 09:40, and half an hour on as of 10:10 the student is gone
    assert max(expected.engagement_scores) == (ms("10:08:00"), "s1")


@pytest.mark.parametrize(
    ("name", "metadata", "until"),
    [
        ("video_play", {}, "09:05:00"),
        ("video_seek", {"position_s": 30, "video_duration_s": 90}, "09:01:00"),
        ("video_pause", {"position_s": 30, "video_duration_s": 90}, None),
        ("video_play", {"position_s": 30}, "09:05:00"),
        ("video_play", {"position_s": 90, "video_duration_s": 90}, "09:00:00"),
        ("video_play", {"position_s": 91, "video_duration_s": 90}, "09:05:00"),
    ],
)
def test_a_video_plays_to_its_known_end_else_five_minutes(
    name: str, metadata: dict[str, float], until: str | None
) -> None:
    log = Log().event("09:00:00", "video_play").event("09:00:00", name, metadata=metadata)
    state = log.expect().student_state["s1",]
    assert state["playing_until"] == (ms(until) if until else None)


def test_the_whole_row_of_a_student_is_that_of_the_last_event_and_the_last_known_class() -> None:
    log = Log().event("09:00:10", "page_view", class_id="7B", grade="7", session_id="x", chapter_id="ch1")
    device = {"type": "mobile", "os": "iOS", "browser": "Safari"}
    log.event("09:02:20", "video_play", subject_id="math", course_id="c1", device=device)
    log.event("09:03:05", "time_ping").event("09:03:40", "time_ping", metadata={"hidden": True})
    log.event("09:03:50", "idle", class_id="7C", device_type="desktop")
    assert log.expect().student_state == {
        ("s1",): {
            "task": 0,
            "role": "student",
            "class_id": "7C",
            "grade": "7",
            "subject_id": None,
            "course_id": None,
            "chapter_id": None,
            "last_event_at": ms("09:03:50"),
            "last_event_name": "idle",
            "last_interaction_at": ms("09:03:05"),
            "idle_at": ms("09:03:50"),
            "session_end_at": None,
            "playing_until": ms("09:07:20"),
            "session_id": "x",
            "weights": 0x40A1,
            "weights_end": ms("09:03:00"),
            "session_start": ms("09:00:10"),
            "session_minutes": 3,
            "day_bits": 1,
            "last_day": "2024-03-06",
            "device": "desktop",
            "browser": None,
        }
    }


def test_equal_times_are_decided_by_the_log() -> None:
    log = Log().event("09:00:00", "scroll", number=9, class_id="7B")
    log.event("09:00:00", "page_view", number=3, class_id="7C")
    state = log.expect().student_state["s1",]
    assert (state["last_event_name"], state["class_id"]) == ("page_view", "7C")


@pytest.mark.parametrize(
    ("story", "start", "minutes"),
    [
        ("09:00:00 page_view, 09:29:59.999 scroll", "09:00:00", 2),
        ("09:00:00 page_view, 09:30:00 scroll", "09:30:00", 1),
        ("09:00:00 page_view, 09:00:30 session_start, 09:01:00 scroll", "09:00:30", 2),
        # until five seconds after the end it is the old session, then a new one
        ("09:00:00 page_view, 09:01:00 session_end, 09:01:05 scroll", "09:00:00", 2),
        ("09:00:00 page_view, 09:01:00 session_end, 09:01:05.001 scroll", "09:01:05.001", 1),
        ("09:00:00 page_view, 09:01:00 session_end, 09:01:03 scroll, 09:01:08 scroll", "09:01:08", 1),
        (
            "09:00:00 page_view, 09:01:00 session_end, 09:01:08 scroll, 09:02:08 scroll",
            "09:01:08",
            2,
        ),
        # a session_start comes first: the end has nothing more to say
        (
            "09:00:00 page_view, 09:01:00 session_end, 09:01:02 session_start, 09:01:08 scroll",
            "09:01:02",
            1,
        ),
        # at one and the same millisecond the log says which comes first
        ("09:00:00 page_view, 09:01:00 session_end, 09:01:00 session_start, 09:01:08 scroll", "09:01:00", 1),
        ("09:00:00 page_view, 09:01:00 session_start, 09:01:00 session_end, 09:01:08 scroll", "09:01:08", 1),
        # the end of a session that a gap has ended already: only a session_start makes it forgotten
        ("09:00:00 page_view, 09:40:00 session_end, 09:40:03 scroll, 09:41:10 scroll", "09:41:10", 1),
        # each of two ends counts: the first one is more than five seconds ago
        ("09:00:00 page_view, 09:01:00 session_end, 09:02:00 session_end, 09:02:02 scroll", "09:02:02", 1),
        # the end of another device, in the midst of the session
        (
            "09:00:00 session_start, 09:01:00 session_end, 09:01:04 scroll, 09:01:07 session_end, 09:01:13 scroll",
            "09:01:13",
            1,
        ),
    ],
)
def test_the_current_session_starts_where_the_rule_says(story: str, start: str, minutes: int) -> None:
    log = Log()
    for part in story.split(", "):
        clock, name = part.split()
        log.event(clock, name)
    for records in (log.records, log.records[::-1]):
        state = expect(records, Rules(lateness_ms=60 * MIN)).student_state["s1",]
        assert (state["session_start"], state["session_minutes"]) == (ms(start), minutes)


def test_a_streak_steps_over_an_empty_weekend_and_is_not_broken_by_today() -> None:
    log = Log()
    for day in ("2024-02-27", "2024-02-29", "2024-03-01", "2024-03-04"):  # Tue, Thu, Fri, Mon
        log.event("23:50:00", "page_view", day=day)
    log.tick("02:00:00", "2024-03-05")
    expected = log.expect()
    streaks = {
        datetime.fromtimestamp(t / 1000, UTC).strftime("%a %H:%M"): row["streak"]
        for (t, _), row in expected.engagement_scores.items()
    }
    assert streaks["Tue 23:50"] == round(1 / 7, 4)
    assert streaks["Thu 23:50"] == round(1 / 7, 4)  # Wednesday was empty
    assert streaks["Fri 23:59"] == round(2 / 7, 4)
    assert streaks["Sat 00:05"] == round(2 / 7, 4)
    assert streaks["Mon 23:50"] == round(3 / 7, 4)
    assert streaks["Tue 00:05"] == round(3 / 7, 4)  # today is empty so far
    state = expected.student_state["s1",]
    assert (state["day_bits"], state["last_day"]) == (0b1011001, "2024-03-04")


def test_days_are_local() -> None:
    log = Log().event("22:59:59", "page_view", class_id="7B").event("23:00:00", "scroll", class_id="7C")
    log.event("23:00:30", "button_click").event("23:01:10", "idle", class_id="7D").event("23:30:00", "login")
    assert log.expect(timezone="Europe/Berlin").student_days == {
        ("2024-03-06", "s1"): {"class_id": "7B", "minutes_active": 1, "interactions": 1},
        ("2024-03-07", "s1"): {"class_id": "7C", "minutes_active": 2, "interactions": 3},
    }


def test_a_day_without_an_interaction_has_no_row() -> None:
    expected = Log().event("09:00:00", "idle").event("09:00:01", "course_enroll", "s2").expect()
    assert not expected.student_days
    state = expected.student_state["s1",]
    assert (state["weights"], state["session_minutes"], state["day_bits"]) == (0, 0, 0)
    assert (state["last_interaction_at"], state["weights_end"], state["last_day"]) == (None, None, None)


def test_each_task_keeps_rows_of_its_own() -> None:
    one, two = Log(0).event("09:00:10", "page_view"), Log(1).event("09:00:20", "page_view", "s2")
    two.tick("09:03:00")
    expected = expect(one.records + two.records)
    assert {(t, k) for t, _, _, k in expected.activity_windows} == {
        (ms("09:00:00"), 0),
        *((ms("09:00:00") + i * MIN, 1) for i in range(4)),
    }
    assert {s for _, s in expected.engagement_scores} == {"s2"}


GOOD = {"event_id": uid(1), "student_id": "s1", "event_name": "scroll", "timestamp": ms("09:00:00")}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "not_json"),
        (b"[1]", "not_json"),
        (None, "not_json"),
        (GOOD | {"student_id": ""}, "missing_field"),
        (GOOD | {"event_name": None}, "missing_field"),
        (GOOD | {"timestamp": None}, "missing_field"),
        (GOOD | {"class_id": ["7B"]}, "bad_type"),
        (GOOD | {"event_id": "one"}, "bad_type"),
        (GOOD | {"metadata": 3}, "bad_type"),
        (GOOD | {"student_id": None, "class_id": {}}, "missing_field"),
        (GOOD | {"timestamp": "29/02/18, 19:00"}, "bad_timestamp"),
        (GOOD | {"timestamp": "2024-03-06T09:00:00"}, "bad_timestamp"),
        (GOOD | {"timestamp": 1709715600}, "bad_timestamp"),
        (GOOD | {"timestamp": ms("09:05:00") + 1}, "future"),
        (GOOD | {"page_url": "x" * 65_536}, "too_large"),
    ],
)
def test_a_record_that_is_no_event_is_rejected_with_its_reason(value: Any, reason: str) -> None:
    payload = json.dumps(value).encode() if isinstance(value, dict) else value
    log = Log().raw(payload, ms("09:00:00"))
    assert log.expect().dead_letters == {(ms("09:00:00"), TOPIC, 0, 0): {"reason": reason, "payload": payload or b""}}


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (ms("09:00:00"), ms("09:00:00")),
        (float(ms("09:00:00")) + 0.9, ms("09:00:00")),
        (str(ms("09:00:00")), ms("09:00:00")),
        ("2024-03-06T09:00:00Z", ms("09:00:00")),
        ("2024-03-06T10:00:00.1239+01:00", ms("09:00:00.123")),
        ("2024-03-06T09:05:00.000Z", ms("09:05:00")),
    ],
)
def test_a_time_is_read_in_each_of_its_spellings(stamp: Any, expected: int) -> None:
    value = json.dumps(GOOD | {"timestamp": stamp}).encode()
    event = read(Record(TOPIC, 0, 0, ms("09:00:00"), value), 300_000, 65_536)
    assert isinstance(event, Event)
    assert event.event_ms == expected


def test_an_event_keeps_all_that_it_says() -> None:
    body = GOOD | {
        "event_id": uid(255).upper(),
        "student_id": None,
        "user_id": 17,
        "role": "teacher",
        "device": {"type": "mobile", "os": "iOS", "browser": "Safari"},
        "page_url": "/a",
        "metadata": {"scroll_depth": 80},
        "colour": "red",
    }
    event = read(Record(TOPIC, 0, 0, ms("09:00:00"), json.dumps(body).encode()), 300_000, 65_536)
    assert not isinstance(event, Reject)
    assert (event.event_id, event.student_id, event.role, event.event_type) == (
        uid(255),
        "17",
        "teacher",
        "page_view",
    )
    assert event.metadata == {"scroll_depth": 80, "colour": "red"}
    assert {name: text for name, text in event.texts.items() if text is not None} == {
        "device_type": "mobile",
        "os": "iOS",
        "browser": "Safari",
        "page_url": "/a",
    }
