"""When a review falls due, and what becomes of the signal: days of 24 h, a first score of 70 is due after two."""

from __future__ import annotations

import random

from tests.dataflows.memory.telling import DAY, HOUR, START, Logs, append, log_of, quiz, run, signals


def ids(done: object) -> list[str]:
    return [body["event_id"] for body in done.published]  # type: ignore[attr-defined]


def test_a_review_that_is_due_is_recommended_without_any_new_event_of_the_student() -> None:
    early = run(log_of(quiz(START, 70), until_ms=START + 2 * DAY - 1))
    assert not signals(early)
    assert not early.published
    done = run(log_of(quiz(START, 70), until_ms=START + 2 * DAY))
    assert list(signals(done)) == [(48, None)]
    (body,) = done.published
    assert (body["user_id"], body["module"], body["last_score"]) == ("ann", "m1", 70.0)
    assert body["scheduled_at"] == body["timestamp"] == "2024-03-03T09:00:00.000Z"


def test_the_next_review_closes_the_signal_and_the_recommendation_is_not_repeated() -> None:
    logs: Logs = {}
    append(logs, quiz(START, 70), START)
    append(logs, None, START + 2 * DAY, START + 2 * DAY)
    append(logs, quiz(START + 3 * DAY, 70), START + 3 * DAY)
    for seed in range(10):
        done = run(logs, seed)
        assert list(signals(done)) == [(48, 72)]
        assert len(ids(done)) == 1


def test_a_review_at_the_very_moment_at_which_it_is_due_leaves_no_signal() -> None:
    done = run(log_of(quiz(START, 70), quiz(START + 2 * DAY, 70), until_ms=START + 2 * DAY))
    assert not signals(done)
    late = run(log_of(quiz(START, 70), quiz(START + 2 * DAY + 1, 70), until_ms=START + 2 * DAY + 1))
    assert list(signals(late)) == [(48, 48)]


def test_a_review_that_comes_late_takes_back_the_signal_that_it_precedes_and_brings_its_own() -> None:
    logs: Logs = {}
    append(logs, quiz(START, 70), START)
    append(logs, None, START + 10 * DAY, START + 10 * DAY)
    append(logs, quiz(START + DAY, 70), START + 10 * DAY)  # half punctual: 2 · (1 + 0.5) = 3 days, due on the fourth
    for seed in range(10):
        done = run(logs, seed)
        assert list(signals(done)) == [(96, None)]
        assert len(ids(done)) == len(set(ids(done))) <= 2


def test_a_late_review_that_changes_no_due_time_repeats_no_recommendation() -> None:
    logs: Logs = {}
    append(logs, quiz(START, 70), START)
    append(logs, None, START + 3 * DAY, START + 3 * DAY)
    append(logs, quiz(START + HOUR, 100), START + 3 * DAY)  # the same day: not counted
    append(logs, quiz(START + 4 * DAY, 70), START + 4 * DAY)
    append(logs, None, START + 30 * DAY, START + 30 * DAY)
    for seed in range(10):
        done = run(logs, seed)
        assert list(signals(done)) == [(48, 96), (192, None)]
        assert len(ids(done)) == len(set(ids(done))) == 2


def test_nothing_falls_due_while_a_topic_of_the_task_holds_records_of_which_none_was_read() -> None:
    logs = log_of(quiz(START, 70), until_ms=START + 5 * DAY)
    append(logs, None, START + DAY, START + DAY, topic="user_login_events")
    for seed in range(10):
        assert not signals(run(logs, seed))


def test_after_a_crash_a_recommendation_may_come_again_under_its_id_and_none_is_missing() -> None:
    rng = random.Random(4)
    logs: Logs = {}
    for day in range(120):
        user, module = rng.choice("abc"), rng.choice(("m1", "m2"))
        append(logs, quiz(START + day * DAY, rng.choice((40, 70, 85, 100)), user, module), START + day * DAY)
    append(logs, None, START + 400 * DAY, START + 400 * DAY)
    calm = run(logs)
    assert len(set(ids(calm))) == len(ids(calm)) == len(signals(calm)) > 20
    for seed in range(10):
        crashed = run(logs, seed, crashes=3)
        assert crashed.tables == calm.tables
        assert set(ids(crashed)) == set(ids(calm))
