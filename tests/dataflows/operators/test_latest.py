"""The last values by key are those of the last event by time, then place in the log, in any order of arrival."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.latest import Latest
from dataflows.operators.places import PLACE_BITS, order_by_time, placed

event = st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from((0, 1, 10**12, 5 * 10**12 + 3)))
events = st.lists(st.lists(event, max_size=12), max_size=6)


@settings(deadline=None)
@given(events)
def test_the_last_value_is_that_of_a_plain_maximum(given_batches: list[list[tuple[int, int, int]]]) -> None:
    latest, plain, number = Latest(1), dict[int, tuple[tuple[int, int], int]](), 0
    for batch in given_batches:
        # a place in the log comes once
        known = {(key, *stamp) for key, (stamp, _value) in plain.items()}
        fresh = sorted({row for row in batch if row not in known})
        values = range(number, number := number + len(fresh))
        key, time, place = np.array(fresh, np.int64).reshape(-1, 3).T
        latest.add(key, time, place, np.array(values, np.int64)[:, None])
        for row, value in zip(fresh, values, strict=True):
            plain[row[0]] = max(plain.get(row[0], ((-1, 0), -1)), (row[1:], value))
    assert latest.key.tolist() == sorted(plain)
    assert latest.get(np.arange(6), -7)[:, 0].tolist() == [plain[k][1] if k in plain else -7 for k in range(6)]
    again = Latest(1)
    again.restore(latest.state())
    latest.keep(latest.key != 2)
    assert again.key.tolist() == sorted(plain)
    assert latest.key.tolist() == sorted(set(plain) - {2})


@given(st.lists(event, max_size=30))
def test_events_are_ordered_by_time_and_ties_by_their_place(rows: list[tuple[int, int, int]]) -> None:
    _key, time, place = np.array(rows, np.int64).reshape(-1, 3).T
    order = order_by_time(time, place)
    assert [rows[i][1:] for i in order.tolist()] == sorted(row[1:] for row in rows)


def test_a_topic_of_lower_rank_comes_before_whatever_its_places_and_eras() -> None:
    last_place = np.array([(1 << PLACE_BITS) - 1])
    assert placed(0, last_place)[0] < placed(1, np.array([0]))[0] < placed(7, last_place)[0] < 1 << 62
