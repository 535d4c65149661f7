"""Events as columns: times, places in the log, and the declared texts and numbers, whichever decoder they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from dataflows.operators.aggregates import fixed_point
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Bools, Ints

KEY_BITS: Final = 24
_DENSE: Final = 1 << 16

MOST_PARTS: Final = 3
"""So many columns a key may have: of a batch of a million events their codes still fit into one word."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One text column.

    Attributes:
        codes: Indices into `values`, shape (n,).
        values: Texts, None for what an event does not say; one text may stand there more than once.
    """

    codes: Ints
    values: Sequence[str | None]

    def where(self, rows: Bools | Ints) -> Text:
        """Returns the rows of a mask or of indices."""
        return Text(self.codes[rows], self.values)

    def among(self, texts: Sequence[str]) -> Bools:
        """Returns which rows hold one of these texts."""
        if not len(self.values):
            return np.zeros(len(self.codes), np.bool_)
        chosen: Bools = np.array([value in texts for value in self.values], np.bool_)[self.codes]
        return chosen

    @property
    def said(self) -> Bools:
        """Which rows hold a text."""
        if not len(self.values):
            return np.zeros(len(self.codes), np.bool_)
        present: Bools = np.array([value is not None for value in self.values], np.bool_)[self.codes]
        return present


@dataclass(slots=True)
class Columns:
    """Events of one topic-partition, in log order; arrays have shape (n,).

    Attributes:
        time_ms: Event times, epoch milliseconds.
        placed: Places in the log (`places.placed`): they decide between events of one instant.
        texts: The declared text columns.
        numbers: The declared numbers, in thousandths (`aggregates.fixed_point`).

    Example:
        >>> events = Columns.of([{"t": 5, "class_id": "7A"}, {"t": 7, "class_id": None}], texts=["class_id"])
        >>> len(events), events.where(np.array([False, True])).time_ms.tolist()
        (2, [7])
    """

    time_ms: Ints
    placed: Ints
    texts: dict[str, Text] = field(default_factory=dict)
    numbers: dict[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        records: Sequence[dict[str, object]],
        *,
        texts: Sequence[str] = (),
        numbers: Sequence[str] = (),
        time: str = "t",
    ) -> Columns:
        """Returns records as columns, in their order; for examples and tests of operators.

        Args:
            records: One dict an event.
            texts: Names of text columns.
            numbers: Names of numbers.
            time: Name of the event time in epoch milliseconds.
        """
        columns = cls(np.array([r[time] for r in records], np.int64), np.arange(len(records)))
        for name in texts:
            known = Dictionary[str | None]()
            codes = known.codes([r.get(name) for r in records])  # type: ignore[misc]
            columns.texts[name] = Text(codes, known.values)
        for name in numbers:
            given = [np.nan if r.get(name) is None else r[name] for r in records]
            columns.numbers[name] = fixed_point(np.array(given, np.float64))
        return columns

    def __len__(self) -> int:
        """How many events."""
        return len(self.time_ms)

    def where(self, rows: Bools | Ints) -> Columns:
        """Returns the events of a mask or of indices."""
        return Columns(
            self.time_ms[rows],
            self.placed[rows],
            {name: text.where(rows) for name, text in self.texts.items()},
            {name: numbers[rows] for name, numbers in self.numbers.items()},
        )


def text_of(column: pl.Series) -> Text:
    """Returns a column of texts as codes.

    Example:
        >>> text_of(pl.Series(["b", None, "b"])).values
        ['b', None]
    """
    # `unique` sorts nothing and joins are hashed: a batch has few different texts.
    values = column.unique(maintain_order=True)
    codes = pl.DataFrame({"text": column}).join(
        pl.DataFrame({"text": values, "code": np.arange(len(values))}),
        on="text",
        how="left",
        maintain_order="left",
        nulls_equal=True,
    )
    return Text(codes["code"].to_numpy(), values.to_list())


def code_texts(text: Text, known: Dictionary[str]) -> Ints:
    """Returns codes that last beyond the batch, −1 for what is not said.

    Args:
        text: The column.
        known: Gives the codes, and is told new texts.

    Example:
        >>> known = Dictionary(["b"])
        >>> code_texts(Text(np.array([0, 1, 2]), ["a", None, "b"]), known).tolist(), known.values
        ([1, -1, 0], ['b', 'a'])
    """
    table = np.full(len(text.values), -1, np.int64)
    present = np.zeros(len(text.values), np.bool_)
    present[text.codes] = True
    used = [code for code in np.flatnonzero(present).tolist() if text.values[code] is not None]
    table[used] = known.codes([text.values[code] for code in used])  # type: ignore[misc]
    return table[text.codes]


def code_keys(columns: Columns, names: Sequence[str], known: Dictionary[Key]) -> Ints:
    """Returns a code of each event's key, −1 where a part of it is not said.

    Args:
        columns: The events.
        names: The columns of the key, at most `MOST_PARTS`.
        known: Gives the codes, and is told new keys.

    Raises:
        OverflowError: Where more than 2²⁴ keys are open at once.
    """
    packed, size = np.zeros(len(columns), np.int64), 1
    for name in names:
        text = columns.texts[name]
        width = max(1, len(text.values))
        packed, size = packed * width + text.codes, size * width
    if size <= max(_DENSE, 4 * len(columns)):
        present = np.zeros(size, np.bool_)
        present[packed] = True
        used = np.flatnonzero(present)
        at = (np.cumsum(present) - 1)[packed]
    else:
        used, at = np.unique(packed, return_inverse=True)
    found: Ints = _reported(used, columns, names, known)[at]
    return found


def _reported(used: Ints, columns: Columns, names: Sequence[str], known: Dictionary[Key]) -> Ints:
    """Returns the codes of keys whose parts' local codes are packed in `used`."""
    parts: list[list[str | None]] = []
    for name in reversed(names):
        values = columns.texts[name].values
        used, code = np.divmod(used, max(1, len(values)))
        parts.append([values[c] for c in code.tolist()])
    keys = list(zip(*reversed(parts), strict=True)) if names else [()] * len(used)
    whole = [at for at, key in enumerate(keys) if None not in key]
    out = np.full(len(keys), -1, np.int64)
    out[whole] = known.codes([keys[at] for at in whole])
    if len(known) > 1 << KEY_BITS:
        text = f"more than {1 << KEY_BITS:,} keys ({', '.join(names)}) are open in one task: choose a coarser key"
        raise OverflowError(text)
    return out
