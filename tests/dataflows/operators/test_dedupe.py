"""The first record of an event_id counts, for as long as the id is known, whatever times its records give."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators import dedupe
from dataflows.operators.dedupe import HOUR_MS, Seen, SeenByTopic, mix
from dataflows.operators.watermark import Watermarks
from tests.oracle.ids import KnownIds

KNOWN = 2 * HOUR_MS
Record = tuple[int, int, int]  # id, how long ago it happened, pause before it

records = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from((0, 0, 1, 30_000, HOUR_MS, 5 * HOUR_MS)),
        st.sampled_from((0, 1, 20_000, HOUR_MS - 1, HOUR_MS, 3 * HOUR_MS)),
    ),
    max_size=60,
)


def halves(number: int) -> tuple[int, int]:
    """Ids that differ in one half only, and 0."""
    return (number % 3, number // 3)


@settings(deadline=None, max_examples=300)
@given(records, st.lists(st.integers(1, 20), min_size=1), st.booleans(), st.sampled_from((0, 3, 1000)))
def test_any_batches_and_restarts_drop_what_a_dict_would_drop(
    given_records: list[Record], sizes: list[int], restart: bool, fresh: int
) -> None:
    now, log = 1_700_000_000_000, []
    for number, ago, pause in given_records:
        now += pause
        log.append((number, now - ago))
    plain, expected, mark = KnownIds(KNOWN), [], -(1 << 62)
    for number, at in log:
        expected.append(not plain.is_repeat(str(number), at, mark))
        mark = max(mark, at)
    marks, seen, found, start, turn = Watermarks(), Seen(KNOWN), list[bool](), 0, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedupe, "_FRESH", fresh)
        while start < len(log):
            piece = log[start : start + sizes[turn % len(sizes)]]
            start, turn = start + len(piece), turn + 1
            event = np.array([time for _, time in piece], np.int64)
            hi, lo = np.array([halves(number) for number, _ in piece], np.uint64).T
            found += seen.first_of(hi, lo, event, marks.advance("t", event, event)).tolist()
            if restart:
                again = Seen(KNOWN)
                again.restore(pickle.loads(pickle.dumps(seen.state())))
                seen = again
    assert found == expected


def test_an_id_is_forgotten_when_no_later_record_can_know_of_it() -> None:
    seen = Seen(KNOWN)
    one, other = (np.array([number], np.uint64) for number in (1, 2))
    seen.first_of(one, one, np.array([0]), np.array([0]))
    for met, known in ((3 * HOUR_MS - 1, 2), (3 * HOUR_MS, 1)):
        seen.first_of(other, other, np.array([met]), np.array([met]))
        assert len(seen) == known


def test_each_topic_knows_its_own_ids() -> None:
    seen, again = SeenByTopic(KNOWN), SeenByTopic(KNOWN)
    one, now = np.array([1], np.uint64), np.array([0])
    assert [seen.of(topic).first_of(one, one, now, now).item() for topic in ("a", "b", "a")] == [True, True, False]
    again.restore(pickle.loads(pickle.dumps(seen.state())))
    assert not again.of("b").first_of(one, one, now, now).item()


def test_ids_that_count_up_have_words_far_apart_and_all_different() -> None:
    numbers = np.arange(1 << 20, dtype=np.uint64)
    for hi, lo in ((numbers, numbers * np.uint64(0)), (numbers * np.uint64(0), numbers), (numbers, numbers)):
        words = mix(hi, lo)
        assert len(np.unique(words)) == len(numbers)
        assert len(np.unique(words >> np.uint64(44))) > 0.6 * len(numbers)
