"""Stream–table join: what a table says of an event's key, as of the event's time where the table keeps history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from psycopg import sql

from dataflows.kafka.partition import stopping
from dataflows.operators.columns import Columns, Text
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Ints
from dataflows.sink.connection import APPLICATION, connect, retry_while_unavailable

ALWAYS: Final = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Join:
    """A table that is joined to the events.

    Attributes:
        table: The table (or view) in the database.
        on: The event's column; the table's bears the same name.
        take: What is taken of the table: the new column's name and the table's column.
        since: The table's column that says from when a row holds; None where only the present is kept.
        until: Likewise until when (exclusive; null: it still does).

    Example:
        >>> Join("enrolments", "student_id", {"home_class": "class_id"}, since="enrolled_at", until="left_at").on
        'student_id'
    """

    table: str
    on: str
    take: dict[str, str]
    since: str | None = None
    until: str | None = None


Row = tuple[str, int | None, int | None, tuple[str | None, ...]]
"""Of a table: the key, from when and until when it holds (epoch milliseconds or None), and what is taken."""


class AsOf:
    """A table by key and time. Of rows that hold at one time the one that began last counts, then the last in order.

    Example:
        >>> table = AsOf(["class"], [("ann", None, 100, ("7A",)), ("ann", 100, None, ("7B",))])
        >>> said = [{"t": 99, "who": "ann"}, {"t": 100, "who": "ann"}, {"t": 5, "who": "bob"}]
        >>> events = Columns.of(said, texts=["who"])
        >>> joined = table.join(events, "who").texts["class"]
        >>> [joined.values[code] for code in joined.codes.tolist()]
        ['7A', '7B', None]
    """

    def __init__(self, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Takes the table's rows.

        Args:
            names: The new columns.
            rows: The rows.
        """
        self._names = tuple(names)
        found = sorted(enumerate(rows), key=lambda item: (item[1][0], _or(item[1][1], ALWAYS), item[0]))
        kept = [row for _place, row in found]
        self._keys: Dictionary[str] = Dictionary(dict.fromkeys(key for key, *_rest in kept))
        key = self._keys.codes([row[0] for row in kept])
        self._until = np.array([_or(row[2], -ALWAYS) for row in kept], np.int64)
        self._since = np.array([_or(row[1], ALWAYS) for row in kept], np.int64)
        self._begin = np.searchsorted(key, np.arange(len(self._keys)))
        self._key = key
        self._values: list[list[str | None]] = [[row[3][n] for row in kept] for n in range(len(self._names))]

    def join(self, events: Columns, on: str) -> Columns:
        """Returns the events with the new columns.

        Args:
            events: The events.
            on: Their column that is looked up.
        """
        row = self._rows(events.texts[on], events.time_ms)
        texts = dict(events.texts)
        for name, values in zip(self._names, self._values, strict=True):
            # Row −1 is the last of the values: nothing is known.
            texts[name] = Text(np.where(row < 0, len(values), row), [*values, None])
        return Columns(events.time_ms, events.placed, texts, events.numbers)

    def _rows(self, text: Text, time_ms: Ints) -> Ints:
        known = dict(zip(self._keys.values, range(len(self._keys)), strict=True))
        table = np.array([known.get(value, -1) if value is not None else -1 for value in text.values] or [-1], np.int64)
        key = table[text.codes]
        row = np.full(len(key), -1, np.int64)
        rows = np.flatnonzero(key >= 0)
        if not len(rows):
            return row
        at = self._last_begun(key[rows], time_ms[rows])
        # Rows of one key may overlap: go back over those that have ended; almost always there are none.
        while len(rows):
            found = (at >= 0) & (self._key[at] == key[rows])
            holds = found & (self._until[at] > time_ms[rows])
            row[rows[holds]] = at[holds]
            again = found & ~holds
            rows, at = rows[again], at[again] - 1
        return row

    def _last_begun(self, key: Ints, time_ms: Ints) -> Ints:
        """Returns the last row up to each key and time, or −1."""
        order = np.lexsort(
            (
                np.concatenate([np.zeros(len(self._key)), np.ones(len(key))]),
                np.concatenate([self._since, time_ms]),
                np.concatenate([self._key, key]),
            )
        )
        is_row = order < len(self._key)
        last = np.maximum.accumulate(np.where(is_row, order, -1))
        out = np.empty(len(key), np.int64)
        out[order[~is_row] - len(self._key)] = last[~is_row]
        return out


def _or(value: int | None, other: int) -> int:
    return other if value is None else value


Load = Callable[[Join], Iterable[Row]]
"""Reads a table."""


class JoinTable:
    """Holds a joined table, and reads it again once a minute of the worker's time.

    A correction of the table does not change windows that are settled; `classpulse rebuild` makes them again with it.
    """

    def __init__(self, join: Join, load: Load, now_s: Callable[[], float], every_s: float = 60.0) -> None:
        """Reads nothing yet.

        Args:
            join: The table.
            load: Reads it.
            now_s: A monotonic clock.
            every_s: How often it is read.
        """
        self._join, self._load, self._now_s, self._every_s = join, load, now_s, every_s
        self._table: AsOf | None = None
        self._read_s = 0.0

    def __call__(self, events: Columns) -> Columns:
        """Returns the events with the new columns."""
        if self._table is None or self._now_s() - self._read_s > self._every_s:
            self._table, self._read_s = AsOf(list(self._join.take), self._load(self._join)), self._now_s()
        return self._table.join(events, self._join.on)


def from_database(url: str) -> Load:
    """Returns what reads tables of a database.

    Args:
        url: libpq URL of the workers' role, which must be allowed to read them.
    """

    def load(join: Join) -> list[Row]:
        def ms(column: str | None) -> Any:  # noqa: ANN401
            if column is None:
                return sql.SQL("NULL::bigint")
            return sql.SQL("(extract(epoch FROM {}) * 1000)::bigint").format(sql.Identifier(column))

        query = sql.SQL(
            "SELECT {key}, {since}, {until}, {values} FROM {table} WHERE {key} IS NOT NULL ORDER BY 1, 2"
        ).format(
            key=sql.Identifier(join.on),
            since=ms(join.since),
            until=ms(join.until),
            values=sql.SQL(", ").join(map(sql.Identifier, join.take.values())),
            table=sql.Identifier(join.table),
        )
        with connect(url, f"{APPLICATION}-join") as connection:
            return [(key, since, until, tuple(values)) for key, since, until, *values in connection.execute(query)]

    return lambda join: retry_while_unavailable(lambda: load(join), f"read {join.table}", stopping.is_set)
