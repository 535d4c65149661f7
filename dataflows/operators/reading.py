"""From records to declared columns: the fast decoder where it knows them all, else the one that reads everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from dataflows.batch import Records
from dataflows.events.coded import Coded, decode_coded
from dataflows.events.full import TEXTS, Full, decode_full
from dataflows.events.rejects import Reject
from dataflows.events.rules import Rules
from dataflows.operators.aggregates import fixed_point
from dataflows.operators.columns import Columns, Text, text_of
from dataflows.operators.places import placed
from dataflows.operators.segments import Bools, Ints

METADATA: Final = "metadata."
"""A column of this prefix is what the event's metadata say under that name."""

_PLACES: Final = ("class_id", "grade", "subject_id", "course_id", "chapter_id")
_ACTS: Final = ("role", "event_name", "device_type", "browser")
FAST: Final = frozenset({"student_id", "session_id", *_PLACES, *_ACTS})
"""The texts that the fast decoder knows; a flow that reads no others costs half."""

TEXT_FIELDS: Final = frozenset(TEXTS) - {"event_id"}
"""The text columns of an event, beside those of its metadata."""


class Read(Protocol):
    """A decoded batch of one topic-partition."""

    frame: pl.DataFrame

    @property
    def rejects(self) -> list[Reject]:
        """What was turned away."""
        ...

    def __len__(self) -> int:
        """How many rows: events and ticks."""
        ...

    def may_say(self, names: Sequence[str]) -> bool:
        """Says, without a look at every row where that can be, whether an event may have one of these names."""
        ...

    def text(self, name: str) -> Text:
        """Returns a text column of all rows; in a tick's row it means nothing."""
        ...

    def numbers(self, name: str, rows: Ints) -> Ints:
        """Returns a number of some rows, in thousandths."""
        ...


@dataclass(slots=True)
class FastRead:
    """What `decode_coded` gives.

    Attributes:
        coded: The decoded batch.
        frame: Its rows.
    """

    coded: Coded
    frame: pl.DataFrame

    @property
    def rejects(self) -> list[Reject]:
        """What was turned away."""
        return self.coded.rejects

    def __len__(self) -> int:
        """How many rows: events and ticks."""
        return len(self.frame)

    def may_say(self, names: Sequence[str]) -> bool:
        """Says whether an event has one of these names."""
        return any(act.event_name in names for act in self.coded.acts)

    def text(self, name: str) -> Text:
        """Returns a text column of all rows; in a tick's row it means nothing."""
        values: list[str | None]
        if name == "student_id":
            column, values = "student", list(self.coded.students)
        elif name == "session_id":
            column, values = "session", self.coded.sessions
        elif name in _PLACES:
            column, values = "place", [place[_PLACES.index(name)] for place in self.coded.places]
        else:
            column, values = "act", [getattr(act, name) for act in self.coded.acts]
        return Text(self.frame[column].to_numpy(), values)

    def numbers(self, name: str, rows: Ints) -> Ints:  # noqa: ARG002
        """Never asked for: a flow that reads numbers reads everything."""
        raise KeyError(name)


@dataclass(slots=True)
class WholeRead:
    """What `decode_full` gives.

    Attributes:
        full: The decoded batch.
        frame: Its rows.
    """

    full: Full
    frame: pl.DataFrame

    @property
    def rejects(self) -> list[Reject]:
        """What was turned away."""
        return self.full.rejects

    def __len__(self) -> int:
        """How many rows: events and ticks."""
        return len(self.frame)

    def may_say(self, names: Sequence[str]) -> bool:
        """Says whether an event has one of these names."""
        return bool(self.frame["event_name"].is_in(names).any())

    def text(self, name: str) -> Text:
        """Returns a text column of all rows; in a tick's row it means nothing."""
        column = self.frame[name] if name in TEXT_FIELDS else self._said(name)
        if name == "role":
            column = column.fill_null("student")
        return text_of(column)

    def _said(self, name: str) -> pl.Series:
        return self.frame["metadata"].str.json_path_match(f"$.{name.removeprefix(METADATA)}")

    def numbers(self, name: str, rows: Ints) -> Ints:
        """Returns a number of some rows, in thousandths."""
        said = self._said(name).gather(rows).cast(pl.Float64, strict=False)
        return fixed_point(said.to_numpy())


def read(records: Records, rules: Rules, names: Iterable[str]) -> Read:
    """Decodes a batch for a flow that reads some columns.

    Args:
        records: The batch.
        rules: What is accepted.
        names: The columns.
    """
    if set(names) <= FAST:
        coded = decode_coded(records, rules)
        return FastRead(coded, coded.frame)
    full = decode_full(records, rules)
    return WholeRead(full, full.frame)


def columns_of(one: Read, rank: int, rows: Ints, texts: Iterable[str], numbers: Iterable[str]) -> Columns:
    """Returns some rows of a decoded batch as columns.

    Args:
        one: The batch.
        rank: Its topic's (`kinds.rank_of`).
        rows: Which rows.
        texts: The text columns.
        numbers: The numbers.
    """
    frame = one.frame

    def of(name: str) -> Any:  # noqa: ANN401
        return frame[name].to_numpy()[rows]

    return Columns(
        of("event_ms").astype(np.int64, copy=False),
        placed(rank, of("offset")),
        {name: one.text(name).where(rows) for name in texts},
        {name: one.numbers(name, rows) for name in numbers},
    )


def chosen(one: Read, filters: dict[str, tuple[str, ...]]) -> Bools:
    """Returns which rows are events that hold, of every filtered column, one of the texts."""
    mask: Bools = ~one.frame["is_tick"].to_numpy()
    for name, texts in filters.items():
        mask &= one.text(name).among(texts)
    return mask
