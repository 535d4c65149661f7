"""Texts by their codes: what a process has read before it knows again without making the texts anew."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.events.scanner import fields

Codes = NDArray[np.uint32]
Texts = tuple[str | None, ...]

_ENTRIES: Final = 1024
_BYTES: Final = 65_536
_MOST_ENTRIES: Final = 1 << 16
_MOST_BYTES: Final = 1 << 23
"""A vocabulary that has grown beyond either begins anew with the next batch."""


class Vocabulary:
    """The combinations of texts that some columns have had, of one process and thread.

    Entries last from batch to batch; codes are a batch's own, in order of appearance.
    """

    def __init__(self, kernel: ModuleType, columns: tuple[str, ...]) -> None:
        """Starts empty."""
        self._kernel = kernel
        self._columns = np.array([fields.TEXT[name] for name in columns], dtype=np.int64)
        self._forget()

    def _forget(self) -> None:
        self._slots = np.full(2 * _ENTRIES, -1, dtype=np.int32)
        self._hashes = np.empty(_ENTRIES, dtype=np.uint64)
        self._places = np.empty(_ENTRIES, dtype=np.int64)
        self._lengths = np.empty((_ENTRIES, len(self._columns)), dtype=np.int32)
        self._local = np.empty(_ENTRIES, dtype=np.int64)
        self._used = np.empty(_ENTRIES, dtype=np.int64)
        self._arena = np.empty(_BYTES, dtype=np.uint8)
        self._counts = np.zeros(3, dtype=np.int64)
        self._texts: list[Texts] = []

    def begin(self) -> None:
        """Begins a batch."""
        if self._counts[0] > _MOST_ENTRIES or self._counts[1] > _MOST_BYTES:
            self._forget()
        self._local[self._used[: self._counts[2]]] = -1
        self._counts[2] = 0

    def codes(self, buffer: NDArray[np.uint8], rows: NDArray[np.intp], spans: NDArray[np.int32]) -> Codes:
        """Returns the codes of some events' texts."""
        codes, begin = np.empty(len(rows), dtype=np.uint32), 0
        while True:
            begin = self._kernel.intern(
                buffer, rows, spans, self._columns, begin, self._slots, self._hashes, self._arena, self._places,
                self._lengths, self._counts, self._local, self._used, codes,
            )  # fmt: skip
            if begin == len(rows):
                return codes
            size = int(spans[rows[begin], 2 * self._columns + 1].sum())
            self._grow(size)

    def _grow(self, size: int) -> None:
        """Makes room for twice as many entries, and for texts of so many bytes."""
        count, end = self._counts[:2].tolist()
        if end + size + 8 > len(self._arena):
            self._arena = _longer(self._arena, 2 * (end + size + 8))
        if count < len(self._hashes):
            return
        for name in ("_hashes", "_places", "_lengths", "_local", "_used"):
            setattr(self, name, _longer(getattr(self, name), 2 * count))
        self._slots = np.full(4 * count, -1, dtype=np.int32)
        self._kernel.rehash(self._hashes, count, self._slots)

    def texts(self) -> list[Texts]:
        """Returns what the codes of this batch stand for: a tuple of the columns' texts, None where there is none."""
        self._learn()
        texts = self._texts
        return [texts[entry] for entry in self._used[: self._counts[2]].tolist()]

    def _learn(self) -> None:
        """Makes the texts of entries that are new."""
        known, count = len(self._texts), int(self._counts[0])
        if known == count:
            return
        begin = int(self._places[known])
        text = str(self._arena[begin : self._counts[1]].data, "ascii")
        lengths = self._lengths[known:count]
        ends = np.cumsum(lengths.ravel()).tolist()
        width = len(self._columns)
        pieces = [text[a:b] or None for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        self._texts.extend(zip(*(pieces[column::width] for column in range(width)), strict=True))


def _longer(array: NDArray[Any], length: int) -> NDArray[Any]:
    longer = np.empty((length, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
