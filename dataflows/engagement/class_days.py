"""Days by class: what a student did in each class on days on which that was more than one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from dataflows.operators import packing
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.ordering import distinct
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.tumbling import DistinctMembers

DAY_BITS: Final = 20
_MAX_CLASSES: Final = 1 << 17
"""More classes than a task's open days ever have: beyond them an interaction counts in no class."""


class ClassDays:
    """Distinct minutes and interactions by student, day and class (None: an interaction that names none).

    A day with one class alone has no rows here: `student_days` says all of it.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._classes: Dictionary[str | None] = Dictionary([None])
        self._minutes = DistinctMembers()
        self._days = KeyedTable((np.add, np.add), (0, 0), wide=True)

    def add(
        self, student: Ints, minute: Ints, class_id: Ints, texts: list[str | None], day_of: Callable[[Ints], Ints]
    ) -> None:
        """Counts interactions.

        Args:
            student: Task's student codes, shape (n,).
            minute: Packed minutes.
            class_id: Indices of `texts`; -1 where none is named.
            texts: The classes' ids, among others.
            day_of: Local days of packed minutes.
        """
        if not len(student):
            return
        used, at = distinct(class_id)
        code = self._codes([None if c < 0 else texts[c] for c in used.tolist()])[at]
        self._days.add(_key(student, day_of(minute), code), (None, np.ones(len(student), np.int64)))
        new = self._minutes.add(packing.window_scope_student(minute, code, student))
        of_class = packing.first_word(new)
        key = _key(packing.second_word(new), day_of(packing.window_of(of_class)), packing.scope_in(of_class))
        self._days.add(key, (np.ones(len(new), np.int64), None))

    def rows(self, pairs: Ints) -> tuple[Ints, list[str], Ints]:
        """Returns the rows of students' days with more than one class.

        Args:
            pairs: Packed (student, day), ascending, each once.

        Returns:
            For each row its pair, its class (empty: none named), and its minutes and interactions.
        """
        lower, upper = (np.searchsorted(self._days.key, packing.wide(pair, 0)) for pair in (pairs, pairs + 1))
        several = upper - lower > 1
        at = [np.arange(a, b) for a, b in zip(lower[several].tolist(), upper[several].tolist(), strict=True)]
        rows = np.concatenate(at) if at else np.empty(0, np.int64)
        key = self._days.key[rows]
        names = [self._classes.values[code] or "" for code in packing.second_word(key).tolist()]
        return packing.first_word(key), names, self._days.values[rows]

    def settle(self, minute: int) -> None:
        """Forgets which minutes before `minute` (packed) were counted: nothing can come for them any more."""
        self._minutes.keep(packing.window_of(packing.first_word(self._minutes.keys)) >= minute)

    def drop_days(self, over: Callable[[Ints], Bools]) -> None:
        """Forgets the days for which `over` holds."""
        self._days.keep(~over(packing.first_word(self._days.key) & ((1 << DAY_BITS) - 1)))

    def _codes(self, names: list[str | None]) -> Ints:
        if len(self._classes) + len(names) > _MAX_CLASSES:
            self._compact()
        room = _MAX_CLASSES - len(self._classes)
        known = set(self._classes.values) if len(names) > room else None
        return self._classes.codes(names if known is None else [name if name in known else None for name in names])

    def _compact(self) -> None:
        """Gives up the codes of classes that no open day or minute speaks of; the others keep their order."""
        days, minutes = self._days.key, packing.first_word(self._minutes.keys)
        in_days, in_minutes = packing.second_word(days), packing.scope_in(minutes)
        used = np.unique(np.concatenate([np.zeros(1, np.int64), in_days, in_minutes]))
        code = np.zeros(len(self._classes), np.int64)
        code[used] = np.arange(len(used))
        self._classes = Dictionary([self._classes.values[c] for c in used.tolist()])
        self._days.key = packing.wide(packing.first_word(days), code[in_days])
        window = packing.window_scope(packing.window_of(minutes), code[in_minutes])
        self._minutes.keys = packing.wide(window, packing.second_word(self._minutes.keys))

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {"classes": list(self._classes.values), "minutes": self._minutes.keys, "days": self._days.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._classes, self._minutes = Dictionary(state["classes"]), DistinctMembers(state["minutes"])
        self._days.restore(state["days"])


def _key(student: Ints, day: Ints, code: Ints) -> packing.Wide:
    return packing.wide(student << DAY_BITS | day, code)
