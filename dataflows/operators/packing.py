"""Bit layouts of the packed keys; all are positive int64, and sorting the key sorts by its parts from left to right.

A task holds at most 1 M students (2²⁰) and 262,144 scopes (2¹⁸) at a time; minutes count from 2000-01-01 and reach 2063
with 25 bits.
"""

from __future__ import annotations

from typing import Final

from dataflows.operators.segments import Ints

EPOCH_MIN: Final = 946_684_800_000 // 60_000
"""2000-01-01 00:00 UTC in minutes since 1970: packed minutes count from here."""

MINUTE_MS: Final = 60_000
STUDENT_BITS: Final = 20
MINUTE_BITS: Final = 25
SCOPE_BITS: Final = 18
MAX_STUDENTS: Final = 1 << STUDENT_BITS
MAX_SCOPES: Final = 1 << SCOPE_BITS

_MINUTE_MASK: Final = (1 << MINUTE_BITS) - 1
_STUDENT_MASK: Final = (1 << STUDENT_BITS) - 1


def minute_of(time_ms: Ints) -> Ints:
    """Returns minutes since 2000-01-01 of epoch milliseconds."""
    return time_ms // MINUTE_MS - EPOCH_MIN


def minute_ms(minute: Ints) -> Ints:
    """Returns the start of a packed minute in epoch milliseconds."""
    return (minute + EPOCH_MIN) * MINUTE_MS


def student_minute(student: Ints, minute: Ints) -> Ints:
    """Packs (student, minute)."""
    return student << MINUTE_BITS | minute


def student_of(key: Ints) -> Ints:
    """Returns the student of a (student, minute) key."""
    return key >> MINUTE_BITS


def minute_in(key: Ints) -> Ints:
    """Returns the minute of any key that ends with a minute."""
    return key & _MINUTE_MASK


def moment(student: Ints, time_ms: Ints, rank: Ints) -> Ints:
    """Packs (student, time in ms, rank 0–3): 20 + 25 + 16 + 2 bits."""
    minute = minute_of(time_ms)
    return ((student << MINUTE_BITS | minute) << 16 | (time_ms % MINUTE_MS)) << 2 | rank


def moment_student(key: Ints) -> Ints:
    """Returns the student of a moment."""
    return key >> (MINUTE_BITS + 18)


def moment_minute(key: Ints) -> Ints:
    """Returns the minute of a moment."""
    return (key >> 18) & _MINUTE_MASK


def moment_ms(key: Ints) -> Ints:
    """Returns the time of a moment in epoch milliseconds."""
    return minute_ms(moment_minute(key)) + ((key >> 2) & 0xFFFF)


def window_scope(minute: Ints, scope: Ints) -> Ints:
    """Packs (minute, scope)."""
    return minute << SCOPE_BITS | scope


def window_scope_student(minute: Ints, scope: Ints, student: Ints) -> Ints:
    """Packs (minute, scope, student): dropping the student's bits leaves (minute, scope)."""
    return (minute << SCOPE_BITS | scope) << STUDENT_BITS | student


def scope_student_minute(scope: Ints, student: Ints, minute: Ints) -> Ints:
    """Packs (scope, student, minute): neighbours in time are neighbours in the key."""
    return (scope << STUDENT_BITS | student) << MINUTE_BITS | minute


def without_student(key: Ints) -> Ints:
    """Returns (minute, scope) of a (minute, scope, student) key."""
    return key >> STUDENT_BITS
