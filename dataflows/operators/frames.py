"""From columns of numbers to columns of tables: texts of codes, times, and ids."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from dataflows.operators.dedupe import Ids
from dataflows.operators.segments import Ints
from dataflows.operators.session import NO_TIME

_DIGITS: Final = [i for i in range(36) if i not in {8, 13, 18, 23}]
"""Where the digits of an id's canonical text lie."""


class TextColumn:
    """A dictionary as a column: codes in, texts out; -1 is null."""

    def __init__(self, values: list[str | None]) -> None:
        """Takes the values in the order of their codes."""
        self._values = pl.Series([*values, None], dtype=pl.String)

    def take(self, codes: Ints) -> pl.Series:
        """Returns the texts of `codes`."""
        return self._values.gather(np.where(codes < 0, len(self._values) - 1, codes))


def times(values: Ints) -> pl.Series:
    """Returns epoch milliseconds as a `Datetime("ms")` column; `NO_TIME` is null."""
    series = pl.Series(values, dtype=pl.Int64)
    return pl.select(pl.when(series > NO_TIME).then(series).cast(pl.Datetime("ms"))).to_series()


def uuids(hi: Ids, lo: Ids) -> pl.Series:
    """Returns event ids as canonical text."""
    digits = np.stack([hi, lo], axis=1).astype(">u8").tobytes().hex().encode()
    text = np.full((len(hi), 36), ord("-"), np.uint8)
    text[:, _DIGITS] = np.frombuffer(digits, np.uint8).reshape(-1, 32)
    whole = text.tobytes().decode()
    return pl.Series([whole[at : at + 36] for at in range(0, len(whole), 36)], dtype=pl.String)
