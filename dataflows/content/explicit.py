"""Explicit chapter visits: their ends, whose an overlap is, and how long each really lasted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.content.away import away_from
from dataflows.content.intervals import LATEST_MS, Cover, key_of, last_covering, time_of, union
from dataflows.content.marks import NONE, Explicit, FoldRules, Marks
from dataflows.content.presence import Stretches
from dataflows.operators.segments import Ints


@dataclass(frozen=True, slots=True)
class Views:
    """What explicit visits come to; arrays have the shape of the visits.

    Attributes:
        end_ms: As sent, or inferred.
        until_ms: Up to when the visit may count.
        spent_ms: What counts.
        raw_ms: The same without the caps and with time away.
        owned_ms: What they hold up to `until_ms`, with time away.
        taken: What they take from derived visits, by member.
    """

    end_ms: Ints
    until_ms: Ints
    spent_ms: Ints
    raw_ms: Ints
    owned_ms: Ints
    taken: Cover


def fold_views(marks: Marks, stretches: Stretches, explicit: Explicit, low_ms: int, rules: FoldRules) -> Views:
    """Returns the time of explicit visits.

    Args:
        marks: Of the same students.
        stretches: Of these marks.
        explicit: The visits.
        low_ms: The lowest watermark: an open end is inferred once it has passed.
        rules: The caps.
    """
    end_ms, until_ms = _ends(stretches, explicit, low_ms, rules)
    spent_ms, raw_ms = until_ms - explicit.start_ms, end_ms - explicit.start_ms
    shared = np.flatnonzero(~explicit.alone)
    member, start_ms, until = explicit.member[shared], explicit.start_ms[shared], until_ms[shared]
    starts, ends = key_of(member, start_ms), key_of(member, until)
    taken = union(starts, ends)
    owner, left, right = _owned(starts, ends)
    width = _sums(owner, right - left, len(shared))
    owned_ms = spent_ms.copy()
    owned_ms[shared] = width
    if len(shared):
        away = away_from(marks, member, explicit.chapter[shared], start_ms)
        gone = away.between(owner, member[owner], time_of(left), time_of(right))
        spent_ms[shared] = width - _sums(owner, gone, len(shared))
        last = key_of(member, end_ms[shared])
        raw_ms[shared] = width + (last - ends) - taken.between(ends, last)
    return Views(end_ms, until_ms, spent_ms, raw_ms, owned_ms, taken)


def _ends(stretches: Stretches, explicit: Explicit, low_ms: int, rules: FoldRules) -> tuple[Ints, Ints]:
    """Returns the end of each visit, as sent or inferred, and up to when it may count."""
    start_ms, is_open = explicit.start_ms, explicit.end_ms == NONE
    until_ms = np.minimum(explicit.end_ms, start_ms + rules.visit_cap_ms)
    if not is_open.any():
        return explicit.end_ms.copy(), until_ms
    shared = ~explicit.alone
    visits = key_of(explicit.member[shared], start_ms[shared])
    next_ms = np.minimum(_next_ms(explicit, key_of(stretches.member, stretches.time_ms)), _next_ms(explicit, visits))
    cap_ms = start_ms + rules.idle_cap_ms
    inferred = explicit.alone | (next_ms < LATEST_MS) | (low_ms >= cap_ms)
    seen = shared & (next_ms - start_ms < rules.gap_ms)
    known_ms = np.where(seen, next_ms, np.where(inferred, cap_ms, start_ms))
    return np.where(is_open, known_ms, explicit.end_ms), np.where(is_open, np.minimum(known_ms, cap_ms), until_ms)


def _next_ms(explicit: Explicit, keys: Ints) -> Ints:
    """Returns the time of the first of the keys after each visit's start; `LATEST_MS` where none is."""
    if not len(keys):
        return np.full(len(explicit), LATEST_MS)
    start = key_of(explicit.member, explicit.start_ms)
    place = np.searchsorted(keys, start, side="right")
    found = keys[np.minimum(place, len(keys) - 1)]
    end = key_of(explicit.member, np.full(len(explicit), LATEST_MS))
    return np.where((place < len(keys)) & (found <= end), explicit.start_ms + found - start, LATEST_MS)


def _owned(starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Returns pieces of time and the visit that each belongs to: the last started of those that cover it."""
    points = np.unique(np.concatenate([starts, ends]))
    owner = last_covering(starts, ends, points[:-1])
    held = owner >= 0
    return owner[held], points[:-1][held], points[1:][held]


def _sums(owner: Ints, values: Ints, count: int) -> Ints:
    # exact: whole milliseconds far below 2**53
    return np.bincount(owner, weights=values, minlength=count).astype(np.int64)
