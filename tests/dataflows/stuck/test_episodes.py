"""What the queue calls, known answers: lessons told event by event, and the rows that they must give."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dataflows.stuck import flow
from dataflows.stuck.marks import WRONG, Mark
from dataflows.stuck.students import Students
from dataflows.testing import Driver

START = datetime(2026, 9, 1, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def answer(minutes: float, *, correct: bool, quiz: str = "fractions", **more: Any) -> dict[str, Any]:
    metadata = {"question": 1, "correct": correct}
    return {
        "event_name": "quiz_answer",
        "timestamp": at(minutes),
        "assessment_id": quiz,
        "class_id": "7B",
        "metadata": metadata,
    } | more


def click(minutes: float, **more: Any) -> dict[str, Any]:
    return {"event_name": "button_click", "timestamp": at(minutes), "class_id": "7B"} | more


def video(minutes: float, name: str, position: float) -> dict[str, Any]:
    return {
        "event_name": name,
        "timestamp": at(minutes),
        "video_id": "v1",
        "class_id": "7B",
        "metadata": {"position_s": position},
    }


def teacher(minutes: float, name: str, item: str = "fractions") -> dict[str, Any]:
    said = {"actor": "ms-lee", "item_id": item}
    return {"event_name": name, "timestamp": at(minutes), "class_id": "7B", "role": "teacher", "metadata": said}


def rows_of(events: list[dict[str, Any]], until: float, **how: Any) -> list[dict[str, Any]]:
    driver = Driver(flow)
    driver.send(events, **how)
    driver.tick(at(until))
    return driver.rows("stuck_episodes")


def short(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Minute called, since minute, item, kind, minute ended, outcome."""

    def minute(time: datetime | None) -> float | None:
        return None if time is None else (time - START) / timedelta(minutes=1)

    return [
        (minute(r["began_at"]), minute(r["since"]), r["item_id"], r["kind"], minute(r["ended_at"]), r["outcome"])
        for r in rows
    ]


FAILS = [answer(m, correct=False) for m in (1, 2, 3)]

CASES: dict[str, tuple[list[dict[str, Any]], float, list[tuple[Any, ...]]]] = {
    "three wrong answers in a row call": (FAILS, 4, [(3, 1, "fractions", "wrong_answers", None, None)]),
    "two do not": (FAILS[:2], 3.5, []),
    "a right answer ends it": (
        [*FAILS, answer(5, correct=True)],
        6,
        [(3, 1, "fractions", "wrong_answers", 5, "solved")],
    ),
    "work elsewhere for five minutes ends it": (
        [*FAILS, click(4, chapter_id="ch9"), click(8, chapter_id="ch9")],
        10,
        [(3, 1, "fractions", "wrong_answers", 9, "moved_on")],
    ),
    "half an hour of silence ends it": (FAILS, 34, [(3, 1, "fractions", "wrong_answers", 33, "left")]),
    "saying goodbye ends it": (
        [*FAILS, {"event_name": "session_end", "timestamp": at(4)}],
        5,
        [(3, 1, "fractions", "wrong_answers", 4, "left")],
    ),
    "two minutes of silence after a fail call before anybody is idle": (
        FAILS[:1],
        4,
        [(3, 1, "fractions", "silence_after_fail", None, None)],
    ),
    "three hints call": (
        [{"event_name": "quiz_hint", "timestamp": at(m), "assessment_id": "fractions"} for m in (1, 2, 3)],
        4,
        [(3, 1, "fractions", "hints", None, None)],
    ),
    "four turns at one place of a video call": (
        [video(m, "video_pause" if m % 2 else "video_seek", 60 + m) for m in (1, 2, 3, 4)],
        5,
        [(4, 1, "v1", "video_loop", None, None)],
    ),
    "turns all over a video do not": ([video(m, "video_seek", 60 * m) for m in (1, 2, 3, 4)], 5, []),
    "a video that plays on is no loop any more": (
        [*[video(m, "video_pause", 60 + m) for m in (1, 2, 3, 4)], video(6, "video_play", 120)],
        7,
        [(4, 1, "v1", "video_loop", 6, "went_on")],
    ),
    "a question that was opened and left calls after two minutes": (
        [
            {"event_name": "quiz_start", "timestamp": at(1), "assessment_id": "fractions"},
            click(2, chapter_id="ch9"),
            click(3, chapter_id="ch9"),
        ],
        5,
        [(4, 1, "fractions", "opened_and_left", None, None)],
    ),
    "eight minutes at one place call": (
        [click(m, chapter_id="ch3") for m in range(1, 10)],
        10,
        [(9, 1, "ch3", "long_dwell", None, None)],
    ),
    "ten opportunities without three right in a row are wheel-spinning": (
        [answer(m, correct=m % 3 == 0) for m in range(1, 12)],
        11,
        [(10, 10, "fractions", "wheel_spinning", None, None)],
    ),
    "helped ends it, and it takes new fails to call again": (
        [*FAILS, teacher(4, "stuck_helped"), answer(5, correct=False)],
        6,
        [
            (3, 1, "fractions", "wrong_answers", 4, "helped"),
            (5, 1, "fractions", "wrong_answers", None, None),
        ],
    ),
    "not stuck ends it for the sitting": (
        [*FAILS, teacher(4, "stuck_not"), *[answer(m, correct=False) for m in (5, 6, 7, 8)]],
        9,
        [(3, 1, "fractions", "wrong_answers", 4, "not_stuck")],
    ),
    "an answer of a student about themselves counts for nothing": (
        [*FAILS, {**teacher(4, "stuck_not"), "role": "student"}],
        5,
        [(3, 1, "fractions", "wrong_answers", None, None)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_queue_calls_what_it_should(name: str) -> None:
    events, until, expected = CASES[name]
    assert short(rows_of(events, until)) == expected


def test_quizzes_of_their_own_topic_count() -> None:
    driver = Driver(flow)
    driver.tick(at(0))
    for minute in (1, 2, 3):
        failed = {"user_id": "ann", "module": "algebra", "score": 30, "timestamp": at(minute)}
        driver.send([failed], topic="module_quiz_events")
    driver.tick(at(3), topic="module_quiz_events")
    driver.tick(at(3))
    assert short(driver.rows("stuck_episodes")) == [(3, 1, "algebra", "wrong_answers", None, None)]


def lesson(seed: int) -> list[dict[str, Any]]:
    """A lesson of five students who do everything, a little out of order, some of it told twice."""
    rng, events = random.Random(seed), []
    for place in range(400):
        who, minute = f"s{rng.randrange(5)}", round(place / 5 + rng.random(), 3)
        quiz = rng.choice(["q1", "q2"])
        made = rng.choice(
            [
                answer(minute, correct=rng.random() < 0.3, quiz=quiz),
                answer(minute, correct=False, quiz=quiz),
                click(minute, chapter_id=rng.choice(["c1", "c2"])),
                video(minute, rng.choice(["video_pause", "video_seek", "video_play"]), rng.randrange(90)),
                {"event_name": rng.choice(["quiz_start", "quiz_hint"]), "timestamp": at(minute), "assessment_id": quiz},
                teacher(minute, rng.choice(["stuck_seen", "stuck_helped", "stuck_not"]), quiz),
                {"event_name": rng.choice(["session_end", "idle", "login"]), "timestamp": at(minute)},
            ]
        )
        events.append({**made, "student_id": who, "event_id": f"00000000-0000-4000-8000-{place:012d}"})
        if rng.random() < 0.1:
            events.append(events[rng.randrange(len(events))])
    return events


@pytest.mark.parametrize("seed", range(4))
def test_rows_follow_from_the_log_whatever_the_batches_and_restarts(seed: int) -> None:
    events = lesson(seed)
    whole = rows_of(events, 300, batch=10_000)
    assert len(whole) > 5
    assert rows_of(events, 300, batch=1) == whole
    driver = Driver(flow)
    for first in range(0, len(events), 37):
        driver.send(events[first : first + 37], batch=5, writes=first % 2 == 0)
        driver.restart()
    driver.tick(at(300))
    assert driver.rows("stuck_episodes") == whole


def test_who_is_gone_leaves_the_state() -> None:
    driver = Driver(flow)
    driver.send([*FAILS, {**click(200), "student_id": "bob"}])
    driver.tick(at(201))
    assert list(driver._operators["students"].state()["marks"]) == ["bob"]
    assert [row["outcome"] for row in driver.rows("stuck_episodes")] == ["left"]


def test_what_waits_grows_with_students_and_not_with_their_events() -> None:
    students = Students(lateness_ms=60_000)
    for second in range(2000):
        for name in ("ann", "bob"):
            students.add(name, Mark(second * 1000, second, WRONG, "fractions"))
        students.take(second * 1000 - 60_000)
    assert len(students._ends) == 2 and len(students._timers) <= 4


def test_a_snapshot_of_version_4_goes_on_as_one_of_today() -> None:
    students = Students(60_000)
    for minute in range(1, 4):
        students.add("ann", Mark(minute * 60_000, minute, WRONG, "fractions", "7B"))
    now = students.state()
    before = {"marks": {"ann": [tuple(mark) for mark in msgspec.msgpack.decode(now["marks"]["ann"], type=list[Mark])]}}
    again = Students(60_000)
    again.restore(before | {"changed": now["changed"]})
    assert again.state() == now
    assert again.take(600_000) == students.take(600_000) != []
