"""The last values by key are those of the last event by time, then id, in any order of arrival."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.latest import Latest, order_by_time_and_id

event = st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from((0, 1, 2**63, 2**64 - 1)), st.integers(0, 2))
events = st.lists(st.lists(event, max_size=12), max_size=6)


@settings(deadline=None)
@given(events)
def test_the_last_value_is_that_of_a_plain_maximum(given_batches: list[list[tuple[int, int, int, int]]]) -> None:
    latest, plain, number = Latest(1), dict[int, tuple[tuple[int, int, int], int]](), 0
    for batch in given_batches:
        # an id and a time come once: the repeats were dropped before
        known = {(key, *stamp) for key, (stamp, _value) in plain.items()}
        fresh = sorted({row for row in batch if row not in known})
        values = range(number, number := number + len(fresh))
        key, time = np.array([row[:2] for row in fresh], np.int64).reshape(-1, 2).T
        hi, lo = np.array([row[2:] for row in fresh], np.uint64).reshape(-1, 2).T
        latest.add(key, time, hi, lo, np.array(values, np.int64)[:, None])
        for row, value in zip(fresh, values, strict=True):
            plain[row[0]] = max(plain.get(row[0], ((-1, 0, 0), -1)), (row[1:], value))
    assert latest.key.tolist() == sorted(plain)
    assert latest.get(np.arange(6), -7)[:, 0].tolist() == [plain[k][1] if k in plain else -7 for k in range(6)]
    again = Latest(1)
    again.restore(latest.state())
    latest.keep(latest.key != 2)
    assert again.key.tolist() == sorted(plain)
    assert latest.key.tolist() == sorted(set(plain) - {2})


@given(st.lists(event, max_size=30))
def test_events_are_ordered_by_time_and_ties_by_id(rows: list[tuple[int, int, int, int]]) -> None:
    time = np.array([row[1] for row in rows], np.int64)
    hi, lo = np.array([row[2:] for row in rows], np.uint64).reshape(-1, 2).T
    order = order_by_time_and_id(time, hi, lo)
    assert [rows[i][1:] for i in order.tolist()] == sorted(row[1:] for row in rows)
