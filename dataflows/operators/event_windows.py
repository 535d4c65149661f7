"""Sliding and session windows: the events that may still matter are kept, and what a batch touched is folded again.

Events lie sorted by (key, time, place in the log). A batch is merged in, and its events are marked as new. When
windows are taken, those that hold a new event are cut out as ranges of rows and reduced side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dataflows.operators import packing
from dataflows.operators.aggregates import (
    MOST_STORED,
    NO_NUMBER,
    NUMBERS,
    REDUCE,
    Aggregate,
    Count,
    Distinct,
    Last,
    amounts,
    column_of,
    ranked,
    reads_number,
    shown,
)
from dataflows.operators.columns import Columns, Key, code_keys, code_texts
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.panes import expanded, kept_codes
from dataflows.operators.places import order_by_time
from dataflows.operators.results import Results
from dataflows.operators.segments import Bools, Ints, starts_of
from dataflows.operators.windows import Session, Sliding


class EventWindows:
    """The windows of one task that begin or end with an event.

    Example:
        >>> from dataflows.operators.aggregates import Sum
        >>> windows = EventWindows(Session(60), ["who"], {"n": Count(), "points": Sum("score")}, lateness_ms=0)
        >>> said = [{"t": 1000, "who": "ann", "score": 2}, {"t": 31_000, "who": "ann", "score": 0.5}]
        >>> windows.add(Columns.of(said, texts=["who"], numbers=["score"]))
        >>> windows.take(low_ms=0).records(["who"])
        [{'who': 'ann', 'start_ms': 1000, 'end_ms': 31000, 'n': 2, 'points': 2.5}]
    """

    def __init__(
        self,
        window: Sliding | Session,
        key: Sequence[str],
        aggregates: Mapping[str, Aggregate],
        *,
        lateness_ms: int,
        only_final: bool = False,
    ) -> None:
        """Starts empty; the arguments are those of `PaneWindows`."""
        self._window, self._key = window, tuple(key)
        self._aggregates, self._lateness_ms, self._only_final = dict(aggregates), lateness_ms, only_final
        self._keys: Dictionary[Key] = Dictionary()
        named = {column: reads_number(a) for a in self._aggregates.values() if (column := column_of(a)) is not None}
        self._texts: dict[str, Dictionary[str]] = {
            column: Dictionary() for column, number in named.items() if not number
        }
        self._moment: packing.Wide = np.empty(0, np.complex128)
        self._placed: Ints = np.empty(0, np.int64)
        self._new: Bools = np.empty(0, np.bool_)
        self._columns: dict[str, Ints] = {column: np.empty(0, np.int64) for column in named}

    def add(self, events: Columns) -> None:
        """Takes events that are neither late nor repeated; those without a key are left out."""
        if not len(events):
            return
        code = code_keys(events, self._key, self._keys)
        rows = np.flatnonzero(code >= 0)
        moment = packing.wide(code[rows], events.time_ms[rows])
        first = order_by_time(moment, events.placed[rows])
        rows, moment = rows[first], moment[first]
        whole = np.concatenate([self._moment, moment])
        placed = np.concatenate([self._placed, events.placed[rows]])
        order = order_by_time(whole, placed, runs=True)
        self._moment, self._placed = whole[order], placed[order]
        self._new = np.concatenate([self._new, np.ones(len(rows), np.bool_)])[order]
        for column, held in self._columns.items():
            if column in self._texts:
                values = code_texts(events.texts[column].where(rows), self._texts[column])
            else:
                values = events.numbers[column][rows]
            self._columns[column] = np.concatenate([held, values])[order]

    @property
    def open_rows(self) -> int:
        """Events in the state."""
        return len(self._moment)

    def take(self, low_ms: int) -> Results:
        """Returns the windows that have changed (or have become final), and unmarks them.

        Args:
            low_ms: Up to when the task is settled.
        """
        if isinstance(self._window, Session):
            return self._sessions(low_ms)
        return self._slides(low_ms)

    def _slides(self, low_ms: int) -> Results:
        key, time_ms = packing.first_word(self._moment), packing.second_word(self._moment)
        last = np.append(starts_of(self._moment)[1:], len(key)) - 1 if len(key) else np.empty(0, np.intp)
        since = packing.wide(key[last], np.maximum(time_ms[last] - self._window.size_ms, 0))
        begin, end = np.searchsorted(self._moment, since, side="right"), last + 1
        news = np.concatenate([[0], np.cumsum(self._new)])
        due = news[end] > news[begin]
        if self._only_final:
            due &= time_ms[last] + self._lateness_ms <= low_ms
            # An event stays new until its own window is final; later windows are taken then, and once.
            due &= self._new[last]
            self._new[expanded(starts_of(self._moment)[due], end[due])[0]] = False
        else:
            self._new[:] = False
        begin, end, last = begin[due], end[due], last[due]
        return self._folded(begin, end, time_ms[last] - self._window.size_ms, time_ms[last])

    def _sessions(self, low_ms: int) -> Results:
        begin, end = self._ranges()
        key, time_ms = packing.first_word(self._moment), packing.second_word(self._moment)
        news = np.concatenate([[0], np.cumsum(self._new)])
        due = news[end] > news[begin]
        replaced: tuple[list[Key], Ints] = ([], np.empty(0, np.int64))
        if self._only_final:
            due &= self._ends(end) <= low_ms
        elif due.any():
            # What a key's first changed session and all later ones were before may have gone: they are given anew.
            of_key = key[begin]
            runs = starts_of(of_key)
            changed = np.maximum.accumulate(np.where(due, np.arange(len(due)), -1))
            since = np.repeat(runs, np.diff(runs, append=len(of_key)))
            first = np.zeros(len(due), np.bool_)
            before = np.concatenate([[-1], changed[:-1]])
            first[due & (before < since)] = True
            due = changed >= since
            replaced = [self._keys.values[c] for c in of_key[first].tolist()], time_ms[begin[first]]
        begin, end = begin[due], end[due]
        self._new[expanded(begin, end)[0]] = False
        results = self._folded(begin, end, time_ms[begin], time_ms[end - 1])
        results.replaced_key, results.replaced_ms = replaced
        return results

    def _ranges(self) -> tuple[Ints, Ints]:
        """Returns where each session begins, and after which row it ends."""
        key, time_ms = packing.first_word(self._moment), packing.second_word(self._moment)
        opens = np.ones(len(key), np.bool_)
        opens[1:] = (key[1:] != key[:-1]) | (time_ms[1:] - time_ms[:-1] >= self._window.size_ms)
        begin = np.flatnonzero(opens).astype(np.int64)
        return begin, np.append(begin[1:], len(key)).astype(np.int64) if len(begin) else begin

    def _ends(self, end: Ints) -> Ints:
        """Returns when sessions are final: no event that is still in time can join them."""
        found: Ints = packing.second_word(self._moment[end - 1]) + self._window.size_ms + self._lateness_ms
        return found

    def _folded(self, begin: Ints, end: Ints, start_ms: Ints, end_ms: Ints) -> Results:
        codes = packing.first_word(self._moment[end - 1])
        results = Results([self._keys.values[c] for c in codes.tolist()], start_ms, end_ms)
        rows, group = expanded(begin, end)
        starts = np.cumsum(end - begin) - (end - begin)
        for name, aggregate in self._aggregates.items():
            results.values[name] = self._value(name, aggregate, rows, group, starts, results)
        return results

    def _value(  # noqa: PLR0913
        self, name: str, aggregate: Aggregate, rows: Ints, group: Ints, starts: Ints, results: Results
    ) -> Any:  # noqa: ANN401
        if isinstance(aggregate, Count):
            return np.bincount(group, minlength=len(starts)).astype(np.int64)
        held = self._columns[aggregate.column][rows]
        if isinstance(aggregate, NUMBERS):
            reduced = REDUCE[type(aggregate)].reduceat(amounts(aggregate, held), starts) if len(starts) else held
            return shown(aggregate, reduced)
        said = held != NO_NUMBER if reads_number(aggregate) else held >= 0
        if isinstance(aggregate, Last):
            at = np.full(len(starts), -1, np.int64)
            np.maximum.at(at, group[said], np.flatnonzero(said))
            known = at >= 0
            times = packing.second_word(self._moment[rows[at[known]]])
            texts = None if reads_number(aggregate) else self._texts[aggregate.column].values
            results.note_last(name, known, held[at[known]], times, texts)
            return results.values[name]
        pairs, counts = np.unique(packing.wide(group[said], held[said]), return_counts=True)
        of, text = packing.first_word(pairs), packing.second_word(pairs)
        if isinstance(aggregate, Distinct):
            return np.bincount(of, minlength=len(starts)).astype(np.int64)
        found = ranked(of, text, counts, self._texts[aggregate.column].values, len(starts))
        return [texts[:MOST_STORED] for texts in found]

    def settle(self, low_ms: int) -> None:
        """Forgets what no later event can touch and has been taken.

        Args:
            low_ms: Up to when the task is settled.
        """
        if not len(self._moment):
            return
        keep = self._lasting_sessions(low_ms) if isinstance(self._window, Session) else self._lasting_slides(low_ms)
        if keep.all():
            return
        self._moment, self._placed, self._new = self._moment[keep], self._placed[keep], self._new[keep]
        self._columns = {column: held[keep] for column, held in self._columns.items()}
        self._tidy()

    def _lasting_sessions(self, low_ms: int) -> Bools:
        begin, end = self._ranges()
        news = np.concatenate([[0], np.cumsum(self._new)])
        keep: Bools = np.repeat((self._ends(end) > low_ms) | (news[end] > news[begin]), end - begin)
        return keep

    def _lasting_slides(self, low_ms: int) -> Bools:
        time_ms = packing.second_word(self._moment)
        # An instant that an event in time may still touch, or that was not taken yet, needs what lies within reach.
        needed = min(low_ms - self._lateness_ms, int(time_ms[self._new].min()) if self._new.any() else low_ms)
        keep: Bools = time_ms > needed - self._window.size_ms
        return keep

    def _tidy(self) -> None:
        """Forgets texts and keys of which no event speaks; the others keep their order, as does the state."""
        kept = kept_codes(self._keys, packing.first_word(self._moment))
        if kept is not None:
            self._keys, code = kept
            self._moment = packing.wide(code[packing.first_word(self._moment)], self._moment.imag)
        for column, known in self._texts.items():
            held = self._columns[column]
            if (fewer := kept_codes(known, held[held >= 0])) is not None:
                self._texts[column], code = fewer
                self._columns[column] = np.where(held >= 0, code[np.maximum(held, 0)], -1)

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "keys": list(self._keys.values),
            "texts": {column: list(known.values) for column, known in self._texts.items()},
            "moment": self._moment,
            "placed": self._placed,
            "new": self._new.copy(),
            "columns": dict(self._columns),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._keys = Dictionary(state["keys"])
        self._texts = {column: Dictionary(values) for column, values in state["texts"].items()}
        self._moment, self._placed, self._new = state["moment"], state["placed"], state["new"].copy()
        self._columns = dict(state["columns"])
