"""Measured time on task against where the simulated students really were."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataflows.batch import Records
from dataflows.content.codes import Codes
from dataflows.content.columns import Events, events_of
from dataflows.content.marks import FoldRules
from dataflows.content.sent import SentVisits, explicit_of
from dataflows.content.sessions import fold_sessions
from dataflows.content.store import MarkStore
from dataflows.content.visits import fold_visits
from dataflows.events.full import decode_full
from dataflows.events.studied import decode_studied
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM, LEARNING_TOPICS
from simulation.day import SchoolDay
from simulation.platform import Platform, Sent
from simulation.school import build_school
from simulation.whereabouts import Stay

START = 1_760_000_000_000
RULES = FoldRules()
LESSON_S = 2_400


def school_day(platform: Platform) -> tuple[list[Sent], list[Stay]]:
    stays: list[Stay] = []
    # as many events as the students make at a natural pace
    day = SchoolDay(build_school(60, seed=11), START, 6, platform=platform, tell=stays.append)
    return list(day.everything(LESSON_S)), stays


def events_on(topic: str, sent: list[Sent], codes: dict[str, int]) -> Events:
    records = [record for name, record in sent if name == topic]
    at, keys, values = (list(column) for column in zip(*records, strict=True)) if records else ([], [], [])
    studied = decode_studied(Records(topic, 0, list(range(len(at))), at, keys, values))
    assert not studied.rejects
    everything = np.ones(len(at), np.bool_)
    events = events_of(studied, everything, ~everything, 0)
    own = np.array([codes.setdefault(student, len(codes)) for student in events.students], np.int64)
    events.student = own[events.student]
    return events


def measured(sent: list[Sent]) -> pl.DataFrame:
    """Returns the visits: student, chapter, ms, raw_ms, is_view."""
    students: dict[str, int] = {}
    codes, views = Codes(), SentVisits()
    marks = MarkStore(codes)
    marks.add(events_on(CLICKSTREAM, sent, students))
    views.add(explicit_of(events_on(CHAPTER_VIEWS, sent, students), codes, RULES))
    all_of_them, since = np.arange(len(students)), np.full(len(students), START)
    taken, low_ms = marks.take(all_of_them, since), START + 86_400_000
    sessions = fold_sessions(taken, low_ms, RULES)
    visits = fold_visits(taken, sessions.of, views.take(all_of_them, since), low_ms, RULES)
    return pl.DataFrame(
        {
            "student": [list(students)[member] for member in visits.member.tolist()],
            "chapter": [codes.texts.values[chapter] for chapter in visits.chapter.tolist()],
            "ms": visits.spent_ms,
            "raw_ms": visits.raw_ms,
            "is_view": visits.is_view,
        }
    )


def by_student_and_chapter(visits: pl.DataFrame) -> dict[tuple[str, str], int]:
    totals = visits.group_by("student", "chapter").agg(pl.col("ms").sum())
    return {(student, chapter): ms for student, chapter, ms in totals.iter_rows()}


def really(stays: list[Stay]) -> Counter[tuple[str, str]]:
    spent: Counter[tuple[str, str]] = Counter()
    for stay in stays:
        spent[stay.student_id, stay.chapter_id] += stay.end_ms - stay.start_ms
    return spent


@pytest.fixture(scope="module")
def with_views() -> tuple[list[Sent], list[Stay]]:
    return school_day(Platform(chapter_views=True, second_tabs=0.1))


def test_nobody_is_in_two_places(with_views: tuple[list[Sent], list[Stay]]) -> None:
    stays: dict[str, list[Stay]] = defaultdict(list)
    for stay in with_views[1]:
        assert stay.start_ms < stay.end_ms <= START + LESSON_S * 1000
        stays[stay.student_id].append(stay)
    for mine in stays.values():
        assert all(earlier.end_ms <= later.start_ms for earlier, later in pairwise(mine))


def test_time_from_chapter_views_is_off_by_less_than_a_second(with_views: tuple[list[Sent], list[Stay]]) -> None:
    sent, stays = with_views
    truth, found = really(stays), by_student_and_chapter(measured(sent))
    assert len(truth) > 100
    assert max(abs(found.get(pair, 0) - truth.get(pair, 0)) for pair in truth.keys() | found.keys()) < 1000


def test_time_from_the_clickstream_alone_is_off_by_no_more_than_what_is_inferred(
    with_views: tuple[list[Sent], list[Stay]],
) -> None:
    sent, stays = with_views
    clicks = [one for one in sent if one[0] == CLICKSTREAM]
    truth, found, silent = really(stays), by_student_and_chapter(measured(clicks)), silent_ends(clicks)
    for pair in truth.keys() | found.keys():
        # heartbeats come more often than the cap, so that only an end that nobody announced can be wrong
        assert -1000 < found.get(pair, 0) - truth.get(pair, 0) < silent[pair] * RULES.idle_cap_ms + 1000
    assert sum(silent.values()) > 30


def silent_ends(clicks: list[Sent]) -> Counter[tuple[str, str]]:
    """Returns how often a student left a chapter without a word."""
    lives: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, (_, key, value) in clicks:
        lives[key.decode()].append(json.loads(value))
    silent: Counter[tuple[str, str]] = Counter()
    for student, life in lives.items():
        for event, following in pairwise([*life, {"event_name": "login"}]):
            comes = following["event_name"] in {"login", "session_start"}
            if comes and event["event_name"] not in {"login", "session_end"} and "chapter_id" in event:
                silent[student, event["chapter_id"]] += 1
    return silent


def test_what_a_platform_sends_beside_changes_nothing_in_the_clickstream() -> None:
    clicks, both = (school_day(platform)[0] for platform in (Platform(), Platform(chapter_views=True)))
    assert [one for one in both if one[0] == CLICKSTREAM] == clicks
    assert {topic for topic, _ in clicks} == {CLICKSTREAM}


def test_quizzes_are_told_once_and_knowledge_fades() -> None:
    days = 4
    stays: list[Stay] = []
    day = SchoolDay(build_school(30, seed=3), START, 1, platform=Platform(learning=True), tell=stays.append)
    sent = list(day.everything(days * 86_400))
    assert day.truth.beside == Counter(topic for topic, _ in sent if topic != CLICKSTREAM)
    assert set(day.truth.beside) == set(LEARNING_TOPICS)
    for topic in LEARNING_TOPICS:
        at, keys, values = zip(*[record for name, record in sent if name == topic], strict=True)
        decoded = decode_full(Records(topic, 0, list(range(len(at))), list(at), list(keys), list(values)))
        assert not decoded.rejects
        assert decoded.frame["student_id"].to_list() == [key.decode() for key in keys]
    submitted = [json.loads(value) for topic, (_, _, value) in sent if b'"quiz_submit"' in value]
    quizzes = [json.loads(value) for topic, (_, _, value) in sent if topic == "module_quiz_events"]
    assert len(submitted) == len(quizzes) > 200
    assert not any("score" in event["metadata"] for event in submitted)
    assert {(quiz["user_id"], quiz["timestamp"], quiz["module"]) for quiz in quizzes} == {
        (event["student_id"], event["timestamp"], event["metadata"]["module"]) for event in submitted
    }
    soon, later = scores_by_gap(quizzes)
    assert np.mean(soon) > np.mean(later) + 5


def scores_by_gap(quizzes: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Returns the scores of repeated quizzes within the hour, and after half a day and more."""
    last: dict[tuple[str, str], int] = {}
    soon, later = [], []
    for quiz in quizzes:
        key = quiz["user_id"], quiz["module"]
        gap_ms = quiz["timestamp"] - last[key] if key in last else None
        last[key] = quiz["timestamp"]
        if gap_ms is not None and gap_ms < 3_600_000:
            soon.append(quiz["score"])
        elif gap_ms is not None and gap_ms > 43_200_000:
            later.append(quiz["score"])
    return soon, later
