"""A simulated school day: reproducible, at its rate, with the shares of faults that were asked for."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest

from dataflows.batch import Records
from dataflows.events.full import decode_full
from simulation.day import Record, SchoolDay
from simulation.faults import BROKEN, NO_FAULTS, Faults
from simulation.school import build_school

START = 1_760_000_000_000
FAULTS = Faults(late=0.05, duplicates=0.04, fast_clocks=0.1, broken=0.03)


def simulate(
    seconds: float,
    rate: float = 100,
    students: int = 300,
    seed: int = 5,
    start: int = START,
    faults: Faults = NO_FAULTS,
) -> tuple[list[Record], SchoolDay]:
    day = SchoolDay(build_school(students, seed, fast_clocks=faults.fast_clocks), start, rate, faults=faults)
    return list(day.events(seconds)), day


def by_student(records: list[Record]) -> dict[bytes, list[dict[str, Any]]]:
    lives: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
    for _, key, value in records:
        lives[key].append(json.loads(value))
    return lives


def test_the_same_seed_gives_the_same_day_to_the_byte() -> None:
    assert simulate(60, faults=FAULTS)[0] == simulate(60, faults=FAULTS)[0]
    assert simulate(60)[0] != simulate(60, seed=6)[0]


def test_a_later_start_gives_the_same_behaviour_under_other_ids() -> None:
    first, second = simulate(60)[0], simulate(60, start=START + 86_400_000)[0]
    assert [(at - START, key) for at, key, _ in first] == [(at - START - 86_400_000, key) for at, key, _ in second]
    events = [[json.loads(value) for _, _, value in day] for day in (first, second)]
    assert [event["event_name"] for event in events[0]] == [event["event_name"] for event in events[1]]
    assert not {event["event_id"] for event in events[0]} & {event["event_id"] for event in events[1]}


def test_a_longer_day_begins_like_a_shorter_one() -> None:
    shorter = simulate(30, faults=FAULTS)[0]
    assert simulate(60, faults=FAULTS)[0][: len(shorter)] == shorter


@pytest.mark.parametrize(("rate", "students"), [(20, 1000), (200, 300), (600, 500)])
def test_the_rate_is_held(rate: float, students: int) -> None:
    records, _ = simulate(120, rate, students)
    assert len(records) == pytest.approx(120 * rate, rel=0.08)
    second_half = sum(at >= START + 60_000 for at, _, _ in records)
    assert second_half == pytest.approx(60 * rate, rel=0.15)


def test_arrivals_are_in_order_and_never_ahead_of_their_own_event() -> None:
    records, _ = simulate(90)
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(records))
    assert all(START <= at < START + 90_000 for at, _, _ in records)
    assert all(json.loads(value)["timestamp"] == at for at, _, value in records)


def test_every_event_is_accepted_and_keyed_by_its_student() -> None:
    records, day = simulate(60)
    full = decode(records)
    assert not full.rejects
    assert full.frame.height == day.truth.accepted == len(records)
    assert [key.decode() for _, key, _ in records] == full.frame["student_id"].to_list()
    assert Counter(full.frame["event_name"].to_list()) == day.truth.names
    assert full.frame["event_id"].n_unique() == len(records)


def test_the_faults_are_those_that_are_counted_and_in_the_shares_that_were_asked_for() -> None:
    records, day = simulate(200, faults=FAULTS)
    truth = day.truth
    assert truth.records == len(records) == truth.accepted + truth.duplicates + truth.broken.total()
    full = decode(records)
    assert Counter(reject.reason for reject in full.rejects) == truth.broken
    assert set(truth.broken) == set(BROKEN)
    assert full.frame.height - full.frame["event_id"].n_unique() == truth.duplicates
    assert truth.broken.total() / truth.accepted == pytest.approx(0.03, rel=0.25)
    assert truth.duplicates / truth.accepted == pytest.approx(0.04, rel=0.25)
    sound = truth.accepted - truth.fast
    assert truth.late / sound == pytest.approx(0.05, rel=0.25)
    ahead = full.frame.unique("event_id").filter(full.frame.unique("event_id")["event_ms"] > START + 200_000)
    assert ahead.height <= truth.fast
    assert truth.fast > 0


def test_fast_clocks_are_a_share_of_the_students_and_stay_below_five_minutes() -> None:
    school = build_school(2000, seed=3, fast_clocks=0.1)
    ahead = [student.clock_ms for group in school.classes for student in group.students if student.clock_ms]
    assert len(ahead) == pytest.approx(200, rel=0.2)
    assert all(30_000 <= clock < 290_000 for clock in ahead)


def test_what_a_student_does_makes_sense() -> None:
    records, _ = simulate(1200, rate=20, students=60)
    for life in by_student(records).values():
        quiz = video = None
        for event, following in pairwise([*life, {"event_name": "login"}]):
            name = event["event_name"]
            if name == "session_end":
                assert following["event_name"] in ("login", "session_start")
            elif name == "session_start":
                assert following.get("page_url", "/dashboard") == "/dashboard"
            elif name == "quiz_start":
                quiz = event["assessment_id"]
            elif name.startswith("quiz_"):
                assert event["assessment_id"] == quiz
            elif name == "video_play":
                video = event["video_id"]
            if name.startswith("video_"):
                assert event["video_id"] == video
                facts = event["metadata"]
                assert 0 <= facts["position_s"] <= facts["video_duration_s"]


def test_a_playing_video_moves_on_with_the_time() -> None:
    records, _ = simulate(1200, rate=20, students=60)
    seen = 0
    for life in by_student(records).values():
        players = [event for event in life if event["event_name"].startswith("video_")]
        for before, after in pairwise(players):
            if before["event_name"] == "video_play" and after["event_name"] == "video_pause":
                passed_s = (after["timestamp"] - before["timestamp"]) / 1000 * before["metadata"]["playback_rate"]
                moved_s = after["metadata"]["position_s"] - before["metadata"]["position_s"]
                assert moved_s == pytest.approx(passed_s, abs=0.2)
                seen += 1
    assert seen > 20


def test_a_class_learns_one_subject_a_lesson_and_another_in_the_next() -> None:
    records, _ = simulate(5400, rate=6, students=56)
    subjects: dict[tuple[str, int], set[str]] = defaultdict(set)
    for at, _, value in records:
        event = json.loads(value)
        lesson = (at - START) // 3_000_000
        # what was begun before is finished first
        if 600_000 < (at - START) % 3_000_000 < 2_700_000 and "subject_id" in event:
            subjects[event["class_id"], lesson].add(event["subject_id"])
    assert subjects
    assert all(len(taught) == 1 for taught in subjects.values())
    assert subjects["7A", 0] != subjects["7A", 1]


def test_breaks_are_quieter_than_lessons_unless_the_day_is_flat() -> None:
    school = build_school(100, seed=1)
    for flat, quieter in ((False, True), (True, False)):
        at = [at - START for at, _, _ in SchoolDay(school, START, 5, flat=flat).events(3000)]
        in_lesson = sum(2_400_000 <= moment < 2_700_000 for moment in at)
        in_break = sum(moment >= 2_700_000 for moment in at)
        assert (in_break < in_lesson * 0.5) is quieter


def decode(records: list[Record]) -> Any:
    size = len(records)
    return decode_full(
        Records(
            "clickstream_events",
            0,
            list(range(size)),
            [at for at, _, _ in records],
            [key for _, key, _ in records],
            [value for _, _, value in records],
        )
    )
