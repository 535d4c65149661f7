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


@pytest.mark.parametrize(("minute", "second", "expected"), [(4, 59, 0), (5, 0, 1), (39, 59, 1), (40, 0, 0)])
def test_the_first_and_last_five_minutes_of_a_lesson_are_left_out(
    school: School, minute: int, second: int, expected: int
) -> None:
    put_class(school, "7B", active=0, before=None)
    now = NOW.replace(minute=minute, second=second)
    school.put(activity_windows=[_window(now - timedelta(minutes=2))])
    at(school, minute=minute, second=second)
    assert firing(school, "active_students_drop") == {"7B": expected}


def _window(when: datetime) -> dict[str, object]:
    when = when.replace(second=0)
    counts = dict.fromkeys(("events", "active_students", "active_5m"), 10)
    return {"window_start": when, "scope": "class", "scope_id": "7B", "task": 0, **counts}


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
    ago = (minutes + 2, 2, 3)
    school.put(activity_windows=[window(f"gone-{n}", NOW - timedelta(minutes=ago[n]), 12) for n in range(3)])
    assert firing(school, "many_classes_drop") == {"all": together}
    assert set(firing(school, "active_students_drop").values()) == {1 - together}


@pytest.mark.parametrize(
    ("minute", "active", "before", "reason"),
    [(20, 10, 10, 1), (50, 0, None, 2), (41, 0, 10, 2), (20, 0, None, 4), (20, 2, 10, 1)],
)
def test_a_drop_is_over_with_its_reason(
    school: School, minute: int, active: int, before: int | None, reason: int
) -> None:
    put_class(school, "7B", active=active, before=before)
    at(school, minute=minute)
    assert number(school, "active_students_drop", "reason") == {"7B": reason}
