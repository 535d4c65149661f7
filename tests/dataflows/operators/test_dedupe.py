"""The lowest offset of an event_id wins, for as long as the event could be counted."""

from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.dedupe import Seen, mix
from dataflows.operators.watermark import NEVER, Watermarks, is_late

MINUTE, LATENESS = 60_000, 60_000
HORIZON = MINUTE + LATENESS
Record = tuple[int, int, int]  # id, how long ago it happened, pause before it

records = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from((0, 0, 1, 30_000, 119_999, 120_000, 180_000)),
        st.sampled_from((0, 1, 999, 20_000, 60_000, 61_000)),
    ),
    max_size=60,
)


def halves(number: int) -> tuple[int, int]:
    """Ids that differ in one half only, and 0."""
    return (number % 3, number // 3)


def plainly(log: list[tuple[int, int]]) -> list[tuple[bool, bool]]:
    """Returns (late, first of its id) of each (id, event time)."""
    counted: dict[int, list[int]] = {}
    mark, found = NEVER, []
    for number, event in log:
        minute = event // MINUTE * MINUTE
        late = mark >= minute + HORIZON
        repeat = any(mark < other + HORIZON for other in counted.get(number, []))
        if not late and not repeat:
            counted.setdefault(number, []).append(minute)
        found.append((late, not late and not repeat))
        mark = max(mark, event)
    return found


@settings(deadline=None, max_examples=300)
@given(records, st.lists(st.integers(1, 20), min_size=1), st.booleans())
def test_any_batches_and_restarts_drop_what_a_dict_would_drop(
    given_records: list[Record], sizes: list[int], restart: bool
) -> None:
    now, log = 1_700_000_000_000, []
    for number, ago, pause in given_records:
        now += pause
        log.append((number, now - ago))
    marks, seen, found, start, turn = Watermarks(), Seen(HORIZON), list[tuple[bool, bool]](), 0, 0
    while start < len(log):
        piece = log[start : start + sizes[turn % len(sizes)]]
        start, turn = start + len(piece), turn + 1
        event = np.array([time for _, time in piece], np.int64)
        hi, lo = np.array([halves(number) for number, _ in piece], np.uint64).T
        before = marks.advance("t", event, event)
        minute = event // MINUTE * MINUTE
        late = is_late(before, minute + MINUTE, LATENESS)
        first = np.zeros(len(piece), np.bool_)
        first[~late] = seen.first_of(hi[~late], lo[~late], minute[~late], before[~late], marks.low)
        seen.forget(marks.low)
        if restart:
            again = Seen(HORIZON)
            again.restore(pickle.loads(pickle.dumps(seen.state())))
            seen = again
        found += list(zip(late.tolist(), first.tolist(), strict=True))
    assert found == plainly(log)


def test_an_id_is_forgotten_when_its_minute_can_no_longer_be_counted() -> None:
    seen = Seen(HORIZON)
    one, minute, before = np.array([1], np.uint64), np.array([600_000]), np.array([600_000])
    assert seen.first_of(one, one, minute, before, 600_000).tolist() == [True]
    seen.forget(600_000 + HORIZON - 1)
    assert len(seen.state()) == 1
    seen.forget(600_000 + HORIZON)
    assert len(seen.state()) == 0


def test_two_ids_that_share_a_word_are_two_ids() -> None:
    a, b, modulus = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 1 << 64
    hi = [7, 8]
    lo = [11, ((7 * a ^ 11 * b ^ 8 * a) % modulus) * pow(b, -1, modulus) % modulus]
    his, los = np.array(hi, np.uint64), np.array(lo, np.uint64)
    words = mix(his, los)
    assert words[0] == words[1]
    minute = np.array([0, 0])
    assert Seen(HORIZON).first_of(his, los, minute, minute, 0).tolist() == [True, True]
    seen = Seen(HORIZON)
    for i in (0, 1):
        assert seen.first_of(his[i : i + 1], los[i : i + 1], minute[:1], minute[:1], 0).tolist() == [True]
