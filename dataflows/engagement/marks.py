"""Marks of open minutes: what sessions and days of students are folded from, in the order of time and of the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.operators import packing
from dataflows.operators.ordering import order_of
from dataflows.operators.places import order_by_time
from dataflows.operators.segments import Bools, Ints, starts_of


@dataclass(frozen=True, slots=True)
class Marks:
    """Interactions and explicit ends, sorted by (student, time, place in the log); arrays have shape (n,).

    Attributes:
        moment: Packed (student, time, kind of mark).
        placed: Place in the log.
        session: Code of the session id, `NO_SESSION` where there is none.
    """

    moment: packing.Wide
    placed: Ints
    session: Ints

    @classmethod
    def none(cls) -> Marks:
        """Returns no marks."""
        return cls(np.empty(0, np.complex128), np.empty(0, np.int64), np.empty(0, np.int64))

    def __len__(self) -> int:
        """How many."""
        return len(self.moment)

    @property
    def student(self) -> Ints:
        """The task's codes of the students."""
        return packing.moment_student(self.moment)

    @property
    def time_ms(self) -> Ints:
        """Epoch milliseconds."""
        return packing.moment_ms(self.moment)

    @property
    def minute(self) -> Ints:
        """Packed minutes."""
        return packing.moment_minute(self.moment)

    @property
    def kind(self) -> Ints:
        """`END`, `START` or `OTHER`."""
        return packing.moment_rank(self.moment)

    def take(self, index: Ints | Bools) -> Marks:
        """Returns some of the marks."""
        return Marks(self.moment[index], self.placed[index], self.session[index])

    def with_more(self, other: Marks) -> Marks:
        """Returns both as one, sorted."""
        if not len(other):
            return self
        if not len(self):
            return other
        both = Marks(
            np.concatenate([self.moment, other.moment]),
            np.concatenate([self.placed, other.placed]),
            np.concatenate([self.session, other.session]),
        )
        return both.take(order_by_time(packing.without_rank(both.moment), both.placed, runs=True))


@dataclass(frozen=True, slots=True)
class Recent:
    """When each student last interacted with a session id, as far as it may still go on; arrays have shape (n,).

    Attributes:
        student: The task's codes of the students.
        session: Codes of the session ids.
        last_ms: Epoch milliseconds.
    """

    student: Ints
    session: Ints
    last_ms: Ints

    @classmethod
    def none(cls) -> Recent:
        """Returns nothing."""
        return cls(*(np.empty(0, np.int64) for _ in range(3)))

    def take(self, index: Ints | Bools) -> Recent:
        """Returns some of the entries."""
        return Recent(self.student[index], self.session[index], self.last_ms[index])

    def with_later(self, other: Recent, since_ms: int) -> Recent:
        """Returns the later entry of each student and session id, those before `since_ms` left out."""
        both = Recent(
            np.concatenate([self.student, other.student]),
            np.concatenate([self.session, other.session]),
            np.concatenate([self.last_ms, other.last_ms]),
        )
        both = both.take(both.last_ms >= since_ms)
        key = packing.wide(both.student, both.session)
        # Of those that stand one behind the other the last one is the latest: what is to be sorted are far fewer.
        last = np.flatnonzero(np.append(key[1:] != key[:-1], True)[: len(key)])
        order = last[order_of(key[last])]
        starts = starts_of(key[order])
        if not len(starts):
            return self.none()
        first = order[starts]
        return Recent(both.student[first], both.session[first], np.maximum.reduceat(both.last_ms[order], starts))
