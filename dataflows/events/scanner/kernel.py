# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""The scanner's loop, compiled by numba: one pass over the bytes of each event, spans of texts and numbers out.

It takes what is provably plain and says so; of anything else it only says that it is not, and the judge decides. Plain
is: one object, ASCII without escapes, no known name twice, texts of which nothing is trimmed,
numbers of up to fifteen digits without an exponent, nothing nested but `device` and `metadata`, and these flat.

Between two records lies a byte that stands in no JSON, so no loop needs to ask where a record ends: nothing that is
read here goes past a byte that it does not expect.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dataflows.events.rules import EARLIEST_MS, LATEST_MS, MAX_TEXT
from dataflows.events.scanner import fields
from dataflows.events.scanner.interning import intern, rehash, spell_ids
from dataflows.events.scanner.ordering import rank
from dataflows.events.scanner.sets import group, sort_runs, unite
from dataflows.events.scanner.values import is_false, is_null, is_true, number, scalar, text, time, uuid
from dataflows.events.scanner.words import blanks_end, jit, load, lowest, text_end

__all__ = ["PLAIN", "WHOLE", "group", "intern", "rank", "rehash", "scan", "sort_runs", "spell_ids", "unite"]

PLAIN: Final = 1
"""The event is plain for whoever counts."""
WHOLE: Final = 2
"""Also: every name in it is known, and the metadata can be stored as it stands, less blanks between its tokens."""

_TABLES = (fields.TOP_NAMES, fields.DEVICE_NAMES, fields.METADATA_NAMES)
_TOP, _DEVICE, _METADATA = _TABLES
_MULTIPLIER = np.uint64(fields.MULTIPLIER)
_SHIFT = np.uint64(64 - fields.SLOTS_LOG2)
_SLOT_MASK = (1 << fields.SLOTS_LOG2) - 1
_COLUMNS = len(fields.COLUMNS)
_AT_TOP, _ID, _TIME, _DEVICE_PART, _METADATA_PART = (
    fields.AT_TOP,
    fields.ID,
    fields.TIME,
    fields.DEVICE,
    fields.METADATA,
)
_ODD, _UNKNOWN, _HIDDEN, _AGENT, _STORED = fields.ODD, fields.UNKNOWN, fields.HIDDEN, fields.AGENT, fields.STORED
_STUDENT, _NAME, _PAGE, _AGENT_AT_TOP = (
    fields.TEXT["student_id"],
    fields.TEXT["event_name"],
    fields.TEXT["page_url"],
    fields.TEXT["user_agent"],
)
_AGENT_COLUMN, _METADATA_COLUMN, _HIDDEN_COLUMN = (
    fields.TEXT["metadata.user_agent"],
    fields.TEXT["metadata"],
    fields.TEXT["hidden"],
)
_LONGEST_URL = 65_536
_BEGUN = np.uint64((1 << _ID) | (1 << _TIME) | (1 << _STUDENT) | (1 << _NAME))
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_LAST_UNKNOWN = 16


@jit
def _action(table: Any, buffer: Any, at: int, length: int) -> int:
    """Returns what to do with a name."""
    if length == 0 or length > 24:
        return _UNKNOWN
    one, two, three = load(buffer, at), _ZERO, _ZERO
    if length <= 8:
        one &= lowest(length)
    elif length <= 16:
        two = load(buffer, at + 8) & lowest(length - 8)
    else:
        two = load(buffer, at + 8)
        three = load(buffer, at + 16) & lowest(length - 16)
    mixed = one + (two << np.uint64(1)) + (three << np.uint64(2)) + np.uint64(length)
    slot = np.int64((mixed * _MULTIPLIER) >> _SHIFT)
    while table[slot, 0] != _ZERO:
        if (
            table[slot, 1] == one
            and table[slot, 2] == two
            and table[slot, 3] == three
            and table[slot, 0] == np.uint64(length)
        ):
            return np.int64(table[slot, 4])
        slot = (slot + 1) & _SLOT_MASK
    return _UNKNOWN


@jit
def _device(buffer: Any, at: int, spans: Any) -> tuple[int, bool]:
    """Reads `device`; returns the place behind it, -1 where it is not plain, and whether all its names are known."""
    known, seen = True, _ZERO
    at = blanks_end(buffer, at + 1)
    if buffer[at] == 125:
        return at + 1, known
    while True:
        if buffer[at] != 34:
            return -1, False
        begin = at + 1
        end = text_end(buffer, begin)
        if end < 0:
            return -1, False
        action = _action(_DEVICE, buffer, begin, end - begin)
        at = blanks_end(buffer, end + 1)
        if buffer[at] != 58 or action == _ODD:
            return -1, False
        at = blanks_end(buffer, at + 1)
        if action == _UNKNOWN:
            at, _as_it_is = scalar(buffer, at)
            known = False
        else:
            bit = _ONE << np.uint64(action)
            if seen & bit:
                return -1, False
            seen |= bit
            at = text(buffer, at, MAX_TEXT, spans, action)
        if at < 0:
            return -1, False
        at = blanks_end(buffer, at)
        if buffer[at] == 125:
            return at + 1, known
        if buffer[at] != 44:
            return -1, False
        at = blanks_end(buffer, at + 1)


@jit
def _is_same(buffer: Any, one: int, other: int, length: int) -> bool:
    for place in range(length):
        if buffer[one + place] != buffer[other + place]:
            return False
    return True


@jit
def _metadata(buffer: Any, at: int, spans: Any, numbers: Any, names: Any) -> tuple[int, bool]:
    """Reads `metadata`; returns the place behind it (-1: not plain), and whether it may be stored as it stands."""
    whole, seen, unknown = True, _ZERO, 0
    at = blanks_end(buffer, at + 1)
    if buffer[at] == 125:
        return at + 1, whole
    while True:
        if buffer[at] != 34:
            return -1, False
        begin = at + 1
        end = text_end(buffer, begin)
        if end < 0:
            return -1, False
        action = _action(_METADATA, buffer, begin, end - begin)
        at = blanks_end(buffer, end + 1)
        if buffer[at] != 58 or action == _ODD:
            return -1, False
        at = blanks_end(buffer, at + 1)
        if action == _UNKNOWN:
            for other in range(unknown):
                if names[other, 1] == end - begin and _is_same(buffer, begin, names[other, 0], end - begin):
                    whole = False
            if unknown < _LAST_UNKNOWN:
                names[unknown, 0], names[unknown, 1] = begin, end - begin
                unknown += 1
            else:
                whole = False
            at, as_it_is = scalar(buffer, at)
            whole = whole and as_it_is
        else:
            bit = _ONE << np.uint64(action)
            if seen & bit:
                return -1, False
            seen |= bit
            if action < _HIDDEN:
                if is_null(buffer, at):
                    at += 4
                else:
                    at, value, shortest = number(buffer, at)
                    whole = whole and shortest
                    if action < _STORED:
                        numbers[action] = value
            elif action == _HIDDEN:
                if is_true(buffer, at):
                    spans[2 * _HIDDEN_COLUMN], spans[2 * _HIDDEN_COLUMN + 1] = at, 4
                    at += 4
                elif is_false(buffer, at):
                    at += 5
                elif is_null(buffer, at):
                    at += 4
                else:
                    return -1, False
            elif action == _AGENT:
                if buffer[at] != 34:
                    return -1, False
                at = text(buffer, at, _LONGEST_URL, spans, _AGENT_COLUMN)
            else:
                at = text(buffer, at, MAX_TEXT, names[_LAST_UNKNOWN], 0)
        if at < 0:
            return -1, False
        at = blanks_end(buffer, at)
        if buffer[at] == 125:
            return at + 1, whole
        if buffer[at] != 44:
            return -1, False
        at = blanks_end(buffer, at + 1)


@jit
def _event(
    buffer: Any,
    at: int,
    stop: int,
    spans: Any,
    numbers: Any,
    halves: Any,
    names: Any,
) -> tuple[int, int]:
    """Reads one record; returns what it is (0 where it is not plain) and its time."""
    verdict, seen, time_ms = PLAIN | WHOLE, _ZERO, np.int64(0)
    at = blanks_end(buffer, at)
    if buffer[at] != 123:
        return 0, 0
    at = blanks_end(buffer, at + 1)
    while True:
        if buffer[at] != 34:
            return 0, 0
        begin = at + 1
        end = text_end(buffer, begin)
        if end < 0:
            return 0, 0
        action = _action(_TOP, buffer, begin, end - begin)
        at = blanks_end(buffer, end + 1)
        if buffer[at] != 58 or action == _ODD:
            return 0, 0
        at = blanks_end(buffer, at + 1)
        if action == _UNKNOWN:
            verdict = PLAIN
            at, _as_it_is = scalar(buffer, at)
        else:
            bit = _ONE << np.uint64(action)
            if seen & bit:
                return 0, 0
            seen |= bit
            if action < _AT_TOP:
                longest = _LONGEST_URL if action == _PAGE or action == _AGENT_AT_TOP else MAX_TEXT
                at = text(buffer, at, longest, spans, action)
            elif action == _ID:
                at, high, low = uuid(buffer, at)
                halves[0], halves[1] = high, low
            elif action == _TIME:
                at, time_ms = time(buffer, at)
            elif is_null(buffer, at):
                at += 4
            elif action == _DEVICE_PART and buffer[at] == 123:
                at, known = _device(buffer, at, spans)
                if not known:
                    verdict = PLAIN
            elif action == _METADATA_PART and buffer[at] == 123:
                first = at
                at, whole = _metadata(buffer, at, spans, numbers, names)
                spans[2 * _METADATA_COLUMN], spans[2 * _METADATA_COLUMN + 1] = first, at - first
                if not whole:
                    verdict = PLAIN
            else:
                return 0, 0
        if at < 0:
            return 0, 0
        at = blanks_end(buffer, at)
        if buffer[at] == 125:
            break
        if buffer[at] != 44:
            return 0, 0
        at = blanks_end(buffer, at + 1)
    if blanks_end(buffer, at + 1) != stop or seen & _BEGUN != _BEGUN:
        return 0, 0
    if spans[2 * _STUDENT + 1] == 0 or spans[2 * _NAME + 1] == 0 or time_ms < EARLIEST_MS or time_ms >= LATEST_MS:
        return 0, 0
    if seen & (_ONE << np.uint64(_AGENT_AT_TOP)):
        verdict = PLAIN  # it is stored among the metadata
    return verdict, time_ms


@jit
def scan(
    buffer: Any,
    bounds: Any,
    append_ms: Any,
    replayed: Any,
    limits: Any,
    verdicts: Any,
    times: Any,
    halves: Any,
    spans: Any,
    numbers: Any,
) -> None:
    """Reads the records of a batch.

    Args:
        buffer: u8, all values, each followed by a byte 0, and `PADDING` of them at the end.
        bounds: i64[n + 1], where each record begins, and behind the last.
        append_ms: i64[n].
        replayed: bool[n], or empty.
        limits: i64[3]: bytes of a record, ms ahead of its append time, ms behind it.
        verdicts: u8[n], out: `PLAIN`, with `WHOLE` or without, or 0.
        times: i64[n], out: epoch milliseconds.
        halves: u64[n, 2], out: the id.
        spans: i32[n, 2 * columns], out: begin and length of each text; length 0 is none.
        numbers: f64[n, STORED], out: NaN where none.
    """
    names = np.zeros((_LAST_UNKNOWN + 1, 2), dtype=np.int32)
    for row in range(len(append_ms)):
        start, stop = bounds[row], bounds[row + 1] - 1
        verdicts[row] = 0
        if stop - start > limits[0]:
            continue
        for column in range(_COLUMNS):
            spans[row, 2 * column + 1] = 0
        for column in range(_STORED):
            numbers[row, column] = np.nan
        verdict, time_ms = _event(buffer, start, stop, spans[row], numbers[row], halves[row], names)
        ahead = time_ms - append_ms[row]
        is_old = -ahead > limits[2] and not (len(replayed) > 0 and replayed[row])
        if ahead > limits[1] or is_old:
            continue
        verdicts[row], times[row] = verdict, time_ms
