# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""Texts to codes and ids to texts, in bulk; see `vocabulary` for who owns the tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.events.scanner import fields
from dataflows.events.scanner.words import ONES, jit, load, lowest

_MULTIPLIER = np.uint64(fields.MULTIPLIER)
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


@jit
def _hash(buffer: Any, spans: Any, columns: Any) -> Any:
    mixed = ONES
    for column in columns:
        at, length = np.int64(spans[2 * column]), np.int64(spans[2 * column + 1])
        mixed = (mixed ^ np.uint64(length)) * _MULTIPLIER
        while length > 8:
            mixed = (mixed ^ load(buffer, at)) * _MULTIPLIER
            mixed ^= mixed >> np.uint64(29)
            at += 8
            length -= 8
        if length:
            mixed = (mixed ^ (load(buffer, at) & lowest(length))) * _MULTIPLIER
        mixed ^= mixed >> np.uint64(29)
    return mixed


@jit
def _is_equal(buffer: Any, spans: Any, columns: Any, arena: Any, at: int, lengths: Any) -> bool:
    """Says whether the texts of an event are those that begin at a place of the arena."""
    for place in range(len(columns)):
        here, length = np.int64(spans[2 * columns[place]]), np.int64(spans[2 * columns[place] + 1])
        if length != lengths[place]:
            return False
        end = at + length
        while length > 8:
            if load(buffer, here) != load(arena, at):
                return False
            here += 8
            at += 8
            length -= 8
        if length and (load(buffer, here) ^ load(arena, at)) & lowest(length):
            return False
        at = end
    return True


@jit
def intern(
    buffer: Any,
    rows: Any,
    spans: Any,
    columns: Any,
    begin: int,
    slots: Any,
    hashes: Any,
    arena: Any,
    places: Any,
    lengths: Any,
    counts: Any,
    local: Any,
    used: Any,
    codes: Any,
) -> int:
    """Gives equal combinations of texts equal codes: the batch's own, in order of appearance.

    Args:
        buffer: As in `scan`.
        rows: i64[k], the rows to look at.
        spans: As in `scan`.
        columns: i64[c], which texts.
        begin: The first of `rows` to look at.
        slots: i32[power of two], the table: entry, or -1.
        hashes: u64[m], by entry.
        arena: u8, the texts of all entries, one behind the other, and padding.
        places: i64[m], where the texts of an entry begin.
        lengths: i32[m, c], how long they are.
        counts: i64[3]: entries, bytes of the arena, codes of this batch.
        local: i64[m], by entry, its code in this batch, or -1.
        used: i64[m], by code of this batch, its entry.
        codes: u32[k], out.

    Returns:
        The first of `rows` for which there was no room; as many as there are where there was for all.
    """
    mask = len(slots) - 1
    for at in range(begin, len(rows)):
        row = spans[rows[at]]
        mixed = _hash(buffer, row, columns)
        slot = np.int64(mixed >> np.uint64(32)) & mask
        entry = np.int64(slots[slot])
        while entry >= 0:
            if hashes[entry] == mixed and _is_equal(buffer, row, columns, arena, places[entry], lengths[entry]):
                break
            slot = (slot + 1) & mask
            entry = np.int64(slots[slot])
        if entry < 0:
            size = np.int64(0)
            for column in columns:
                size += row[2 * column + 1]
            entry, end = counts[0], counts[1]
            if entry >= len(hashes) or end + size + 8 > len(arena):
                return at
            slots[slot], hashes[entry], places[entry], local[entry] = entry, mixed, end, -1
            for place in range(len(columns)):
                first, length = np.int64(row[2 * columns[place]]), np.int64(row[2 * columns[place] + 1])
                lengths[entry, place] = length
                for byte in range(length):
                    arena[end + byte] = buffer[first + byte]
                end += length
            counts[0], counts[1] = entry + 1, end
        if local[entry] < 0:
            local[entry] = counts[2]
            used[counts[2]] = entry
            counts[2] += 1
        codes[at] = local[entry]
    return len(rows)


@jit
def rehash(hashes: Any, count: int, slots: Any) -> None:
    """Puts so many entries into a larger table, all of which is -1."""
    mask = len(slots) - 1
    for entry in range(count):
        slot = np.int64(hashes[entry] >> np.uint64(32)) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = entry


@jit
def spell_ids(high: Any, low: Any, out: Any) -> None:
    """Writes ids as 36 lower-case characters.

    Args:
        high: u64[k], upper halves.
        low: u64[k], lower halves.
        out: u8[k, 36], out.
    """
    for row in range(len(high)):
        digit = 0
        for place in range(36):
            if place == 8 or place == 13 or place == 18 or place == 23:
                out[row, place] = 45
                continue
            half = high[row] if digit < 16 else low[row]
            out[row, place] = _DIGITS[np.int64(half >> np.uint64(60 - 4 * (digit & 15))) & 15]
            digit += 1
