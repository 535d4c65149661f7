"""Session windows against a plain telling, cut at any instant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.session import (
    NO_TIME,
    RANK_END,
    RANK_OTHER,
    RANK_START,
    SessionCarry,
    assign_sessions,
    ends_to_give_again,
)

GAP, GRACE, ORIGIN = 1_800_000, 5_000, 1_700_000_000_000
Mark = tuple[int, int, int]  # member, milliseconds, rank

times = st.one_of(st.integers(0, 40), st.integers(0, 7_200)).map(lambda tenths: tenths * 500)
marks = st.lists(
    st.tuples(
        st.integers(0, 2), times, st.sampled_from((RANK_END, RANK_END, RANK_START, RANK_OTHER, RANK_OTHER, RANK_OTHER))
    ),
    max_size=40,
).map(sorted)


@dataclass
class Told:
    """One member's story."""

    last: int | None = None
    start: int | None = None
    explicit: int | None = None
    ends: tuple[int, ...] = ()

    def tell(self, now: int, rank: int) -> bool:
        """Takes the next mark; returns whether it opens a session."""
        if rank == RANK_END:
            self.ends = (*self.ends, now)
            return False
        last = self.last
        opens = rank == RANK_START or last is None or now - last >= GAP
        opens = opens or any(
            now > end + GRACE and last is not None and last <= end + GRACE
            for end in self.ends
            if self.explicit is None or end > self.explicit
        )
        if opens:
            self.start = now
        if rank == RANK_START:
            self.explicit = now
        self.last = now
        return opens


def told(given_marks: list[Mark]) -> list[tuple[bool, int | None]]:
    members = [Told() for _ in range(3)]
    return [(members[m].tell(t, rank), members[m].start) for m, t, rank in given_marks]


def nobody() -> SessionCarry:
    return SessionCarry(*(np.full(3, NO_TIME, np.int64) for _ in range(4)))


def assigned(given_marks: list[Mark], carry: SessionCarry) -> tuple[dict[Mark, tuple[bool, int | None]], SessionCarry]:
    columns = np.array(given_marks, np.int64).reshape(-1, 3)
    member, time_ms, rank = columns[:, 0], columns[:, 1] + ORIGIN, columns[:, 2]
    found = assign_sessions(member, time_ms, rank, carry, gap_ms=GAP, end_grace_ms=GRACE)
    after = SessionCarry(*(part.copy() for part in (carry.last_ms, carry.end_ms, carry.start_ms, carry.close_ms)))
    for i, m in enumerate(member.tolist()):  # the last row of each member wins
        after.last_ms[m], after.end_ms[m] = found.last_ms[i], found.end_ms[i]
        after.start_ms[m], after.close_ms[m] = found.start_ms[i], found.close_ms[i]
    starts = [None if start == NO_TIME else start - ORIGIN for start in found.start_ms.tolist()]
    return dict(zip(given_marks, zip(found.opens.tolist(), starts, strict=True), strict=True)), after


def kept_ends(given_marks: list[Mark], cut: int) -> list[Mark]:
    columns = np.array(given_marks, np.int64).reshape(-1, 3)
    mask = ends_to_give_again(columns[:, 0], columns[:, 1], columns[:, 2], upto_ms=cut, end_grace_ms=GRACE)
    return [mark for mark, keep in zip(given_marks, mask.tolist(), strict=True) if keep]


@settings(deadline=None, max_examples=400)
@given(marks.map(lambda found: sorted(set(found))))
def test_sessions_are_those_of_a_plain_telling(given_marks: list[Mark]) -> None:
    found, _carry = assigned(given_marks, nobody())
    assert [found[mark] for mark in given_marks] == told(given_marks)


@settings(deadline=None, max_examples=600)
@given(marks.map(lambda found: sorted(set(found))), st.lists(times, min_size=1, max_size=3).map(sorted))
def test_cutting_the_marks_anywhere_gives_the_same_sessions(given_marks: list[Mark], cuts: list[int]) -> None:
    found: dict[Mark, tuple[bool, int | None]] = {}
    carry, again, since = nobody(), list[Mark](), -1
    for cut in [*cuts, 10**9]:
        piece = sorted({*again, *(mark for mark in given_marks if since <= mark[1] < cut)})
        part, carry = assigned(piece, carry)
        found |= {mark: part[mark] for mark in piece if mark not in again}
        again, since = kept_ends(piece, cut), cut
    assert [found[mark] for mark in given_marks] == told(given_marks)


def test_an_end_that_opens_a_session_before_the_cut_may_close_the_next_one_after_it() -> None:
    given_marks = [(0, 45_000, RANK_OTHER), (0, 46_000, RANK_END), (0, 58_000, RANK_END)]
    later = [(0, 60_500, RANK_OTHER), (0, 63_500, RANK_OTHER)]
    _found, carry = assigned(given_marks, nobody())
    again = kept_ends(given_marks, 60_000)
    assert again == [(0, 58_000, RANK_END)]
    found, _carry = assigned([*again, *later], carry)
    assert [found[mark][0] for mark in later] == [True, True]
