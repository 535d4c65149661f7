"""Where each pair of student and module stands: its curve, its domain and model, and its last counted review."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.memory.fold import Curves
from dataflows.memory.work import Codes, Work
from dataflows.operators.segments import Bools, Ints

NO_ROW: Final = -1


class Standing:
    """Where the pairs of one task stand; arrays have shape (pairs,).

    Attributes:
        curves: Their memory.
        domain: Their domains' codes.
        model: Their models' codes.
        last_row: The row of the last counted review; `NO_ROW` where there is none.
    """

    def __init__(self) -> None:
        """Starts without pairs."""
        self.curves = Curves.empty(0)
        self.domain: Codes = np.empty(0, np.int32)
        self.model: npt.NDArray[np.int8] = np.empty(0, np.int8)
        self.last_row: Codes = np.empty(0, np.int32)
        self._dirty: Bools = np.empty(0, np.bool_)

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.domain)

    def grow(self, more: int) -> None:
        """Makes room for so many more pairs."""
        parts, empty = asdict(self.curves), asdict(Curves.empty(more))
        self.curves = Curves(**{name: np.concatenate([part, empty[name]]) for name, part in parts.items()})
        self.domain = np.concatenate([self.domain, np.zeros(more, np.int32)])
        self.model = np.concatenate([self.model, np.zeros(more, np.int8)])
        self.last_row = np.concatenate([self.last_row, np.full(more, NO_ROW, np.int32)])
        self._dirty = np.concatenate([self._dirty, np.zeros(more, np.bool_)])

    def take(self, work: Work, now: Curves) -> None:
        """Makes a fold's outcome the state, and notes which pairs it changes.

        Args:
            work: What was folded.
            now: Each slot's curves after it.
        """
        slots = np.flatnonzero(work.refold | (now.reviews > work.start.reviews))
        pairs = work.pairs[slots]
        self.curves.put(pairs, now.take(slots))
        self.model[pairs] = work.model[slots]
        counted = np.flatnonzero(work.counted)
        self.last_row[work.pairs[work.refold]] = NO_ROW
        self.domain[work.pairs[work.refold]] = 0
        self.last_row[work.held.pair[counted]] = work.rows[counted]
        self.domain[work.held.pair[counted]] = work.domain[counted]
        self._dirty[pairs] = True

    def changed(self) -> Ints:
        """Returns the pairs whose state changed, and forgets them; those without reviews are no rows."""
        pairs = np.flatnonzero(self._dirty)
        self._dirty[pairs] = False
        return pairs[self.curves.reviews[pairs] > 0]

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "curves": asdict(self.curves),
            "domain": self.domain,
            "model": self.model,
            "last_row": self.last_row,
            "dirty": self._dirty,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self.curves = Curves(**{name: part.copy() for name, part in state["curves"].items()})
        self.domain, self.model = state["domain"].copy(), state["model"].copy()
        self.last_row, self._dirty = state["last_row"].copy(), state["dirty"].copy()
