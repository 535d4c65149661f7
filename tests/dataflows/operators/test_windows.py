"""Tumbling and hopping windows and keyed sums against plain sets and counters."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators import packing
from dataflows.operators.hopping import TrailingMembers
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.segments import Ints
from dataflows.operators.tumbling import ACTIVE, EVENTS, TRAILING, DistinctMembers, WindowTable

SPAN, FIRST = 5, 10_000_000

seen = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 14))  # scope, member, minute
batches = st.lists(st.lists(seen, max_size=12), max_size=8)


def ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


@settings(deadline=None, max_examples=300)
@given(batches)
def test_trailing_members_are_counted_as_sets_would_be_in_any_order_of_arrival(
    given_batches: list[list[tuple[int, int, int]]],
) -> None:
    trailing, counts = TrailingMembers(SPAN), Counter[tuple[int, int]]()
    for batch in given_batches:
        scope, member, minute = ints([x for row in batch for x in row]).reshape(-1, 3).T
        windows, amounts = trailing.add(packing.student_scope_minute(member, scope, minute + FIRST))
        where = zip(packing.pair_scope(windows).tolist(), packing.second_word(windows).tolist(), strict=True)
        for place, amount in zip(where, amounts.tolist(), strict=True):
            counts[place] += amount
    rows = {row for batch in given_batches for row in batch}
    expected = {
        (scope, FIRST + window): len(members)
        for scope in range(3)
        for window in range(14 + SPAN)
        if (members := {m for s, m, minute in rows if s == scope and window - SPAN < minute <= window})
    }
    assert {key: count for key, count in counts.items() if count} == expected


@settings(deadline=None)
@given(batches, batches, st.integers(0, 14))
def test_minutes_that_reach_into_no_open_window_can_be_forgotten(
    before: list[list[tuple[int, int, int]]], after: list[list[tuple[int, int, int]]], settled: int
) -> None:
    whole, cut = TrailingMembers(SPAN), TrailingMembers(SPAN)

    def equal(batch: list[tuple[int, int, int]]) -> bool:
        scope, member, minute = ints([x for row in batch for x in row]).reshape(-1, 3).T
        keys = packing.student_scope_minute(member, scope, minute + FIRST)
        return _net(*whole.add(keys)) == _net(*cut.add(keys))

    assert all(map(equal, before))
    cut.drop_before(FIRST + settled)
    assert all(equal([row for row in batch if row[2] >= settled]) for batch in after)


def _net(windows: packing.Wide, amounts: Ints) -> dict[complex, int]:
    net = Counter[complex]()
    for key, amount in zip(windows.tolist(), amounts.tolist(), strict=True):
        net[key] += amount
    return {key: amount for key, amount in net.items() if amount}


@settings(deadline=None)
@given(batches)
def test_distinct_members_are_new_once(given_batches: list[list[tuple[int, int, int]]]) -> None:
    members, plain = DistinctMembers(), set[complex]()
    for batch in given_batches:
        scope, member, minute = ints([x for row in batch for x in row]).reshape(-1, 3).T
        keys = packing.window_scope_student(minute, scope, member)
        assert members.add(keys).tolist() == sorted(set(keys.tolist()) - plain, key=by_words)
        plain |= set(keys.tolist())
    members.keep(packing.window_of(packing.first_word(members.keys)) >= 7)
    cut = 7 << packing.SCOPE_BITS
    assert members.keys.tolist() == sorted((key for key in plain if key.real >= cut), key=by_words)


def by_words(key: complex) -> tuple[float, float]:
    return key.real, key.imag


rows = st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 3), st.integers(-9, 9)), max_size=20)


@settings(deadline=None)
@given(st.lists(rows, max_size=6))
def test_keyed_sums_and_maxima_are_those_of_a_dict(given_batches: list[list[tuple[int, int, int]]]) -> None:
    table, plain = KeyedTable((np.add, np.maximum), (0, -100)), dict[int, list[int]]()
    for batch in given_batches:
        key, amount, mark = ints([x for row in batch for x in row]).reshape(-1, 3).T
        new = table.add(key, (amount, mark))
        assert new.tolist() == sorted(set(key.tolist()) - plain.keys())
        for k, a, m in batch:
            total, highest = plain.get(k, [0, -100])
            plain[k] = [total + a, max(highest, m)]
    assert table.key.tolist() == sorted(plain)
    assert table.values.tolist() == [plain[key] for key in sorted(plain)]
    assert table.get(ints([99])).tolist() == [[0, -100]]
    again = KeyedTable((np.add, np.maximum), (0, -100))
    again.restore(table.state())
    assert again.values.tolist() == table.values.tolist()


def test_a_window_without_an_event_is_written_when_the_watermark_enters_it_and_once() -> None:
    table = WindowTable()
    key = packing.window_scope(ints([100, 101, 102]), ints([0, 0, 0]))
    amounts: tuple[Any, ...] = (ints([3, 0, 0]), ints([2, 0, 0]), ints([2, 2, 1]), None)
    table.add(key, amounts)
    due, values = table.take_due(low_minute=100)
    assert (due.tolist(), values[0, [EVENTS, ACTIVE, TRAILING]].tolist()) == ([key[0]], [3, 2, 2])
    assert table.take_due(low_minute=100)[0].tolist() == []
    assert table.take_due(low_minute=101)[0].tolist() == [key[1]]
    table.drop_settled(102)
    assert table.key.tolist() == [key[2]]


def test_a_settled_window_is_kept_until_it_was_written() -> None:
    table = WindowTable()
    table.add(packing.window_scope(ints([100]), ints([0])), (ints([1]), ints([1]), ints([1]), None))
    table.drop_settled(200)
    assert len(table.key) == 1
    table.take_due(200)
    table.drop_settled(200)
    assert len(table.key) == 0


def test_of_a_minute_that_runs_trailing_members_are_told_at_once_and_the_rest_when_it_is_over() -> None:
    table, school = WindowTable(), 3
    old, now, whole = packing.window_scope(ints([99, 100, 100]), ints([0, 0, school])).tolist()

    def due(low_minute: int = 100, *, history: bool = False) -> list[int]:
        keys: list[int] = table.take_due(low_minute, history=history, watched=school)[0].tolist()
        return keys

    table.add_events(ints([now]), ints([1]))
    table.add_trailing(ints([now]), ints([1]))
    assert due() == [now]
    table.add_events(ints([old, now, whole]), ints([1, 1, 1]))
    table.add_active(ints([old, now, whole]))
    assert due() == [old, whole]
    table.add_trailing(ints([now]), ints([1]))
    assert due() == [now]
    table.add_active(ints([now]))
    assert due() == []
    assert due(low_minute=101) == [now]
    table.add_events(ints([now]), ints([1]))
    assert due() == []
    assert due(history=True) == [now]
    assert due(history=True) == []
    assert table.get(ints([now]))[0, [EVENTS, ACTIVE, TRAILING]].tolist() == [3, 2, 2]
