"""Tumbling and hopping windows: aggregates by (window, key), kept up to date with each batch.

Event time is cut into panes of one hop. A batch is sorted once by (pane, key) and reduced; each group then goes into
the windows that hold its pane. Windows are numbered by their last pane. Distinct members are `TrailingMembers` of as
many panes as a window has: exact in any order, and a member costs only when it is new.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from dataflows.operators import packing
from dataflows.operators.aggregates import (
    MOST_STORED,
    NEUTRAL,
    NO_NUMBER,
    NUMBERS,
    REDUCE,
    Aggregate,
    Distinct,
    Last,
    TopK,
    amounts,
    column_of,
    ranked,
    reads_number,
    shown,
)
from dataflows.operators.columns import KEY_BITS, Columns, Key, code_keys, code_texts
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.hopping import TrailingMembers
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.latest import Latest
from dataflows.operators.ordering import order_of
from dataflows.operators.results import Results
from dataflows.operators.segments import Bools, Ints, found_in, starts_of
from dataflows.operators.windows import Hopping, Tumbling

_KEY_MASK: Final = (1 << KEY_BITS) - 1
_MEMBER_BITS: Final = 29
_MEMBER_MASK: Final = (1 << _MEMBER_BITS) - 1
_EVENTS: Final = 0
K = TypeVar("K", bound=Hashable)


class PaneWindows:
    """The open windows of one task.

    Example:
        >>> from dataflows.operators.aggregates import Count, Distinct
        >>> windows = PaneWindows(Tumbling(60), ["class"], {"n": Count(), "students": Distinct("who")}, lateness_ms=0)
        >>> said = [{"t": 5, "class": "7A", "who": "ann"}, {"t": 9, "class": "7A", "who": "ann"}]
        >>> windows.add(Columns.of(said, texts=["class", "who"]))
        >>> results = windows.take(low_ms=10)
        >>> results.key, results.end_ms.tolist(), results.values["n"].tolist(), results.values["students"].tolist()
        ([('7A',)], [60000], [2], [1])
    """

    def __init__(
        self,
        window: Tumbling | Hopping,
        key: Sequence[str],
        aggregates: Mapping[str, Aggregate],
        *,
        lateness_ms: int,
        only_final: bool = False,
    ) -> None:
        """Starts empty.

        Args:
            window: The windows.
            key: The columns of the key.
            aggregates: What to keep, by the name under which it is returned.
            lateness_ms: How long after a window's end its events may come.
            only_final: Whether a window is returned once, when it is final; else whenever it has changed.
        """
        self._hop_ms, self._panes = window.hop_ms, window.size_ms // window.hop_ms
        self._key, self._lateness_ms, self._only_final = tuple(key), lateness_ms, only_final
        self._aggregates = dict(aggregates)
        # One column of the table for each number and distinct count, after the count of events.
        in_table = [n for n, a in self._aggregates.items() if isinstance(a, (*NUMBERS, Distinct))]
        self._at = {name: place for place, name in enumerate(in_table, 1)}
        kinds = [type(self._aggregates[name]) for name in in_table]
        self._table = KeyedTable(
            (np.add, *(REDUCE.get(kind, np.add) for kind in kinds)), (0, *(NEUTRAL.get(kind, 0) for kind in kinds))
        )
        self._keys: Dictionary[Key] = Dictionary()
        self._texts: dict[str, Dictionary[str]] = {
            name: Dictionary() for name in self._of(Distinct, Last, TopK) if not reads_number(self._aggregates[name])
        }
        self._members = {name: TrailingMembers(self._panes) for name in self._of(Distinct)}
        self._latest = {name: Latest(1) for name in self._of(Last)}
        self._counts = {name: KeyedTable((np.add,), (0,), wide=True) for name in self._of(TopK)}

    def _of(self, *kinds: type) -> list[str]:
        return [name for name, aggregate in self._aggregates.items() if isinstance(aggregate, kinds)]

    def add(self, events: Columns) -> None:
        """Takes events that are neither late nor repeated; those without a key are left out."""
        if not len(events):
            return
        code = code_keys(events, self._key, self._keys)
        packed = (events.time_ms // self._hop_ms) << KEY_BITS | code
        order = order_of(packed) if code.min() >= 0 else _sorted_with_key(packed, code)
        if not len(order):
            return
        ordered = packed[order]
        starts = starts_of(ordered)
        groups = ordered[starts]
        columns: list[Ints | None] = [np.diff(starts, append=len(ordered))]
        for name in self._at:
            aggregate = self._aggregates[name]
            columns.append(None if isinstance(aggregate, Distinct) else self._reduced(aggregate, events, order, starts))
        self._table.add(self._exploded(groups), tuple(_tiled(column, self._panes) for column in columns))
        for name, trailing in self._members.items():
            self._add_members(name, trailing, events, order, ordered)
        for name, latest in self._latest.items():
            self._add_latest(name, latest, events, order, ordered)
        for name, counts in self._counts.items():
            self._add_counts(name, counts, events, order, ordered)

    def _reduced(self, aggregate: Any, events: Columns, order: Ints, starts: Ints) -> Ints:  # noqa: ANN401
        numbers = amounts(aggregate, events.numbers[aggregate.column][order])
        reduced: Ints = REDUCE[type(aggregate)].reduceat(numbers, starts)
        return reduced

    def _exploded(self, packed: Ints) -> Ints:
        """Returns (window, key) of all windows that hold (pane, key), window by window."""
        if self._panes == 1:
            return packed
        return (packed[None, :] + (np.arange(self._panes)[:, None] << KEY_BITS)).ravel()

    def _texts_of(self, name: str, events: Columns, order: Ints) -> tuple[Ints, Bools]:
        text = events.texts[column_of(self._aggregates[name]) or ""]
        code = code_texts(text.where(order), self._texts[name])
        return code, code >= 0

    def _add_members(self, name: str, trailing: TrailingMembers, events: Columns, order: Ints, ordered: Ints) -> None:
        member, said = self._texts_of(name, events, order)
        pane, key = ordered[said] >> KEY_BITS, ordered[said] & _KEY_MASK
        reached, changes = trailing.add(packing.wide(key << _MEMBER_BITS | member[said], pane))
        window = packing.second_word(reached) << KEY_BITS | packing.first_word(reached) >> _MEMBER_BITS
        columns: list[Ints | None] = [None] * (1 + len(self._at))
        columns[self._at[name]] = changes
        self._table.add(window, tuple(columns))

    def _add_latest(self, name: str, latest: Latest, events: Columns, order: Ints, ordered: Ints) -> None:
        value, said = self._latest_of(name, events, order)
        rows = order[said]
        packed, time_ms, placed, value = ordered[said], events.time_ms[rows], events.placed[rows], value[said]
        by_time = np.lexsort((placed, time_ms, packed))
        packed = packed[by_time]
        last = by_time[np.append(starts_of(packed)[1:], len(packed)) - 1] if len(packed) else by_time
        window = self._exploded(ordered[said][last])
        time_ms, placed, value = (np.tile(part[last], self._panes) for part in (time_ms, placed, value))
        again = np.lexsort((placed, time_ms, window))
        latest.add(window[again], time_ms[again], placed[again], value[again][:, None])

    def _latest_of(self, name: str, events: Columns, order: Ints) -> tuple[Ints, Bools]:
        if not reads_number(self._aggregates[name]):
            return self._texts_of(name, events, order)
        numbers = events.numbers[column_of(self._aggregates[name]) or ""][order]
        return numbers, numbers != NO_NUMBER

    def _add_counts(self, name: str, counts: KeyedTable, events: Columns, order: Ints, ordered: Ints) -> None:
        text, said = self._texts_of(name, events, order)
        keys, number = np.unique(_with_text(ordered[said], text[said]), return_counts=True)
        window, text = np.tile(packing.first_word(keys), self._panes), np.tile(packing.second_word(keys), self._panes)
        window += np.repeat(np.arange(self._panes), len(keys))
        counts.add(packing.wide(window, text), (np.tile(number.astype(np.int64), self._panes),))

    @property
    def open_rows(self) -> int:
        """Windows of keys in the state."""
        return len(self._table.key)

    def take(self, low_ms: int) -> Results:
        """Returns the windows that have changed (or have become final), and unmarks them.

        Args:
            low_ms: Up to when the task is settled.
        """
        due = self._table.dirty.copy()
        if self._only_final:
            due &= self._table.key >> KEY_BITS < self._first_open(low_ms)
        at = np.flatnonzero(due)
        self._table.dirty[at] = False
        packed, values = self._table.key[at], self._table.values[at]
        end_ms = ((packed >> KEY_BITS) + 1) * self._hop_ms
        results = Results(
            key=[self._keys.values[code] for code in (packed & _KEY_MASK).tolist()],
            start_ms=end_ms - self._panes * self._hop_ms,
            end_ms=end_ms,
        )
        for name, aggregate in self._aggregates.items():
            results.values[name] = self._value(name, aggregate, packed, values, results)
        return results

    def _value(self, name: str, aggregate: Aggregate, packed: Ints, values: Ints, results: Results) -> Any:  # noqa: ANN401
        if isinstance(aggregate, NUMBERS):
            return shown(aggregate, values[:, self._at[name]])
        if isinstance(aggregate, Distinct):
            return values[:, self._at[name]]
        if isinstance(aggregate, Last):
            known, at = found_in(packed, self._latest[name].key)
            rows = at[known]
            latest, texts = self._latest[name], None if reads_number(aggregate) else self._texts[name].values
            results.note_last(name, known, latest.values[rows, 0], latest.time_ms[rows], texts)
            return results.values[name]
        if isinstance(aggregate, TopK):
            return self._top(name, packed)
        return values[:, _EVENTS]

    def _top(self, name: str, packed: Ints) -> list[list[tuple[str, int]]]:
        counts = self._counts[name]
        # Both ascend: of each window due, the run of its texts.
        begin, end = (np.searchsorted(counts.key, _with_text(packed, more << _MEMBER_BITS)) for more in (0, 1))
        rows, group = expanded(begin, end)
        code = packing.second_word(counts.key[rows]) & _MEMBER_MASK
        found = ranked(group, code, counts.values[rows, 0], self._texts[name].values, len(packed))
        return [texts[:MOST_STORED] for texts in found]

    def _first_open(self, low_ms: int) -> int:
        """Returns the first window whose end plus the lateness is not settled."""
        return (low_ms - self._lateness_ms) // self._hop_ms

    def settle(self, low_ms: int) -> None:
        """Forgets what no later event can change and has been taken.

        Args:
            low_ms: Up to when the task is settled.
        """
        first = self._first_open(low_ms)
        keep = (self._table.key >> KEY_BITS >= first) | self._table.dirty
        if keep.all():
            return
        self._table.keep(keep)
        for trailing in self._members.values():
            trailing.drop_before(first)
        for latest in self._latest.values():
            latest.keep(found_in(latest.key, self._table.key)[0])
        for counts in self._counts.values():
            counts.keep(found_in(_without_text(counts.key), self._table.key)[0])
        self._tidy()

    def _tidy(self) -> None:
        """Forgets texts and keys that no open window speaks of; the others keep their order, as does the state."""
        table = self._table
        if (kept := kept_codes(self._keys, table.key & _KEY_MASK)) is not None:
            self._keys, code = kept
            table.key = _recoded(table.key, code)
            for trailing in self._members.values():
                first = packing.first_word(trailing.keys)
                first = code[first >> _MEMBER_BITS] << _MEMBER_BITS | first & _MEMBER_MASK
                trailing.keys = packing.wide(first, packing.second_word(trailing.keys))
            for latest in self._latest.values():
                latest.key = _recoded(latest.key, code)
            for counts in self._counts.values():
                second = packing.second_word(counts.key)
                second = code[second >> _MEMBER_BITS] << _MEMBER_BITS | second & _MEMBER_MASK
                counts.key = packing.wide(packing.first_word(counts.key), second)
        for name, trailing in self._members.items():
            first = packing.first_word(trailing.keys)
            if (fewer := kept_codes(self._texts[name], first & _MEMBER_MASK)) is not None:
                self._texts[name], code = fewer
                first = first >> _MEMBER_BITS << _MEMBER_BITS | code[first & _MEMBER_MASK]
                trailing.keys = packing.wide(first, packing.second_word(trailing.keys))
        for name, latest in self._latest.items():
            if name in self._texts and (fewer := kept_codes(self._texts[name], latest.values[:, 0])) is not None:
                self._texts[name], code = fewer
                latest.values = code[latest.values]
        for name, counts in self._counts.items():
            second = packing.second_word(counts.key)
            if (fewer := kept_codes(self._texts[name], second & _MEMBER_MASK)) is not None:
                self._texts[name], code = fewer
                second = second >> _MEMBER_BITS << _MEMBER_BITS | code[second & _MEMBER_MASK]
                counts.key = packing.wide(packing.first_word(counts.key), second)

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "keys": list(self._keys.values),
            "texts": {name: list(known.values) for name, known in self._texts.items()},
            "table": self._table.state(),
            "members": {name: trailing.keys for name, trailing in self._members.items()},
            "latest": {name: latest.state() for name, latest in self._latest.items()},
            "counts": {name: counts.state() for name, counts in self._counts.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._keys = Dictionary(state["keys"])
        self._texts = {name: Dictionary(values) for name, values in state["texts"].items()}
        self._table.restore(state["table"])
        self._members = {name: TrailingMembers(self._panes, keys) for name, keys in state["members"].items()}
        for name, part in state["latest"].items():
            self._latest[name].restore(part)
        for name, part in state["counts"].items():
            self._counts[name].restore(part)


def expanded(begin: npt.NDArray[Any], end: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Returns the rows of several ranges, one range after the other, and of each row which range it is of.

    Example:
        >>> [part.tolist() for part in expanded(np.array([2, 7]), np.array([4, 8]))]
        [[2, 3, 7], [0, 0, 1]]
    """
    lengths = end - begin
    group = np.repeat(np.arange(len(begin)), lengths)
    before = np.cumsum(lengths) - lengths
    rows = np.arange(int(lengths.sum())) - before[group] + begin[group]
    return rows.astype(np.int64), group.astype(np.int64)


def _sorted_with_key(packed: Ints, code: Ints) -> Ints:
    rows = np.flatnonzero(code >= 0)
    ordered: Ints = rows[order_of(packed[rows])]
    return ordered


def _tiled(column: Ints | None, times: int) -> Ints | None:
    return column if column is None or times == 1 else np.tile(column, times)


def kept_codes(known: Dictionary[K], used: Ints, few: int = 1024) -> tuple[Dictionary[K], Ints] | None:
    """Returns a dictionary of what is used, in the same order, and the new codes by old one (−1: not used).

    Args:
        known: The dictionary.
        used: Codes that are used, any order, with repeats.
        few: Dictionaries of fewer texts are not worth it.

    Returns:
        None where less than half would go.

    Example:
        >>> known, code = kept_codes(Dictionary(["a", "b", "c"]), np.array([2]), few=0)
        >>> known.values, code.tolist()
        (['c'], [-1, -1, 0])
    """
    if len(known) < few:
        return None
    present = np.zeros(len(known), np.bool_)
    present[used] = True
    if 2 * int(present.sum()) > len(known):
        return None
    values = [known.values[old] for old in np.flatnonzero(present).tolist()]
    return Dictionary(values), np.where(present, np.cumsum(present) - 1, -1)


def _with_text(packed: Ints, text: Any) -> packing.Wide:  # noqa: ANN401
    """Packs (window, key, text): the first word is the window."""
    return packing.wide(packed >> KEY_BITS, ((packed & _KEY_MASK) << _MEMBER_BITS) + text)


def _without_text(keys: packing.Wide) -> Ints:
    return packing.first_word(keys) << KEY_BITS | packing.second_word(keys) >> _MEMBER_BITS


def _recoded(packed: Ints, code: Ints) -> Ints:
    recoded: Ints = packed >> KEY_BITS << KEY_BITS | code[packed & _KEY_MASK]
    return recoded
