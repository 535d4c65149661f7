"""The rules of running lessons, on both sides of every threshold and guard."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from alerting.rules import RULES
from tests.alerting.lessons import (
    LIMITS,
    NOW,
    TERM,
    clock,
    firing,
    idle_in_earlier_weeks,
    minutes,
    number,
    put_class,
    window,
    word,
)
from tests.grafana.conftest import School


def at(school: School, *, hour: int = 10, minute: int, second: int = 0) -> None:
    clock(school, NOW.replace(hour=hour, minute=minute, second=second))


def test_a_drop_needs_half_the_students_five_of_them_and_eight_before(school: School) -> None:
    put_class(school, "half", active=5, before=10)
    put_class(school, "less", active=6, before=11)  # five fewer, not half
    put_class(school, "few", active=4, before=8)  # half, four fewer
    put_class(school, "eight", active=3, before=8)
    put_class(school, "seven", active=2, before=7)
    put_class(school, "silent")
    for n in range(5):
        put_class(school, f"well-{n}", active=10, before=10)  # or too many fell at once
    found = firing(school, "active_students_drop")
    assert {name for name, value in found.items() if value} == {"half", "eight"}
    assert found["silent"] == found["less"] == 0
    assert number(school, "active_students_drop", "active")["half"] == 5
    assert number(school, "active_students_drop", "before")["half"] == 10


def test_a_drop_that_is_usual_at_this_time_of_the_week_does_not_call(school: School) -> None:
    put_class(school, "usual", active=5, before=12, usual=(9, 9))
    put_class(school, "unusual", active=5, before=12, usual=(10, 10))
    put_class(school, "once", active=5, before=12, usual=(6,))  # one week is no history
    for n in range(8):
        put_class(school, f"well-{n}", active=10, before=10)
    found = firing(school, "active_students_drop")
    assert {name for name, value in found.items() if value} == {"unusual", "once"}
    assert number(school, "active_students_drop", "usual")["unusual"] == 10
    assert number(school, "active_students_drop", "usual")["once"] is None


@pytest.mark.parametrize(("minute", "second", "expected"), [(4, 59, 0), (5, 0, 1), (44, 59, 1), (45, 0, 0)])
def test_the_first_five_minutes_of_a_lesson_and_what_falls_in_the_last_five_are_left_out(
    school: School, minute: int, second: int, expected: int
) -> None:
    put_class(school, "7B", active=0, before=None)
    now = NOW.replace(minute=minute, second=second)
    school.put(activity_windows=[_window(now - timedelta(minutes=4))])  # the last who worked in it fell a minute later
    at(school, minute=minute, second=second)
    assert firing(school, "active_students_drop") == {"7B": expected}


def _window(when: datetime) -> dict[str, object]:
    when = when.replace(second=0)
    counts = dict.fromkeys(("events", "active_students", "active_5m"), 10)
    return {"window_start": when, "scope": "class", "scope_id": "7B", "task": 0, **counts}


TWENTY = (20,) * 10


FALLS = {
    "half": ((*TWENTY, 10, 10), 10, 1),
    "less": ((*TWENTY, 11, 10), 10, 0),
    "minute": ((*TWENTY, 0), 0, 0),
    "least": ((*TWENTY[:9], 18, 9, 9), 9, 1),
    "more": ((*TWENTY[:9], 18, 10, 9), 10, 0),
    "eight": ((*[8] * 10, 3, 3), 3, 1),
    "four": ((*[8] * 10, 4, 3), 4, 0),
    "seven": ((*[7] * 10, 0, 0), 0, 1),  # a small class calls when nobody is left
    "one": ((*[7] * 10, 1, 0), 1, 0),
    "small": ((*[4] * 10, 0, 0), 0, 1),
    "three": ((*[3] * 10, 0, 0), 0, 0),
    "long": ((*TWENTY, *[0] * 8), 0, 1),  # and goes on calling
}


def test_a_class_that_falls_silent_calls_after_two_whole_minutes(school: School) -> None:
    for name, (students, here, _called) in FALLS.items():
        put_class(school, name, active=here)
        school.put(activity_windows=minutes(name, *students))
    wells(school, 20)
    found = firing(school, "active_students_drop")
    assert {name: found[name] for name in FALLS} == {name: called for name, (*_, called) in FALLS.items()}


def wells(school: School, count: int) -> None:
    """Adds classes that work on, or too many fell at once."""
    for n in range(count):
        put_class(school, f"well-{n}", active=10)
        school.put(activity_windows=minutes(f"well-{n}", *[10] * 12))


def test_a_minute_counts_once_the_log_was_read_to_its_end(school: School) -> None:
    put_class(school, "7B")
    at(school, minute=19, second=50)  # the last minute, of which a part is known
    school.clock = "data"
    school.put(activity_windows=minutes("7B", *TWENTY, 0, 0))
    assert firing(school, "active_students_drop") == {"7B": 0}
    at(school, minute=20)
    assert firing(school, "active_students_drop") == {"7B": 1}


def owner(school: School, sql: str) -> None:
    with psycopg.connect(school.url, autocommit=True) as connection:
        connection.execute(sql.encode())


@pytest.mark.parametrize(("goodbyes", "expected", "reason"), [(9, 1, 1), (10, 0, 5)])
def test_a_drop_is_held_where_half_of_those_lost_signed_off(
    school: School, goodbyes: int, expected: int, reason: int
) -> None:
    for name in ("quick", "slow"):
        put_class(school, name, idle=20)
        owner(
            school,
            f"UPDATE student_state SET session_end_at = last_interaction_at + interval '2 minutes 40 seconds' "
            f"WHERE class_id = '{name}' AND substring(student_id FROM '[0-9]+$')::integer < {goodbyes}",
        )
    school.put(
        activity_windows=[*minutes("quick", *TWENTY, 0, 0), window("slow", NOW - timedelta(minutes=15), 20)],
    )
    assert firing(school, "active_students_drop") == {"quick": expected, "slow": expected}
    assert number(school, "active_students_drop", "reason") == {"quick": reason, "slow": reason}


def test_who_signed_off_long_before_the_others_were_lost_holds_nothing(school: School) -> None:
    put_class(school, "7B", idle=24)
    owner(
        school,
        "UPDATE student_state SET session_end_at = last_interaction_at + interval '1 second' "
        "WHERE substring(student_id FROM '[0-9]+$')::integer < 12",
    )  # five minutes ago
    school.put(activity_windows=minutes("7B", *[12] * 10, 0))
    assert firing(school, "active_students_drop") == {"7B": 0}
    school.empty("activity_windows")
    school.put(activity_windows=minutes("7B", *[12] * 10, 0, 0))  # these fell two minutes ago
    owner(
        school,
        "UPDATE student_state SET session_end_at = session_end_at - interval '10 minutes', "
        "last_interaction_at = last_interaction_at - interval '10 minutes' WHERE session_end_at IS NOT NULL",
    )
    assert firing(school, "active_students_drop") == {"7B": 1}


MOVED: dict[str, tuple[dict[str, int], int]] = {
    "unknown": ({}, 0),
    "moved": ({"here": 9}, 0),
    "back": ({"here": 9, "7M": 8}, 0),
    "never": ({"7M": 9}, 1),  # they were there all the time
    "now": ({"7M": 1}, 0),
}
"""In which class those who are in another one now were scored so many minutes ago, and whether they are lost."""


@pytest.mark.parametrize("quick", [True, False])
def test_who_goes_on_in_another_class_s_items_is_not_lost(school: School, quick: bool) -> None:
    parts = dict.fromkeys(("score", "recency", "intensity", "duration", "streak"), 0.5)
    for name, (scored, _lost) in MOVED.items():
        put_class(school, name, active=20)
        reported = minutes(name, *TWENTY, 2, 2) if quick else [window(name, NOW - timedelta(minutes=5), 20)]
        school.put(activity_windows=reported)
        school.put(
            engagement_scores=[
                {
                    "time": NOW - timedelta(minutes=ago),
                    "student_id": f"{name}-active-{n}",
                    "class_id": name if class_id == "here" else class_id,
                    **parts,
                }
                for n in range(18)
                for class_id, ago in scored.items()
            ]
        )
    owner(
        school,
        "UPDATE student_state SET class_id = '7M' WHERE substring(student_id FROM '[0-9]+$')::integer < 18",
    )
    assert firing(school, "active_students_drop") == {name: lost for name, (_, lost) in MOVED.items()}


@pytest.mark.parametrize(("minute", "expected"), [(41, 1), (42, 0)])
def test_what_fell_before_the_last_five_minutes_calls_in_them(school: School, minute: int, expected: int) -> None:
    put_class(school, "7B")
    at(school, minute=minute)
    school.put(activity_windows=minutes("7B", *TWENTY, 0, 0, now=NOW.replace(minute=minute)))
    assert firing(school, "active_students_drop") == {"7B": expected}


@pytest.mark.parametrize(("left", "expected"), [(9, 1), (10, 1), (11, 0)])
def test_a_slow_drain_calls_at_half_of_the_lesson_s_most(school: School, left: int, expected: int) -> None:
    put_class(school, "7B", active=left, idle=20 - left)
    at(school, minute=40)
    reported = [20 - (20 - left) * n // 28 for n in range(28)]
    school.put(activity_windows=minutes("7B", *reported, *[left] * 7, now=NOW.replace(minute=40)))
    owner(
        school,
        "UPDATE student_state SET last_interaction_at = last_interaction_at + interval '20 minutes', "
        "last_event_at = last_event_at + interval '20 minutes'",
    )
    assert firing(school, "active_students_drop") == {"7B": expected}
    assert number(school, "active_students_drop", "before") == {"7B": 20}


@pytest.mark.parametrize(
    ("usual", "after", "expected"), [((8, 8), (8, 8), 1), ((8, 7), (8, 8), 0), ((8, 8), (8, 7), 0), ((8,), (8,), 0)]
)
def test_without_a_timetable_a_lesson_is_where_eight_usually_work(
    school: School, usual: tuple[int, ...], after: tuple[int, ...], expected: int
) -> None:
    put_class(school, "7B", usual=usual)
    school.empty("periods")
    school.put(activity_windows=minutes("7B", *TWENTY, 0, 0))
    nexts = [window("7B", NOW - timedelta(weeks=n) + timedelta(minutes=4), seen) for n, seen in enumerate(after, 1)]
    school.put(activity_windows=nexts)
    assert firing(school, "active_students_drop") == {"7B": expected}


def _play(school: School, class_id: str, ago_min: int, lasts_s: int) -> None:
    """Has a class begin a video so long ago, and nothing else; where its length is not known it lasts 300 s."""
    owner(
        school,
        "UPDATE student_state SET last_interaction_at = now.at, last_event_at = now.at, "
        f"last_event_name = 'video_play', playing_until = now.at + interval '{lasts_s} seconds' "
        f"FROM (SELECT timestamptz '{NOW}' - interval '{ago_min} minutes' AS at) now WHERE class_id = '{class_id}'",
    )


@pytest.mark.parametrize("ago_min", [3, 12, 19])
def test_a_class_that_watches_a_video_is_neither_idle_nor_lost(school: School, ago_min: int) -> None:
    for name, lasts_s in (("unknown", 300), ("long", 1800), ("short", 100)):
        put_class(school, name, active=20)
        _play(school, name, ago_min, lasts_s)
        school.put(activity_windows=minutes(name, *[20] * (20 - ago_min), *[0] * ago_min))
    # a video that is over after 100 s keeps nobody; five minutes later its viewers are idle
    called = {"unknown": 0, "long": 0, "short": int(ago_min > 3)}
    assert firing(school, "idle_share") == called
    assert firing(school, "active_students_drop") == called


def test_an_idle_tracker_does_not_end_a_video_but_a_hidden_tab_does(school: School) -> None:
    for name in ("idle", "gone", "left", "page"):
        put_class(school, name, active=20)
        _play(school, name, 12, 300)
    owner(
        school,
        f"UPDATE student_state SET last_event_name = 'idle', idle_at = timestamptz '{NOW}' - interval '11 minutes', "
        f"last_event_at = timestamptz '{NOW}' - interval '11 minutes' WHERE class_id = 'idle'",
    )
    owner(
        school,
        f"UPDATE student_state SET last_event_name = 'time_ping', "
        f"last_event_at = timestamptz '{NOW}' - interval '5 minutes' WHERE class_id = 'gone'",
    )
    owner(
        school,
        "UPDATE student_state SET last_event_name = 'page_view', last_interaction_at = last_interaction_at "
        "+ interval '1 second', last_event_at = last_event_at + interval '1 second' WHERE class_id = 'page'",
    )
    owner(
        school,
        f"UPDATE student_state SET session_end_at = timestamptz '{NOW}' - interval '5 minutes' WHERE class_id = 'left'",
    )
    assert number(school, "idle_share", "idle") == {"idle": 0, "gone": 20, "page": 20, "left": 0}


@pytest.mark.parametrize(("active", "idle", "expected"), [(7, 3, 0), (6, 3, 1), (5, 2, 0), (5, 3, 1), (0, 0, 0)])
def test_more_than_three_tenths_of_eight_present_are_idle(
    school: School, active: int, idle: int, expected: int
) -> None:
    put_class(school, "7B", active=active, idle=idle)
    assert firing(school, "idle_share") == {"7B": expected}
    assert number(school, "idle_share", "idle") == {"7B": idle}


def test_idle_students_call_nobody_outside_lessons_and_terms(school: School) -> None:
    put_class(school, "7B", active=5, idle=5)
    school.put(terms=[TERM])
    assert firing(school, "idle_share") == {"7B": 1}
    at(school, hour=9, minute=50)
    assert firing(school, "idle_share") == {"7B": 0}
    at(school, minute=20)
    school.empty("terms")
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    assert firing(school, "idle_share") == {"7B": 0}


def test_a_class_without_a_timetable_is_watched_through_the_term(school: School) -> None:
    put_class(school, "7B", active=5, idle=5)
    school.empty("periods")
    assert firing(school, "idle_share") == {"7B": 1}


def test_three_tenths_of_the_classes_at_once_are_the_operators_matter(school: School) -> None:
    for n in range(3):
        put_class(school, f"gone-{n}", active=2, before=12)
    for n in range(7):
        put_class(school, f"well-{n}", active=12, before=12)
    assert firing(school, "many_classes_drop") == {"all": 1}
    assert set(firing(school, "active_students_drop").values()) == {0}
    assert number(school, "active_students_drop", "reason")["gone-0"] == 3
    put_class(school, "well-8", active=12, before=12)
    assert firing(school, "many_classes_drop") == {"all": 0}
    assert sum(value or 0 for value in firing(school, "active_students_drop").values()) == 3


def test_three_tenths_of_the_classes_idle_at_once_call_no_teacher(school: School) -> None:
    for n in range(3):
        put_class(school, f"idle-{n}", active=5, idle=5)
    for n in range(7):
        put_class(school, f"well-{n}", active=10)
    put_class(school, "few", active=7)
    assert set(firing(school, "idle_share").values()) == {0}
    assert number(school, "idle_share", "reason")["idle-0"] == 4
    put_class(school, "well-7", active=10)
    assert {name for name, value in firing(school, "idle_share").items() if value} == {"idle-0", "idle-1", "idle-2"}


def test_two_classes_are_not_many(school: School) -> None:
    put_class(school, "gone-0", active=2, before=12)
    put_class(school, "gone-1", active=2, before=12)
    assert firing(school, "many_classes_drop") == {"all": 0}
    assert firing(school, "active_students_drop") == {"gone-0": 1, "gone-1": 1}


@pytest.mark.parametrize(("ago", "held"), [(30, False), (70, True)])
def test_while_ingestion_stalls_no_rule_says_anything_of_any_class(school: School, ago: int, held: bool) -> None:
    put_class(school, "7B", active=5, idle=5)
    school.clock = "wall"
    clock(school, datetime.now(tz=NOW.tzinfo) - timedelta(seconds=ago))
    for rule in RULES:
        assert (firing(school, rule.name) == {}) is held, rule.name


def test_every_rule_has_words_for_every_class(school: School) -> None:
    put_class(school, "7B", active=5, idle=5)
    put_class(school, "silent")
    for rule in RULES:
        names, rows = school.answer(rule.wording(LIMITS))
        assert {*rule.ids, *rule.numbers, *rule.texts, "reason", "as_of", "value"} == set(names), rule.name
        assert all(value is not None for row in rows for value in row), rule.name
        if rule.ids == ("class_id",):
            assert word(school, rule.name, "class") == {"7B": "Class 7B", "silent": "Class silent"}


def test_the_clock_of_the_words_is_local(school: School) -> None:
    put_class(school, "7B")
    assert word(school, "idle_share", "as_of") == {"7B": "10:20:00"}


def test_idle_students_are_told_with_what_is_usual_and_where_most_are(school: School) -> None:
    put_class(school, "7B", active=5, idle=5)
    put_class(school, "new", active=5, idle=5)
    put_class(school, "fine", active=10)
    school.put(content_items=[{"course_id": "math", "item_id": "ch3", "kind": "chapter", "title": "Fractions 3.2"}])
    with psycopg.connect(school.url, autocommit=True) as owner:
        owner.execute(
            "UPDATE student_state SET course_id = 'math', chapter_id = 'ch3' WHERE student_id ~ 'idle-[0-2]$'"
        )
        owner.execute("UPDATE student_state SET course_id = 'math', chapter_id = 'ch4' WHERE student_id ~ 'idle-[34]$'")
    idle_in_earlier_weeks(school, "7B", 4, 2, 9, ago=(1, 2, 5))
    assert word(school, "idle_share", "usual") == {"7B": "2–4", "new": "", "fine": ""}
    assert word(school, "idle_share", "most") == {"7B": "*Fractions 3.2* (3)", "new": "*Fractions 3.2* (3)", "fine": ""}
    assert number(school, "idle_share", "minutes") == {"7B": 5, "new": 5, "fine": 5}


@pytest.mark.parametrize(("minutes", "together"), [(2, 1), (3, 0)])
def test_classes_that_fall_one_after_another_are_not_many(school: School, minutes: int, together: int) -> None:
    for n in range(3):
        put_class(school, f"gone-{n}", active=2)
    ago = (minutes + 4, 4, 5)
    school.put(activity_windows=[window(f"gone-{n}", NOW - timedelta(minutes=ago[n]), 12) for n in range(3)])
    assert firing(school, "many_classes_drop") == {"all": together}
    assert set(firing(school, "active_students_drop").values()) == {1 - together}


@pytest.mark.parametrize(
    ("minute", "active", "before", "reason"),
    [(20, 10, 10, 1), (50, 0, None, 2), (45, 0, 10, 2), (20, 0, None, 4), (20, 2, 10, 1)],
)
def test_a_drop_is_over_with_its_reason(
    school: School, minute: int, active: int, before: int | None, reason: int
) -> None:
    put_class(school, "7B", active=active, before=before)
    at(school, minute=minute)
    assert number(school, "active_students_drop", "reason") == {"7B": reason}
