"""Where each student stood when the last minute became final: the base from which everything else is folded."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from dataflows.operators.segments import Ints
from dataflows.operators.session import NO_TIME


@dataclass(slots=True)
class Base:
    """One entry a student code; all arrays have shape (students,) and dtype int64.

    Attributes:
        last_ms: Last interaction.
        end_ms: Last explicit session end.
        start_ms: Start of the current session.
        close_ms: The explicit end that closes that session, if one does.
        session_minutes: Distinct minutes with an interaction in it.
        weights: Fifteen nibbles of minute weights in tenths; the lowest is the minute of `last_ms`.
        day_bits: Bit i: an interaction on day `last_day` − i; 32 bits.
        last_day: Local day of `last_ms`, days since 1970-01-01.
        until_ms: When a playing video is expected to end.
        class_code: Code of the last class that an event carried, or -1.
    """

    last_ms: Ints
    end_ms: Ints
    start_ms: Ints
    close_ms: Ints
    session_minutes: Ints
    weights: Ints
    day_bits: Ints
    last_day: Ints
    until_ms: Ints
    class_code: Ints

    @classmethod
    def empty(cls, size: int) -> Base:
        """Returns the state of students of whom nothing is known."""
        never = np.full(size, NO_TIME, np.int64)
        zero = np.zeros(size, np.int64)
        return cls(
            last_ms=never.copy(),
            end_ms=never.copy(),
            start_ms=never.copy(),
            close_ms=never.copy(),
            session_minutes=zero.copy(),
            weights=zero.copy(),
            day_bits=zero.copy(),
            last_day=zero.copy(),
            until_ms=never.copy(),
            class_code=np.full(size, -1, np.int64),
        )

    def __len__(self) -> int:
        """How many students."""
        return len(self.last_ms)

    def grown_to(self, size: int) -> Base:
        """Returns the state with room for `size` students."""
        if size <= len(self):
            return self
        more = Base.empty(size - len(self))
        return Base(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(Base)))

    def of(self, students: Ints) -> Base:
        """Returns copies of the entries of some students."""
        return Base(*(getattr(self, f.name)[students] for f in fields(Base)))
