"""Every attempt stands once, under its id whatever its time, as the lowest place in the log tells it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.memory.attempts import NO_PAIR, Attempts, Scored

Reported = tuple[int, int, int, int, float]


def reported(*rows: Reported) -> Scored:
    """Attempts of (time, id, place, pair, score)."""
    time_ms, lo, place, pair, score = (np.array(column) for column in zip(*rows, strict=True))
    zero = np.zeros(len(rows), np.uint64)
    return Scored(
        time_ms.astype(np.int64),
        zero,
        lo.astype(np.uint64),
        place.astype(np.int64),
        pair.astype(np.int32),
        score.astype(np.float64),
        zero.astype(np.int32),
    )


def scores(held: Attempts, *pairs: int) -> list[float]:
    found: list[float] = held.of(held.rows_of(np.array(pairs, np.int64))).score.tolist()
    return found


def test_the_first_telling_of_an_attempt_stands_whatever_time_a_later_one_gives() -> None:
    held = Attempts()
    assert held.add(reported((5, 1, 3, 0, 85), (5, 1, 4, 0, 40), (6, 1, 5, 0, 50))).new.tolist() == [True, False, False]
    assert held.add(reported((99, 1, 6, 0, 99), (7, 2, 7, 0, 60))).new.tolist() == [False, True]
    assert scores(held, 0) == [85, 60]


def test_a_topic_of_lower_rank_is_believed_later_too_and_the_pair_that_loses_is_named() -> None:
    held = Attempts()
    held.add(reported((5, 1, 3, 0, 85), (6, 2, 3, 1, 70), (7, 3, 3, 4, 70)))
    added = held.add(reported((5, 1, 2, 1, 40), (6, 2, 2, 1, 60), (8, 3, 2, 4, 70)))
    # The third keeps its pair, but not its time.
    assert (added.new.tolist(), added.rows.tolist(), added.left.tolist()) == ([True] * 3, [0, 1, 2], [0, 4])
    assert scores(held, 0) == []
    assert scores(held, 1) == [40, 60]
    assert held.add(reported((5, 1, 3, 0, 85))).new.tolist() == [False]


def test_an_attempt_without_a_module_is_remembered_and_of_no_pair() -> None:
    held = Attempts()
    assert held.add(reported((5, 1, 3, NO_PAIR, 85))).new.tolist() == [True]
    assert held.add(reported((5, 1, 3, 4, 85))).new.tolist() == [False]
    assert scores(held, 4) == []


def test_ids_that_share_a_word_of_the_index_are_told_apart(monkeypatch: Any) -> None:
    monkeypatch.setattr("dataflows.memory.attempts.mix", lambda hi, _lo: np.zeros(len(hi), np.uint64))
    held = Attempts()
    held.add(reported((5, 1, 3, 0, 10), (5, 2, 3, 0, 20), (5, 1, 3, 0, 30)))
    assert held.add(reported((5, 2, 3, 0, 40), (5, 3, 3, 0, 50))).new.tolist() == [False, True]
    assert scores(held, 0) == [10, 20, 50]


def test_a_snapshot_holds_everything() -> None:
    held, again = Attempts(), Attempts()
    held.add(reported((5, 1, 3, 1, 10), (4, 2, 3, 0, 20), (3, 3, 3, 1, 30)))
    again.restore(held.state())
    assert scores(again, 0, 1) == scores(held, 0, 1) == [20, 10, 30]
    assert again.add(reported((4, 2, 3, 0, 99))).new.tolist() == [False]
