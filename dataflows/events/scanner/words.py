# mypy: disable-error-code="no-any-return, assignment, return-value, call-arg, var-annotated, untyped-decorator"
"""Eight bytes at a time: what the scanner's loops are made of, compiled by numba.

`load` reads eight bytes wherever they lie; whoever calls it sees to it that they are in the buffer, which therefore
ends in padding. Little-endian, as every processor is that there are wheels for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
ONES = np.uint64(0x0101010101010101)
HIGH = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_STROKES = np.uint64(0x5C5C5C5C5C5C5C5C)
_BLANKS = np.uint64(0x2020202020202020)

jit: Any = njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")


@intrinsic
def load(_context: Any, buffer: Any, at: Any) -> Any:
    """Returns the eight bytes of a buffer that begin at a place."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.bitcast(builder.gep(array.data, [args[1]]), _WORD.as_pointer())
        word = builder.load(pointer)
        word.align = 1
        return word

    return types.uint64(buffer, types.intp), generate


@intrinsic
def trailing_zeros(_context: Any, word: Any) -> Any:
    """Returns how many low bits of a word, which is not 0, are 0."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@jit
def text_end(buffer: Any, at: int) -> int:
    """Returns where the quote is that ends a text which begins at `at`; -1 where it holds anything but plain ASCII."""
    while True:
        word = load(buffer, at)
        quote, stroke = word ^ _QUOTES, word ^ _STROKES
        marks = (quote - ONES) & ~quote
        marks |= (stroke - ONES) & ~stroke
        marks |= word - _BLANKS & ~word
        marks |= word
        marks &= HIGH
        if marks:
            found = at + (trailing_zeros(marks) >> 3)
            return found if buffer[found] == 34 else -1
        at += 8


@jit
def blanks_end(buffer: Any, at: int) -> int:
    """Returns the place of the first byte that is no blank."""
    while buffer[at] == 32 or buffer[at] == 10 or buffer[at] == 9 or buffer[at] == 13:
        at += 1
    return at


@jit
def lowest(length: int) -> Any:
    """Returns a mask of so many low bytes, of 1 to 8."""
    return np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * length)
