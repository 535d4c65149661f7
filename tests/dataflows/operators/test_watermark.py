"""Event time from the log alone, judged record by record."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.watermark import NEVER, Watermarks, is_late

MINUTE, LATENESS = 60_000, 60_000
Log = list[tuple[int, int]]  # event and append times

logs = st.lists(st.tuples(st.integers(0, 600_000), st.integers(0, 400_000)), max_size=120)


def plainly(log: Log) -> list[int]:
    """Returns the watermark that each record meets."""
    found, mark = [], NEVER
    for event, append in log:
        found.append(mark)
        mark = max(mark, min(event, append))
    return found


def cut(log: Log, sizes: Iterable[int]) -> tuple[list[int], list[bool], Watermarks]:
    """Returns the watermarks met and the lates when the log comes in batches."""
    marks, before, late, start = Watermarks(), list[int](), list[bool](), 0
    for size in sizes:
        piece = np.array(log[start : start + size], np.int64).reshape(-1, 2)
        met = marks.advance("t", piece[:, 0], piece[:, 1])
        before += met.tolist()
        late += is_late(met, (piece[:, 0] // MINUTE + 1) * MINUTE, LATENESS).tolist()
        start += size
        if start >= len(log):
            break
    return before, late, marks


@settings(deadline=None)
@given(logs, st.lists(st.integers(1, 50), min_size=1))
def test_any_batches_meet_the_watermarks_of_a_plain_reading(log: Log, sizes: list[int]) -> None:
    before, late, _marks = cut(log, itertools.cycle(sizes))
    assert before == plainly(log)
    assert late == [
        met >= (event // MINUTE + 1) * MINUTE + LATENESS for (event, _), met in zip(log, plainly(log), strict=True)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 99, 1_000, 9_999, 10_000])
def test_batches_of_1_to_10000_records_give_the_same_lates(size: int) -> None:
    rng = np.random.default_rng(1)
    append = np.cumsum(rng.integers(0, 120, 20_000))
    event = append - rng.choice([0, 1_000, 90_000, 150_000, -250_000], 20_000, p=[0.7, 0.1, 0.1, 0.08, 0.02])
    log = list(zip(event.tolist(), append.tolist(), strict=True))
    _before, whole, _marks = cut(log, [len(log)])
    assert 1_000 < sum(whole) < 5_000
    assert cut(log, itertools.repeat(size))[1] == whole


@given(logs)
def test_a_watermark_never_goes_back_and_never_passes_the_newest_append_time(log: Log) -> None:
    before, _late, marks = cut(log, [len(log)])
    assert before == sorted(before)
    for i, mark in enumerate([*before[1:], marks.low][: len(log)]):
        assert mark <= max(append for _, append in log[: i + 1])


def test_append_time_caps_a_clock_that_runs_ahead() -> None:
    log = [(1_000_000, 1_000_000), (1_000_100 + 290_000, 1_000_100), (1_000_000 - 50_000, 1_000_200)]
    before, late, _marks = cut(log, [3])
    assert before == [NEVER, 1_000_000, 1_000_100]
    assert late == [False, False, False]


def test_the_lowest_watermark_leaves_out_what_never_held_a_record() -> None:
    marks = Watermarks()
    assert marks.low == NEVER
    marks.advance("a", np.array([500]), np.array([600]))
    marks.advance("b", np.array([], np.int64), np.array([], np.int64))
    assert marks.low == 500
    marks.advance("b", np.array([300]), np.array([600]))
    assert marks.low == 300
    assert Watermarks(marks.marks).low == 300
