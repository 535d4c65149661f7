"""Chapter visits: how long each student really was on each chapter. The rule in words: docs/time-on-task.md."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from dataflows.operators.dedupe import Ids
from dataflows.operators.segments import Bools, Ints, found_in, last_where, lengths_of
from dataflows.study.explicit import Views, fold_views
from dataflows.study.intervals import key_of
from dataflows.study.marks import NONE, Explicit, FoldRules, Marks
from dataflows.study.presence import Stretches, stretches_of


@dataclass(frozen=True, slots=True)
class Visits:
    """Chapter visits, sorted by (member, start, event_id); arrays have shape (n,).

    Attributes:
        member: As in `Marks`.
        start_ms: Of an explicit visit as sent, else the time of its first event.
        hi: Upper half of the event_id: of the explicit visit, else of its first event.
        lo: Lower half.
        end_ms: As sent, else the end of the last stretch that is known or counts.
        spent_ms: The time that counts.
        raw_ms: The same without the caps and with the time away; never less.
        chapter: Code of the chapter.
        course: Code of the course: as sent, else the first one that its events carry; `NONE` where none does.
        klass: Code of the class: as sent, else the last one that its events carry.
        scroll: Highest scroll depth in tenths of a per cent, `NONE` where unknown.
        capped: Whether something was cut by a cap or was time away: `raw_ms` is more than `spent_ms`.
        is_view: Whether it is an explicit visit.
    """

    member: Ints
    start_ms: Ints
    hi: Ids
    lo: Ids
    end_ms: Ints
    spent_ms: Ints
    raw_ms: Ints
    chapter: Ints
    course: Ints
    klass: Ints
    scroll: Ints
    capped: Bools
    is_view: Bools

    def __len__(self) -> int:
        """How many visits."""
        return len(self.member)

    def take(self, index: Ints | Bools) -> Visits:
        """Returns some of the visits."""
        return Visits(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def fold_visits(marks: Marks, of: Ints, explicit: Explicit, low_ms: int, rules: FoldRules) -> Visits:
    """Returns all chapter visits of some students.

    Args:
        marks: Their events.
        of: The session of each mark: its index, -1 before the first one.
        explicit: Their explicit visits.
        low_ms: The lowest watermark of the task, epoch milliseconds.
        rules: Gap, grace and caps.

    Returns:
        The visits; a pure function of the arguments, whole milliseconds throughout. No instant of a student counts
        in two visits, except in those that stand alone.
    """
    stretches = stretches_of(marks, of, low_ms, rules)
    views = fold_views(marks, stretches, explicit, low_ms, rules)
    derived = _derived(marks, of, stretches, views)
    derived = derived.take(~_absorbed(derived, explicit, views))
    return _in_order(derived, _explicit(explicit, views))


def _derived(marks: Marks, of: Ints, stretches: Stretches, views: Views) -> Visits:
    begins, counts = np.flatnonzero(stretches.heads), lengths_of(np.flatnonzero(stretches.heads), len(stretches.mark))
    head = stretches.mark[begins]
    real = (stretches.chapter[begins] != NONE) & ~stretches.going[begins] & (of[head] >= 0)
    within = np.repeat(real, counts)
    begins = np.cumsum(counts[real]) - counts[real]
    mark, time_ms = stretches.mark[within], stretches.time_ms[within]
    if not len(mark):
        return _nothing()
    at, head = key_of(stretches.member[within], time_ms), mark[begins]

    def total(until_ms: Ints) -> Ints:
        width = until_ms - time_ms
        return np.add.reduceat(width - views.taken.between(at, at + width), begins)

    spent_ms, raw_ms = total(stretches.until_ms[within]), total(stretches.known_ms[within])
    return Visits(
        member=marks.member[head],
        start_ms=marks.time_ms[head],
        hi=marks.hi[head],
        lo=marks.lo[head],
        end_ms=np.maximum.reduceat(stretches.known_ms[within], begins),
        spent_ms=spent_ms,
        raw_ms=raw_ms,
        chapter=stretches.chapter[within][begins],
        course=_first(marks.course[mark], begins),
        klass=_last(marks.klass[mark], begins),
        scroll=np.maximum.reduceat(marks.scroll[mark], begins),
        capped=raw_ms > spent_ms,
        is_view=np.zeros(len(head), np.bool_),
    )


def _explicit(explicit: Explicit, views: Views) -> Visits:
    return Visits(
        member=explicit.member,
        start_ms=explicit.start_ms,
        hi=explicit.hi,
        lo=explicit.lo,
        end_ms=views.end_ms,
        spent_ms=views.spent_ms,
        raw_ms=views.raw_ms,
        chapter=explicit.chapter,
        course=explicit.course,
        klass=explicit.klass,
        scroll=explicit.scroll,
        capped=views.raw_ms > views.spent_ms,
        is_view=np.ones(len(explicit), np.bool_),
    )


def _absorbed(derived: Visits, explicit: Explicit, views: Views) -> Bools:
    """Marks the derived visits that overlap an explicit one on the same chapter: the explicit one tells it all."""
    shared = ~explicit.alone & (views.until_ms > explicit.start_ms)
    pair = explicit.member[shared] << 32 | explicit.chapter[shared]
    known, group = np.unique(pair, return_inverse=True)
    here, place = found_in(derived.member << 32 | derived.chapter, known)
    if not here.any():
        return here
    order = np.argsort(group, kind="stable")
    starts = key_of(group, explicit.start_ms[shared])[order]
    reached = np.maximum.accumulate(key_of(group, views.until_ms[shared])[order])
    place = np.where(here, place, 0)
    end = key_of(place, np.maximum(derived.end_ms, derived.start_ms + 1))
    before = np.searchsorted(starts, end) - 1
    absorbed: Bools = here & (before >= 0) & (reached[before] > key_of(place, derived.start_ms))
    return absorbed


def _first(codes: Ints, begins: Ints) -> Ints:
    at = np.minimum.reduceat(np.where(codes != NONE, np.arange(len(codes)), len(codes)), begins)
    return np.append(codes, NONE)[at]


def _last(codes: Ints, begins: Ints) -> Ints:
    return np.append(codes, NONE)[last_where(codes != NONE, begins)]


def _in_order(one: Visits, other: Visits) -> Visits:
    both = Visits(
        **{field.name: np.concatenate([getattr(one, field.name), getattr(other, field.name)]) for field in fields(one)}
    )
    return both.take(np.lexsort((both.lo, both.hi, both.start_ms, both.member)))


def _nothing() -> Visits:
    kinds = {"hi": np.uint64, "lo": np.uint64, "capped": np.bool_, "is_view": np.bool_}
    return Visits(**{field.name: np.empty(0, kinds.get(field.name, np.int64)) for field in fields(Visits)})
