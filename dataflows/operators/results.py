"""Windows with their values, as operators return them and tables take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataflows.operators.aggregates import SCALE
from dataflows.operators.columns import Key
from dataflows.operators.segments import Bools, Ints


@dataclass(slots=True)
class Results:
    """Windows, n of them.

    Attributes:
        key: The key of each.
        start_ms: When it begins, epoch milliseconds, shape (n,).
        end_ms: When it ends, likewise.
        values: By aggregate: counts as int64, numbers as float64 (NaN where there is none), `Last` as a list and in
            `<name>_at` its times (None where there is none), `TopK` as lists of (text, count).
        replaced_key: Keys of which everything that was returned from some time on is replaced (sessions).
        replaced_ms: From when on.
    """

    key: list[Key]
    start_ms: Ints
    end_ms: Ints
    values: dict[str, Any] = field(default_factory=dict)
    replaced_key: list[Key] = field(default_factory=list)
    replaced_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        """How many windows."""
        return len(self.key)

    def note_last(self, name: str, known: Bools, value: Ints, time_ms: Ints, texts: Sequence[str] | None) -> None:
        """Notes the last values.

        Args:
            name: The aggregate.
            known: Which windows have one, shape (n,).
            value: Codes of texts, or thousandths where there are no texts, shape (known,).
            time_ms: When they were said, shape (known,).
            texts: Texts by code; None for numbers.
        """
        values: list[Any] = [None] * len(self)
        times: list[int | None] = [None] * len(self)
        for place, one, at in zip(np.flatnonzero(known).tolist(), value.tolist(), time_ms.tolist(), strict=True):
            values[place], times[place] = one / SCALE if texts is None else texts[one], at
        self.values[name], self.values[f"{name}_at"] = values, times

    def records(self, key: Sequence[str]) -> list[dict[str, Any]]:
        """Returns one dict a window; for tests and for reading along."""
        columns = {name: list(v.tolist() if isinstance(v, np.ndarray) else v) for name, v in self.values.items()}
        return [
            dict(zip(key, of, strict=True))
            | {"start_ms": int(self.start_ms[n]), "end_ms": int(self.end_ms[n])}
            | {name: column[n] for name, column in columns.items()}
            for n, of in enumerate(self.key)
        ]
