"""Keys of several parts that sort by their parts from left to right, and never wrap.

Where all parts fit into 63 bits, a key is a positive int64. Where one of them is a student or a pair of two codes, it
is a key of two words: a complex number, which NumPy sorts, searches and compares by its real part and then by its
imaginary one. Each word is exact below 2⁵³, so a task may see as many students as there is memory for.

| part | bits | why it never wraps |
|---|---|---|
| minute | 26 | since 2000-01-01: reaches the year 2127, accepted times end in 2100 |
| millisecond | 42 | since 2000-01-01: reaches the year 2139 |
| scope, place | 26 | a batch has fewer places than records; scopes are capped far below (`engagement/scopes.py`) |
| student | 32 | one for every person on earth |
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Ints

Wide = npt.NDArray[np.complex128]
"""Keys of two words."""

EPOCH_MIN: Final = 946_684_800_000 // 60_000
"""2000-01-01 00:00 UTC in minutes since 1970: packed minutes count from here."""

MINUTE_MS: Final = 60_000
EPOCH_MS: Final = EPOCH_MIN * MINUTE_MS
MINUTE_BITS: Final = 26
SCOPE_BITS: Final = 26
STUDENT_BITS: Final = 32
_RANK_BITS: Final = 2

_MINUTE_MASK: Final = (1 << MINUTE_BITS) - 1
_SCOPE_MASK: Final = (1 << SCOPE_BITS) - 1
_OPEN_SCOPE_BITS: Final = 21
_OPEN_SCOPE_MASK: Final = (1 << _OPEN_SCOPE_BITS) - 1


def wide(first: Any, second: Any) -> Wide:  # noqa: ANN401
    """Packs two words, each a whole number from 0 to 2⁵³ − 1.

    Example:
        >>> np.sort(wide(np.array([2, 1, 2]), np.array([5, 9, 3]))).tolist()
        [(1+9j), (2+3j), (2+5j)]
    """
    first, second = np.broadcast_arrays(first, second)
    key = np.empty(first.shape, np.complex128)
    key.real, key.imag = first, second
    return key


def first_word(key: Wide) -> Ints:
    """Returns the first word of wide keys."""
    return key.real.astype(np.int64)


def second_word(key: Wide) -> Ints:
    """Returns the second word of wide keys."""
    return key.imag.astype(np.int64)


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
    """Returns the minute of a (student, minute) key."""
    return key & _MINUTE_MASK


def moment(student: Ints, time_ms: Ints, rank: Any) -> Wide:  # noqa: ANN401
    """Packs (student, time in ms, rank 0–3)."""
    return wide(student, (time_ms - EPOCH_MS) << _RANK_BITS | rank)


def moment_student(key: Wide) -> Ints:
    """Returns the student of a moment."""
    return first_word(key)


def moment_ms(key: Wide) -> Ints:
    """Returns the time of a moment in epoch milliseconds."""
    return (second_word(key) >> _RANK_BITS) + EPOCH_MS


def moment_minute(key: Wide) -> Ints:
    """Returns the minute of a moment."""
    return minute_of(moment_ms(key))


def moment_rank(key: Wide) -> Ints:
    """Returns the rank of a moment."""
    return second_word(key) & ((1 << _RANK_BITS) - 1)


def without_rank(key: Wide) -> Wide:
    """Returns (student, time) of moments: as they are at rank 0."""
    return wide(key.real, second_word(key) >> _RANK_BITS << _RANK_BITS)


def window_scope(minute: Ints, scope: Ints) -> Ints:
    """Packs (minute, scope)."""
    return minute << SCOPE_BITS | scope


def window_of(key: Ints) -> Ints:
    """Returns the minute of a (minute, scope) key."""
    return key >> SCOPE_BITS


def scope_in(key: Ints) -> Ints:
    """Returns the scope of a (minute, scope) key."""
    return key & _SCOPE_MASK


def window_scope_student(minute: Ints, scope: Ints, student: Ints) -> Wide:
    """Packs (minute, scope, student): the first word is (minute, scope)."""
    return wide(window_scope(minute, scope), student)


def student_window(student: Ints, minute: Ints, scope: Ints) -> Wide:
    """Packs (student, minute, scope): the second word is (minute, scope)."""
    return wide(student, window_scope(minute, scope))


def student_scope_minute(student: Ints, scope: Ints, minute: Ints) -> Wide:
    """Packs (student, scope, minute): neighbours in time are neighbours in the key, and a student's are together.

    The first word holds student and scope: it is exact for 2²¹ scopes, more than are ever open
    (`engagement/scopes.py`).
    """
    return wide(student << _OPEN_SCOPE_BITS | scope, minute)


def later(key: Wide, minutes: int) -> Wide:
    """Returns (student, scope, minute) keys some minutes later."""
    return key + complex(0, minutes)


def pair_scope(key: Wide) -> Ints:
    """Returns the scope of a (student, scope, minute) key."""
    return first_word(key) & _OPEN_SCOPE_MASK


def pair_student(key: Wide) -> Ints:
    """Returns the student of a (student, scope, minute) key."""
    return first_word(key) >> _OPEN_SCOPE_BITS
