"""Backtests of the lesson's rules, against times found by hand and a reading of the same clicks without flow or SQL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerting.backtest import school
from bench.alerts.run import put
from local.postgres import Postgres
from tests.alerting.backtest.lesson_log import Click, at, clicks, store, times, tried
from tests.alerting.backtest.oracle import Lesson, calls
from tests.alerting.lessons import window
from tests.databases import new_database

RULES = ["active_students_drop", "idle_share", "many_classes_drop"]


@pytest.fixture
def scratch(postgres_server: Postgres) -> Iterator[str]:
    with new_database(postgres_server) as url:
        yield url


def group(name: str, until: list[str], *, since: str = "10:00:30") -> list[Click]:
    """Returns a class in which each student clicks once a minute until some time."""
    return [click for n, end in enumerate(until) for click in clicks(f"{name}-{n:02d}", since, end)]


END = "10:44:30"
WRITTEN = {
    "gone": group("gone", ["10:10:30"] * 10),
    "four": group("four", ["10:10:30"] * 6 + [END] * 4),
    "six": group("six", ["10:10:30"] * 4 + [END] * 6),
    "seven": group("seven", ["10:10:30"] * 3 + [END] * 7),
    "few": group("few", ["10:10:30"] * 7),
    "back": group("back", ["10:10:30"] * 10) + group("back", [END] * 10, since="10:18:30"),
    "edge": group("edge", ["10:34:30"] * 10),
    "left": group("left", ["10:20:30"] * 10)
    + [Click(at("10:20:40"), f"left-{n:02d}", "session_end") for n in range(10)],
    **{f"well{n}": group(f"well{n}", [END] * 10) for n in range(14)},
}


def test_lessons_call_at_the_minute_found_by_hand_and_just_below_never(timescale_url: str, scratch: str) -> None:
    store(timescale_url, [click for reported in WRITTEN.values() for click in reported])
    found = tried(timescale_url, scratch, RULES, "09:50", "11:00")
    # The last click is at 10:10:30: when two whole minutes without one are over it calls. Of a small class nothing is
    # known after ten minutes of silence; the others call until the lesson is over, and five minutes on. Those who
    # leave in good order at 10:20:40 are not lost.
    assert times(found["active_students_drop"].calls) == {
        "gone": [("10:13", "10:50")],
        "four": [("10:13", "10:50")],
        "few": [("10:13", "10:27")],
        "back": [("10:13", "10:24")],
        "edge": [("10:37", "10:50")],
    }
    assert times(found["idle_share"].calls) == {
        "gone": [("10:21", "10:46")],
        "four": [("10:21", "10:46")],
        "six": [("10:21", "10:46")],
    }
    assert found["many_classes_drop"].calls == []
    [gone] = [call for call in found["active_students_drop"].calls if call.ids == ("gone",)]
    assert (gone.words["active"], gone.words["before"], gone.words["as_of"]) == ("0", "10", "10:13:00")
    assert {outcome.queried for outcome in found.values()} == {70}
    assert {outcome.held for outcome in found.values()} == {0}


def test_a_class_that_is_lost_is_known_in_less_than_four_minutes(postgres_url: str, scratch: str) -> None:
    stops = [f"10:{15 + n}:{second:02d}" for n, second in enumerate((0, 1, 15, 29, 30, 45, 59))]
    reported: list[Click] = []
    for n, stop in enumerate(stops):
        reported += [c for k in range(20) for c in clicks(f"all{n}-{k}", f"10:00:{(3 * k) % 60:02d}", stop, every_s=25)]
        reported += [
            c for k in range(13) for c in clicks(f"part{n}-{k}", f"10:00:{(3 * k) % 60:02d}", stop, every_s=25)
        ]
        reported += [c for k in range(7) for c in clicks(f"part{n}-on{k}", f"10:00:{8 * k:02d}", END, every_s=25)]
    store(postgres_url, reported)
    found = tried(postgres_url, scratch, RULES[:1], "10:05", "10:40", many_classes=100)["active_students_drop"]
    took = {call.ids[0]: (call.since - at(stops[int(call.ids[0][-1])])).total_seconds() for call in found.calls}
    assert took.keys() == {f"{kind}{n}" for kind in ("all", "part") for n in range(len(stops))}
    assert min(took.values()) > 115
    assert max(took.values()) < 240, took


def some_lesson(name: str, rng: random.Random) -> list[Click]:
    """Returns a class that comes and goes, idles, and sends some of its clicks late."""
    reported: list[Click] = []
    for student in (f"{name}-{n:02d}" for n in range(rng.randint(8, 13))):
        now = at("10:00") + timedelta(seconds=rng.randint(0, 500))
        while now < at("10:45"):
            kind = rng.choices(["page_view", "idle", "session_end"], [40, 2, 1])[0]
            came = now + timedelta(seconds=rng.randint(1, 50)) if rng.random() < 0.1 else None
            reported.append(Click(now, student, kind, came))
            now += timedelta(seconds=rng.choice([7, 20, 45, 90, 150, 320, 700]))
    quiet = at("10:00") + timedelta(minutes=rng.randint(5, 30))
    return [c for c in reported if not quiet <= c.at < quiet + timedelta(minutes=rng.randint(6, 14))]


def test_lessons_at_random_call_as_a_reading_of_the_clicks_says(postgres_url: str, scratch: str) -> None:
    rng = random.Random(11)  # noqa: S311
    reported = {f"r{n}": some_lesson(f"r{n}", rng) for n in range(12)}
    store(postgres_url, [click for one in reported.values() for click in one])
    # many_classes: no lesson is held because of the others, of which the reading knows nothing
    found = tried(postgres_url, scratch, RULES[:2], "09:55", "11:00", many_classes=100)
    span = at("09:55"), at("11:00")
    lessons = {name: Lesson(one) for name, one in reported.items()}
    drops = {name: calls(lesson.drops, *span, after_min=0, on_min=5) for name, lesson in lessons.items()}
    idles = {name: calls(lesson.idles, *span, after_min=5, on_min=5) for name, lesson in lessons.items()}
    assert times(found["active_students_drop"].calls) == {name: one for name, one in drops.items() if one}
    assert times(found["idle_share"].calls) == {name: one for name, one in idles.items() if one}
    assert sum(map(bool, drops.values())) > 3
    assert sum(map(bool, idles.values())) > 3


def test_while_data_stall_nothing_is_said_and_a_replayed_log_never_stalls(postgres_url: str, scratch: str) -> None:
    gone = group("gone", ["10:10:30"] * 10)
    # what happened after 10:12 came at 10:30, and no tick in between
    busy = [
        Click(c.at, c.student, c.name, at("10:30") if c.at > at("10:12") and c.at < at("10:30") else None)
        for c in group("busy", [END] * 10)
    ]
    store(postgres_url, gone + busy, tick=False)
    found = tried(postgres_url, scratch, ["idle_share"], "09:55", "11:00")["idle_share"]
    assert found.held == 18  # more than a minute behind from 10:13 to 10:30: the last watermark was that of 10:11:30
    assert times(found.calls) == {"gone": [("10:36", "10:46")]}


def test_by_the_data_clock_a_log_that_came_at_once_calls_when_it_happened(postgres_url: str, scratch: str) -> None:
    reported = [Click(c.at, c.student, c.name, at("19:00")) for c in group("gone", ["10:10:30"] * 10)]
    store(postgres_url, reported, tick=False)
    found = tried(postgres_url, scratch, ["idle_share"], "09:55", "11:00", clock="data")["idle_share"]
    assert (found.held, times(found.calls)) == (0, {"gone": [("10:21", "10:46")]})


@pytest.mark.parametrize(("usual", "expected"), [(4, {}), (5, {"gone": [("10:13", "")]})])
def test_what_is_usual_is_known_from_what_was_stored_in_earlier_weeks(
    postgres_url: str, scratch: str, usual: int, expected: dict[str, list[tuple[str, str]]]
) -> None:
    store(postgres_url, WRITTEN["gone"])
    weeks = [at("10:00") - timedelta(weeks=n) + timedelta(minutes=m) for n in (1, 2) for m in range(45)]
    put(postgres_url, {"activity_windows": [window("gone", moment, usual) for moment in weeks]})
    found = tried(postgres_url, scratch, RULES[:1], "10:10", "10:40")
    # nobody is active: four fewer than usual are too few to call, five are not
    assert times(found["active_students_drop"].calls) == expected


def test_resting_while_nobody_is_there_changes_nothing(
    postgres_url: str, scratch: str, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(postgres_url, WRITTEN["gone"] + WRITTEN["few"])
    rested = tried(postgres_url, scratch, RULES, "09:50", "11:40")
    monkeypatch.setattr(school, "NEEDS_SOMEBODY", frozenset())
    with new_database(postgres_server) as other:
        queried = tried(postgres_url, other, RULES, "09:50", "11:40")
    assert {name: one.calls for name, one in rested.items()} == {name: one.calls for name, one in queried.items()}
    assert {one.rested for one in queried.values()} == {0}
    assert all(20 < one.rested < 40 for one in rested.values())
