"""What an incident of the simulated school takes away, and what goes on."""

from __future__ import annotations

import json
from random import Random

from bench.alerts.incidents import Chances, Happening, Incident, Kind, Lesson, incidents_of, sparser
from simulation.platform import Sent
from simulation.school import build_school

MINUTE = 60_000


def sent(minute: int, student: str, name: str = "scroll") -> Sent:
    value = json.dumps({"event_name": name, "student_id": student}, separators=(",", ":")).encode()
    return "clickstream_events", (minute * MINUTE, student.encode(), value)


def reported(records: list[Sent]) -> list[tuple[int, str, str]]:
    return [(at // MINUTE, key.decode(), json.loads(value)["event_name"]) for _, (at, key, value) in records]


def happens(kind: Kind) -> list[tuple[int, str, str]]:
    incident = Incident(kind, "7A", 2 * MINUTE, 4 * MINUTE, frozenset({b"ann"}))
    return reported(
        list(Happening([incident], Random(1)).befalls(sent(n, who) for n in range(6) for who in ("ann", "ben")))
    )


def test_nothing_comes_of_those_whom_an_incident_befalls_while_it_lasts() -> None:
    assert [minute for minute, who, _ in happens("lost") if who == "ann"] == [0, 1, 4, 5]
    assert [minute for minute, who, _ in happens("lost") if who == "ben"] == [0, 1, 2, 3, 4, 5]


def test_who_is_let_out_says_goodbye_once() -> None:
    ann = [(minute, name) for minute, who, name in happens("let_out") if who == "ann"]
    assert ann == [(0, "scroll"), (1, "scroll"), (2, "session_end"), (4, "scroll"), (5, "scroll")]


def test_who_listens_with_the_page_out_of_sight_is_heard_of_by_hidden_pings() -> None:
    incident = Incident("talk", "7A", 0, 40 * MINUTE, frozenset({b"ann"}))
    heard = [value for _, (*_, value) in Happening([incident], Random(1)).befalls(sent(n, "ann") for n in range(40))]  # noqa: S311
    assert 10 < len(heard) < 30
    assert {(e["event_name"], e["metadata"]["hidden"]) for e in map(json.loads, heard)} == {("time_ping", True)}


def test_a_frugal_tracker_leaves_out_no_coming_and_going() -> None:
    records = [
        sent(n, "ann", name) for n, name in enumerate(("session_start", "scroll", "idle", "scroll", "session_end"))
    ]
    assert [name for _, _, name in reported(list(sparser(records, 0.0, Random(1))))] == [  # noqa: S311
        "session_start",
        "idle",
        "session_end",
    ]


def test_incidents_lie_within_their_lesson_and_a_broken_tracker_befalls_all_at_once() -> None:
    school = build_school(120, seed=1)
    lessons = [Lesson(group.class_id, 0, 45 * MINUTE) for group in school.classes]
    rng = Random(3)  # noqa: S311
    found = [i for _ in range(50) for i in incidents_of(lessons, school, rng, Chances(1 / 5, 1 / 5, 1 / 5, 1 / 5, 1.0))]
    assert {i.kind for i in found} == {"cut_off", "lost", "talk", "let_out", "tracker"}
    assert all(0 < i.from_ms < i.until_ms <= 46 * MINUTE for i in found)
    assert sum(i.kind == "tracker" for i in found) == 50 * len(lessons)
