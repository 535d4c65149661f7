"""Session windows against a plain telling, cut at any instant."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators.session import (
    END,
    NO_TIME,
    OTHER,
    START,
    SessionCarry,
    assign_sessions,
    ends_to_give_again,
    same_session,
)

GAP, GRACE, ORIGIN = 1_800_000, 5_000, 1_700_000_000_000
Mark = tuple[int, int, int, int, int]  # member, milliseconds, place in the log, kind, session id or -1

times = st.one_of(st.integers(0, 40), st.integers(0, 7_200)).map(lambda tenths: tenths * 500)
kinds = st.sampled_from((END, END, START, OTHER, OTHER, OTHER))
marks = st.lists(st.tuples(st.integers(0, 2), times, kinds, st.sampled_from((-1, -1, 5, 6))), max_size=40).map(
    lambda found: sorted((m, t, place, kind, session) for place, (m, t, kind, session) in enumerate(found))
)


@dataclass
class Reported:
    """One member's story."""

    last: int | None = None
    start: int | None = None
    ends: tuple[int, ...] = ()
    used: dict[int, int] = field(default_factory=dict)

    def tell(self, now: int, kind: int, session: int) -> bool:
        """Takes the next mark; returns whether it opens a session."""
        if kind == END:
            self.ends = (*self.ends, now)
            return False
        last = self.last
        opens = kind == START or any(
            now > end + GRACE and last is not None and last <= end + GRACE for end in self.ends
        )
        goes_on = session in self.used and now - self.used[session] < GAP
        opens = last is None or now - last >= GAP or (opens and not goes_on)
        if opens:
            self.start = now
        if kind == START:
            self.ends = ()
        if session != -1:
            self.used[session] = now
        self.last = now
        return opens


def reported(given_marks: list[Mark]) -> list[tuple[bool, int | None]]:
    members = [Reported() for _ in range(3)]
    return [(members[m].tell(t, kind, session), members[m].start) for m, t, _place, kind, session in given_marks]


def nobody() -> SessionCarry:
    return SessionCarry(*(np.full(3, NO_TIME, np.int64) for _ in range(4)))


def assigned(
    given_marks: list[Mark], carry: SessionCarry, before: list[Mark]
) -> tuple[dict[Mark, tuple[bool, int | None]], SessionCarry]:
    """Assigns marks; `before`: those of earlier pieces, of whose session ids some may go on."""
    columns = np.array(given_marks, np.int64).reshape(-1, 5)
    member, time_ms, kind = columns[:, 0], columns[:, 1] + ORIGIN, columns[:, 3]
    goes_on = np.array([was >= 0 for was in going_on(sorted({*before, *given_marks}), given_marks)], np.bool_)
    found = assign_sessions(member, time_ms, kind, goes_on, carry, gap_ms=GAP, end_grace_ms=GRACE)
    after = SessionCarry(*(part.copy() for part in (carry.last_ms, carry.end_ms, carry.start_ms, carry.close_ms)))
    for i, m in enumerate(member.tolist()):  # the last row of each member wins
        after.last_ms[m], after.end_ms[m] = found.last_ms[i], found.end_ms[i]
        after.start_ms[m], after.close_ms[m] = found.start_ms[i], found.close_ms[i]
    starts = [None if start == NO_TIME else start - ORIGIN for start in found.start_ms.tolist()]
    return dict(zip(given_marks, zip(found.opens.tolist(), starts, strict=True), strict=True)), after


def going_on(all_marks: list[Mark], wanted: list[Mark]) -> list[int]:
    columns = np.array(all_marks, np.int64).reshape(-1, 5)
    rows = same_session(columns[:, 0], columns[:, 1], columns[:, 4], columns[:, 3] != END, GAP)
    by_mark = dict(zip(all_marks, rows.tolist(), strict=True))
    return [by_mark[mark] for mark in wanted]


def kept_ends(given_marks: list[Mark], cut: int) -> list[Mark]:
    columns = np.array(given_marks, np.int64).reshape(-1, 5)
    mask = ends_to_give_again(columns[:, 0], columns[:, 1], columns[:, 3], upto_ms=cut, end_grace_ms=GRACE)
    return [mark for mark, keep in zip(given_marks, mask.tolist(), strict=True) if keep]


@settings(deadline=None, max_examples=400)
@given(marks)
def test_sessions_are_those_of_a_plain_telling(given_marks: list[Mark]) -> None:
    found, _carry = assigned(given_marks, nobody(), [])
    assert [found[mark] for mark in given_marks] == reported(given_marks)


@settings(deadline=None, max_examples=600)
@given(marks, st.lists(times, min_size=1, max_size=3).map(sorted))
def test_cutting_the_marks_anywhere_gives_the_same_sessions(given_marks: list[Mark], split_points: list[int]) -> None:
    found: dict[Mark, tuple[bool, int | None]] = {}
    carry, again, since = nobody(), list[Mark](), -1
    for cut in [*split_points, 10**9]:
        piece = sorted({*again, *(mark for mark in given_marks if since <= mark[1] < cut)})
        part, carry = assigned(piece, carry, [mark for mark in given_marks if mark[1] < since])
        found |= {mark: part[mark] for mark in piece if mark not in again}
        again, since = kept_ends(piece, cut), cut
    assert [found[mark] for mark in given_marks] == reported(given_marks)


def test_an_end_that_opens_a_session_before_the_cut_may_close_the_next_one_after_it() -> None:
    given_marks = [(0, 45_000, 0, OTHER, -1), (0, 46_000, 1, END, -1), (0, 58_000, 2, END, -1)]
    later = [(0, 60_500, 3, OTHER, -1), (0, 63_500, 4, OTHER, -1)]
    _found, carry = assigned(given_marks, nobody(), [])
    again = kept_ends(given_marks, 60_000)
    assert again == [(0, 58_000, 2, END, -1)]
    found, _carry = assigned([*again, *later], carry, [])
    assert [found[mark][0] for mark in later] == [True, True]


def test_at_one_instant_the_log_says_whether_an_end_comes_before_a_start() -> None:
    begun = (0, 0, 0, OTHER, -1)
    ended, started = (0, 60_000, 1, END, -1), (0, 60_000, 2, START, -1)
    later = (0, 120_000, 3, OTHER, -1)
    found, _carry = assigned([begun, ended, started, later], nobody(), [])
    assert [found[mark] for mark in (started, later)] == [(True, 60_000), (False, 60_000)]
    started, ended = (0, 60_000, 1, START, -1), (0, 60_000, 2, END, -1)
    found, _carry = assigned([begun, started, ended, later], nobody(), [])
    assert [found[mark] for mark in (started, later)] == [(True, 60_000), (True, 120_000)]


def test_neither_a_start_nor_an_end_splits_a_session_id_that_goes_on() -> None:
    given_marks = [
        (0, 0, 0, OTHER, 5),
        (0, 1_000, 1, START, 5),
        (0, 60_000, 2, END, 5),
        (0, 120_000, 3, OTHER, 5),
        (0, 180_000, 4, START, 6),
        (0, 240_000, 5, START, 5),
        (0, 240_000 + GAP - 1, 6, START, 5),
        (0, 240_000 + 2 * GAP - 1, 7, OTHER, 5),
    ]
    found, _carry = assigned(given_marks, nobody(), [])
    assert [at for at, mark in enumerate(given_marks) if found[mark][0]] == [0, 4, 7]
