"""Half-open intervals of whole milliseconds, in lists."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Returns the union: disjoint, in order, nothing empty."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Returns what is left of the union of `spans` outside of `holes`."""
    left = joined(spans)
    for begin, end in holes:
        if begin < end:
            cut = [piece for a, b in left for piece in ((a, min(b, begin)), (max(a, end), b))]
            left = [(a, b) for a, b in cut if a < b]
    return left


def length(spans: Iterable[Span]) -> int:
    """Returns the length of the union."""
    return sum(end - start for start, end in joined(spans))
