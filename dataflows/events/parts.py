"""Parts of one batch, decoded each in its own way, put together as if by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.events.rejects import Reject

Columns = dict[str, NDArray[Any]]


@dataclass(slots=True)
class Slice:
    """Some rows of a batch.

    Attributes:
        columns: Arrays of equal length, `row` among them: where each stands in the batch.
        texts: By name of a column of codes, what the codes stand for; ticks have none.
        rejects: What was turned away, in log order.
    """

    columns: Columns
    texts: dict[str, Any]
    rejects: list[Reject]


def gathered(chunks: list[Columns], dtypes: dict[str, Any]) -> Columns:
    """Returns chunks one after the other."""
    if not chunks:
        return {name: np.empty(0, dtype=dtype) for name, dtype in dtypes.items()}
    if len(chunks) == 1:
        return {name: chunks[0][name].astype(dtype, copy=False) for name, dtype in dtypes.items()}
    return {name: np.concatenate([chunk[name] for chunk in chunks], dtype=dtype) for name, dtype in dtypes.items()}


def joined(parts: list[Slice], dtypes: dict[str, Any]) -> Slice:
    """Returns parts as one, in log order, every code where it would be had one decoder read all of them.

    The first part is of ticks, whose codes are 0 and mean nothing.
    """
    ticks, *others = parts
    events = [part for part in others if len(part.columns["row"])]
    rejects = [reject for part in others for reject in part.rejects]
    if len(events) == 1:
        whole = Slice(events[0].columns, events[0].texts, rejects)
    else:
        whole = _in_log_order([part.columns for part in events], dtypes)
        whole.rejects = rejects
        _recode(whole, events)
    if not len(ticks.columns["row"]):
        return whole
    return Slice(_in_log_order([ticks.columns, whole.columns], dtypes).columns, whole.texts, rejects)


def _in_log_order(columns: list[Columns], dtypes: dict[str, Any]) -> Slice:
    together = gathered(columns, dtypes)
    order = np.argsort(together["row"], kind="stable")
    return Slice({name: column[order] for name, column in together.items()}, {}, [])


def _recode(whole: Slice, parts: list[Slice]) -> None:
    """Gives the texts of all parts common codes, in order of appearance, and puts them into the columns."""
    order = np.argsort(np.concatenate([part.columns["row"] for part in parts] or [np.empty(0)]), kind="stable")
    for name in parts[0].texts if parts else ():
        table: dict[Any, int] = {}
        codes = [
            np.array([table.setdefault(text, len(table)) for text in part.texts[name]], dtype=np.uint32)[
                part.columns[name]
            ]
            for part in parts
        ]
        whole.columns[name], whole.texts[name] = by_appearance(np.concatenate(codes)[order], list(table))


def framed(columns: Columns) -> pl.DataFrame:
    """Returns columns as a frame, NaN as null; one by one, for given all at once Polars starts threads for them."""
    return pl.DataFrame([pl.Series(name, values, nan_to_null=True) for name, values in columns.items()])


def by_appearance(codes: NDArray[np.uint32], texts: Sequence[Any]) -> tuple[NDArray[np.uint32], list[Any]]:
    """Returns codes in order of appearance, and what they stand for.

    Example:
        >>> by_appearance(np.array([2, 0, 2], dtype=np.uint32), ["a", "b", "c"])
        (array([0, 1, 0], dtype=uint32), ['c', 'a'])
    """
    first = np.full(len(texts), len(codes))
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    used = np.flatnonzero(first < len(codes))
    used = used[np.argsort(first[used])]
    recoded = np.zeros(len(texts), dtype=np.uint32)
    recoded[used] = np.arange(len(used), dtype=np.uint32)
    return recoded[codes], [texts[code] for code in used.tolist()]
