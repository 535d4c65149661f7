# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""Texts, numbers, times and ids of an event, each read where it stands; -1 says that it is not plain."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.events.scanner.words import jit, text_end

_ZERO = np.uint64(0)
_HEX = np.full(256, 255, dtype=np.uint8)
for _digit, _mark in enumerate("0123456789abcdef"):
    _HEX[ord(_mark)] = _HEX[ord(_mark.upper())] = _digit
_POWERS = 10.0 ** np.arange(16)
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
_DAYS_IN = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@jit
def is_null(buffer: Any, at: int) -> bool:
    """Says whether `null` stands there."""
    return buffer[at] == 110 and buffer[at + 1] == 117 and buffer[at + 2] == 108 and buffer[at + 3] == 108


@jit
def is_true(buffer: Any, at: int) -> bool:
    """Says whether `true` stands there."""
    return buffer[at] == 116 and buffer[at + 1] == 114 and buffer[at + 2] == 117 and buffer[at + 3] == 101


@jit
def is_false(buffer: Any, at: int) -> bool:
    """Says whether `false` stands there."""
    return (
        buffer[at] == 102
        and buffer[at + 1] == 97
        and buffer[at + 2] == 108
        and buffer[at + 3] == 115
        and buffer[at + 4] == 101
    )


@jit
def text(buffer: Any, at: int, longest: int, spans: Any, column: int) -> int:
    """Reads a text to be kept, or null; returns the place behind it, -1 where it is neither or not plain."""
    if buffer[at] != 34:
        if is_null(buffer, at):
            spans[2 * column + 1] = 0
            return at + 4
        return -1
    begin = at + 1
    end = text_end(buffer, begin)
    length = end - begin
    if length < 1 or length > longest or buffer[begin] == 32 or buffer[end - 1] == 32:
        return -1
    spans[2 * column], spans[2 * column + 1] = begin, length
    return end + 1


@jit
def number(buffer: Any, at: int) -> tuple[int, float, bool]:
    """Reads a number; returns the place behind it (-1 where it is none that is plain), it, and whether it is shortest.

    Up to fifteen digits and a power of ten below 1e16 are both exact as doubles, so their quotient is the nearest
    double (Clinger 1990); and a double made of so few digits is written with the same ones again.
    """
    negative = buffer[at] == 45
    if negative:
        at += 1
    begin = at
    value = np.int64(0)
    while 48 <= buffer[at] <= 57:
        if at - begin >= 18:
            return -1, 0.0, False
        value = value * 10 + np.int64(buffer[at] - 48)
        at += 1
    digits = at - begin
    if digits == 0 or (buffer[begin] == 48 and digits > 1):
        return -1, 0.0, False
    whole, scale, shortest = value, 0, True
    if buffer[at] == 46:
        at += 1
        point = at
        while 48 <= buffer[at] <= 57:
            if digits + at - point >= 15:
                return -1, 0.0, False
            value = value * 10 + np.int64(buffer[at] - 48)
            at += 1
        scale = at - point
        if scale == 0:
            return -1, 0.0, False
        shortest = (buffer[at - 1] != 48 or scale == 1) and (
            whole != 0 or value == 0 or buffer[point] != 48 or buffer[point + 1] != 48 or buffer[point + 2] != 48
        )
    if buffer[at] == 101 or buffer[at] == 69 or (negative and value == 0):
        return -1, 0.0, False
    found = np.float64(value)
    if scale:
        found /= _POWERS[scale]
    return at, -found if negative else found, shortest


@jit
def scalar(buffer: Any, at: int) -> tuple[int, bool]:
    """Reads a value that is not kept; returns the place behind it, and whether it may be stored as it is spelt."""
    mark = buffer[at]
    if mark == 34:
        end = text_end(buffer, at + 1)
        return (end + 1 if end >= 0 else -1), True
    if mark == 45 or 48 <= mark <= 57:
        end, _value, shortest = number(buffer, at)
        return end, shortest
    if is_null(buffer, at) or is_true(buffer, at):
        return at + 4, True
    if is_false(buffer, at):
        return at + 5, True
    return -1, False


@jit
def _digits(buffer: Any, at: int, count: int) -> int:
    """Returns the number that so many digits make; -1 where they are none."""
    value = 0
    for place in range(at, at + count):
        digit = np.int64(buffer[place]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@jit
def _moment(buffer: Any, begin: int, end: int) -> int:
    """Returns the epoch milliseconds of `2025-10-09T08:53:20.25+05:30`; -1 where it is spelt otherwise, or is none."""
    if end - begin < 20:
        return -1
    year, month, day = _digits(buffer, begin, 4), _digits(buffer, begin + 5, 2), _digits(buffer, begin + 8, 2)
    hour, minute = _digits(buffer, begin + 11, 2), _digits(buffer, begin + 14, 2)
    second = _digits(buffer, begin + 17, 2)
    if (
        buffer[begin + 4] != 45
        or buffer[begin + 7] != 45
        or buffer[begin + 10] != 84
        or buffer[begin + 13] != 58
        or buffer[begin + 16] != 58
    ):
        return -1
    if year < 1999 or year > 2100 or month < 1 or month > 12 or day < 1:
        return -1
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return -1
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _DAYS_IN[month - 1] + (1 if is_leap and month == 2 else 0):
        return -1
    days = 365 * (year - 1970) + (year - 1969) // 4 + _DAYS_BEFORE[month - 1] + day - 1
    if is_leap and month > 2:
        days += 1
    if year > 2100 or (year == 2100 and month > 2):
        days -= 1
    at, fraction = begin + 19, 0
    if buffer[at] == 46:
        at += 1
        point = at
        while 48 <= buffer[at] <= 57:
            if at - point < 3:
                fraction = fraction * 10 + np.int64(buffer[at] - 48)
            at += 1
        length = at - point
        if length < 1 or length > 6:
            return -1
        while length < 3:
            fraction *= 10
            length += 1
    offset = 0
    if buffer[at] == 90 and at + 1 == end:
        offset = 0
    elif (buffer[at] == 43 or buffer[at] == 45) and at + 6 == end and buffer[at + 3] == 58:
        hours, minutes = _digits(buffer, at + 1, 2), _digits(buffer, at + 4, 2)
        if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or hours + minutes == 0:
            return -1
        offset = (hours * 60 + minutes) * (1 if buffer[at] == 43 else -1)
    else:
        return -1
    return ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + fraction


@jit
def time(buffer: Any, at: int) -> tuple[int, int]:
    """Reads an event's time; returns the place behind it, -1 where it is spelt oddly, and epoch milliseconds."""
    if buffer[at] == 34:
        end = text_end(buffer, at + 1)
        if end < 0:
            return -1, 0
        return end + 1, _moment(buffer, at + 1, end)
    begin, value = at, np.int64(0)
    while 48 <= buffer[at] <= 57 and at - begin < 15:
        value = value * 10 + np.int64(buffer[at] - 48)
        at += 1
    if at == begin or buffer[begin] == 48 or buffer[at] == 46 or buffer[at] == 101 or buffer[at] == 69:
        return -1, 0
    return at, value


@jit
def uuid(buffer: Any, at: int) -> tuple[int, Any, Any]:
    """Reads a UUID of 36 characters; returns the place behind it, -1 where it is none, and its halves."""
    high, low = _ZERO, _ZERO
    if buffer[at] != 34:
        return -1, high, low
    at += 1
    for place in range(36):
        mark = buffer[at + place]
        if place == 8 or place == 13 or place == 18 or place == 23:
            if mark != 45:
                return -1, high, low
            continue
        digit = _HEX[mark]
        if digit > 15:
            return -1, high, low
        if place < 18:
            high = (high << np.uint64(4)) | np.uint64(digit)
        else:
            low = (low << np.uint64(4)) | np.uint64(digit)
    if buffer[at + 36] != 34:
        return -1, high, low
    return at + 37, high, low
