"""A batch read by the scanner: what is plain as numbers and codes; the rest is left to the judge."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.kinds import KINDS, Kind, canonical_topic
from dataflows.events.rules import LATEST_MS, Rules
from dataflows.events.scanner import fields, loading
from dataflows.events.scanner.vocabulary import Codes, Texts, Vocabulary

Rows = NDArray[np.intp]
Group = tuple[str, ...]

BLOCK: Final = 2048
"""Records are read this many at a time, so that what one loop leaves is in the cache when the next comes."""
_PADDING: Final = bytes(32)
"""Bytes behind the last record that the loops may look at."""
_MOST_BYTES: Final = 2**30
_PLAIN_AND_WHOLE: Final = 3


@dataclass(frozen=True, slots=True)
class Scanned:
    """The plain events of a batch.

    Attributes:
        rows: Their rows in the batch, ascending.
        odd: The other rows, ticks among them.
        times: Epoch milliseconds, as are all arrays below by place in `rows`.
        high: The upper halves of their ids.
        low: The lower halves.
        numbers: Shape (k, 8), the numbers of the metadata in the order of `detailed.NUMBERS`, NaN where none.
        codes: By group of columns, codes in order of appearance.
        texts: By group, what the codes stand for: a tuple of the columns' texts, None where there is none.
    """

    rows: Rows
    odd: Rows
    times: NDArray[np.int64]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    numbers: NDArray[np.float64]
    codes: dict[Group, Codes]
    texts: dict[Group, list[Texts]]
    _kernel: ModuleType

    def ids(self) -> list[str]:
        """Returns their ids as canonical text."""
        spelt = np.empty((len(self.rows), 36), dtype=np.uint8)
        self._kernel.spell_ids(self.high, self.low, spelt)
        text = spelt.tobytes().decode("ascii")
        return [text[at : at + 36] for at in range(0, len(text), 36)]


class _Scratch(threading.local):
    """What a thread's blocks are read into, one after the other, and the texts that it knows."""

    def __init__(self) -> None:
        self.verdicts = np.empty(BLOCK, dtype=np.uint8)
        self.times = np.empty(BLOCK, dtype=np.int64)
        self.halves = np.empty((BLOCK, 2), dtype=np.uint64)
        self.spans = np.empty((BLOCK, 2 * len(fields.COLUMNS)), dtype=np.int32)
        self.numbers = np.empty((BLOCK, fields.STORED), dtype=np.float64)
        self.bounds = np.zeros(BLOCK + 1, dtype=np.int64)
        self.vocabularies: dict[Group, Vocabulary] = {}


_scratch = _Scratch()


def scan(records: Records, rules: Rules, groups: tuple[Group, ...], *, whole: bool = False) -> Scanned | None:
    """Returns what the scanner finds in a batch of the clickstream; None where it cannot, or may not, look.

    Args:
        records: The batch.
        rules: What is allowed.
        groups: The columns whose texts are wanted, by what has a code in common.
        whole: Take only events that can be stored as they stand.
    """
    compiled = loading.kernel()
    if compiled is None or KINDS.get(canonical_topic(records.topic, rules.topic_prefix)) is not Kind.CLICKSTREAM:
        return None
    return scan_with(compiled, records, rules, groups, whole=whole)


def scan_with(
    compiled: ModuleType, records: Records, rules: Rules, groups: tuple[Group, ...], *, whole: bool = False
) -> Scanned:
    """Reads a batch with some compiled loops; see `scan`."""
    reading = _Reading(compiled, records, rules, groups)
    least = _PLAIN_AND_WHOLE if whole else 1
    blocks = [reading.block(at, least) for at in range(0, len(records.values), BLOCK)] or [reading.nothing()]
    rows = np.concatenate([block.rows for block in blocks])
    is_odd = np.ones(len(records.values), dtype=np.bool_)
    is_odd[rows] = False
    return Scanned(
        rows=rows,
        odd=np.flatnonzero(is_odd),
        times=np.concatenate([block.times for block in blocks]),
        high=np.concatenate([block.high for block in blocks]),
        low=np.concatenate([block.low for block in blocks]),
        numbers=np.concatenate([block.numbers for block in blocks]),
        codes={group: np.concatenate([block.codes[group] for block in blocks]) for group in groups},
        texts={group: words.texts() for group, words in reading.words.items()},
        _kernel=compiled,
    )


@dataclass(frozen=True, slots=True)
class _Block:
    rows: Rows
    times: NDArray[np.int64]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    numbers: NDArray[np.float64]
    codes: dict[Group, Codes]


class _Reading:
    """The reading of one batch."""

    def __init__(self, kernel: ModuleType, records: Records, rules: Rules, groups: tuple[Group, ...]) -> None:
        self._kernel, self._values = kernel, records.values
        free = records.accepted
        limits = (
            _MOST_BYTES if free else rules.max_bytes,
            LATEST_MS if free else rules.max_future_ms,
            LATEST_MS if free else rules.max_age_ms or LATEST_MS,
        )
        self._limits = np.array(limits, dtype=np.int64)
        self._append_ms = np.array(records.append_ms, dtype=np.int64)
        self._replayed = np.array(records.replayed, dtype=np.bool_)
        known = _scratch.vocabularies
        self.words = {group: known.get(group) or known.setdefault(group, Vocabulary(kernel, group)) for group in groups}
        for words in self.words.values():
            words.begin()

    def block(self, start: int, least: int) -> _Block:
        """Reads the records from a row on; takes those whose verdict is at least so good."""
        values, scratch = self._values[start : start + BLOCK], _scratch
        count = len(values)
        present: list[bytes] = [v or b"" for v in values] if None in values else values  # type: ignore[assignment]
        buffer = np.frombuffer(b"\0".join([*present, _PADDING]), dtype=np.uint8)
        bounds = scratch.bounds[: count + 1]
        np.cumsum(np.fromiter(map(len, present), np.int64, count) + 1, out=bounds[1:])
        if bounds[count] > _MOST_BYTES:
            return self.nothing()
        verdicts = scratch.verdicts[:count]
        self._kernel.scan(
            buffer, bounds, self._append_ms[start : start + count], self._replayed[start : start + count],
            self._limits, verdicts, scratch.times, scratch.halves, scratch.spans, scratch.numbers,
        )  # fmt: skip
        rows = np.flatnonzero(verdicts >= least)
        return _Block(
            rows + start,
            scratch.times[rows],
            scratch.halves[rows, 0],
            scratch.halves[rows, 1],
            scratch.numbers[rows],
            {group: words.codes(buffer, rows, scratch.spans) for group, words in self.words.items()},
        )

    def nothing(self) -> _Block:
        """Returns a block of which nothing is plain."""
        none = np.empty(0, dtype=np.intp)
        halves, codes = none.astype(np.uint64), none.astype(np.uint32)
        numbers = np.empty((0, fields.STORED))
        return _Block(none, none.astype(np.int64), halves, halves, numbers, dict.fromkeys(self.words, codes))


def left(records: Records, rows: Rows) -> Records:
    """Returns some records of a batch as a batch."""

    def of(values: list[Any]) -> list[Any]:
        return [values[row] for row in chosen] if values else values

    chosen = rows.tolist()
    return Records(
        records.topic,
        records.partition,
        of(records.offsets),
        of(records.append_ms),
        of(records.keys),
        of(records.values),
        of(records.ticks),
        records.accepted,
        of(records.replayed),
    )
