"""Where events count: the scopes of a place, and their codes, of which only so many are open as one can count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from dataflows import metrics
from dataflows.events.coding import Place
from dataflows.operators.admission import Admission
from dataflows.operators.dictionary import Dictionary, RowCache
from dataflows.operators.segments import Ints

Scope = tuple[str, str]

OTHER: Final = "~other"
"""The scope_id of events beyond the first `MOST` of a kind in one minute."""
MOST: Final = 10_000
"""Different scopes of one kind that a task counts apart in one minute of one topic."""

_KINDS: Final = ("all", "class", "grade", "subject", "course", "chapter", "class_chapter")
_COMPACT_FROM: Final = 100_000
_MOST_CODES: Final = (1 << 21) - 64


def scopes_of(place: Place) -> list[Scope]:
    """Returns the scopes that an event at a place counts in.

    Example:
        >>> scopes_of(("7B", None, None, None, "ch/3"))
        [('all', 'all'), ('class', '7B'), ('chapter', 'ch/3'), ('class_chapter', '7B/ch%2F3')]
    """
    class_id, *_, chapter_id = place
    both = None
    if class_id is not None and chapter_id is not None:
        both = f"{class_id.replace('/', '%2F')}/{chapter_id.replace('/', '%2F')}"
    named = zip(_KINDS, ("all", *place, both), strict=True)
    return [(kind, scope_id) for kind, scope_id in named if scope_id is not None]


class Scopes:
    """The codes of a task's open scopes.

    Whoever sends ids that nobody has seen before, one an event, must not fill the memory: of each kind, the first
    `MOST` scopes of a minute are counted apart, whatever comes after them as one, `OTHER`.

    Attributes:
        known: The scopes by code.
    """

    def __init__(self) -> None:
        """Starts without scopes."""
        self.known: Dictionary[Scope] = Dictionary()
        self._codes_of = RowCache(len(_KINDS), self._row)
        self._admission = Admission(MOST)

    def __len__(self) -> int:
        """How many scopes have a code."""
        return len(self.known)

    def of(self, topic: str, places: list[Place], minute: Ints, place: Ints, at: Ints) -> Ints:
        """Returns the scopes of places in minutes, shape (n, kinds); -1 where a place has none of a kind.

        Args:
            topic: The topic that tells of them.
            places: Places by code.
            minute: Packed minutes, shape (n,).
            place: Codes of places.
            at: Where the first event of each is in the log.
        """
        scope = self._codes_of.rows(places)[place]
        row, kind = np.nonzero(scope >= 0)
        fits = self._admission.admit(topic, minute[row] << 3 | kind, scope[row, kind], at[row])
        if not fits.all():
            others = np.array([self.known.code((name, OTHER)) for name in _KINDS], np.int64)
            scope[row[~fits], kind[~fits]] = others[kind[~fits]]
            metrics.SCOPES_OVER.inc(int((~fits).sum()))
        return scope

    def _row(self, place: Place) -> list[int]:
        row = dict.fromkeys(_KINDS, -1)
        for kind, scope_id in scopes_of(place):
            # The second bound is never met unless time stands still for hours while ids pour in.
            full = len(self.known) >= _MOST_CODES
            row[kind] = self.known.code((kind, OTHER) if full and kind != "all" else (kind, scope_id))
        return list(row.values())

    def drop_before(self, minute: int) -> None:
        """Forgets what was admitted in the minutes (packed) before one."""
        self._admission.keep(lambda group: group >> 3 >= minute)

    def compacted(self, spoken_of: Iterable[Ints]) -> Ints | None:
        """Gives up the codes of scopes that no open window speaks of, where they are many.

        Args:
            spoken_of: Codes in use.

        Returns:
            The new code of each old one, in the same order; None where nothing has changed.
        """
        if len(self.known) <= _COMPACT_FROM:
            return None
        used = np.unique(np.concatenate([*spoken_of, self._admission.members()]))
        if len(used) * 2 > len(self.known):
            return None
        code = np.full(len(self.known), -1, np.int64)
        code[used] = np.arange(len(used))
        self.known = Dictionary([self.known.values[c] for c in used.tolist()])
        self._codes_of.clear()
        self._admission.renumber(code)
        return code

    def state(self) -> Any:  # noqa: ANN401
        """Returns what a snapshot must hold."""
        return list(self.known.values), self._admission.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's state."""
        self.known = Dictionary(state[0])
        self._codes_of.clear()
        self._admission.restore(state[1])
