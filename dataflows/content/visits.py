"""Chapter visits: how long each student really was on each chapter. The rule in words: docs/time-on-task.md."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from dataflows.content.explicit import Views, fold_views
from dataflows.content.intervals import key_of
from dataflows.content.marks import NONE, Explicit, FoldRules, Marks
from dataflows.content.overlaps import overlaps_of
from dataflows.content.presence import Stretches, stretches_of
from dataflows.operators.dedupe import Ids
from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, last_where, lengths_of, starts_of


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
        class_code: Code of the class: as sent, else the last one that its events carry.
        scroll: Highest scroll depth in tenths of a per cent, `NONE` where unknown.
        capped: Whether something was cut by a cap or was time away: `raw_ms` is more than `spent_ms`.
        is_view: Whether it is an explicit visit.
        placed: Place in the log of an explicit one; `NONE` of the others.
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
    class_code: Ints
    scroll: Ints
    capped: Bools
    is_view: Bools
    placed: Ints

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
    derived, reported = _derived(marks, of, stretches, views), _explicit(explicit, views)
    overlaps = overlaps_of(derived.member, derived.chapter, derived.start_ms, derived.end_ms, explicit, views)
    absorbed = np.flatnonzero(overlaps.view >= 0)
    reported = _with_guests(
        reported, views, derived.take(absorbed), overlaps.view[absorbed], overlaps.gives_time[absorbed]
    )
    return _in_order(derived.take(overlaps.view < 0), reported)


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
        class_code=_last(marks.class_code[mark], begins),
        scroll=np.maximum.reduceat(marks.scroll[mark], begins),
        capped=raw_ms > spent_ms,
        is_view=np.zeros(len(head), np.bool_),
        placed=np.full(len(head), NONE, np.int64),
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
        class_code=explicit.class_code,
        scroll=explicit.scroll,
        capped=views.raw_ms > views.spent_ms,
        is_view=np.ones(len(explicit), np.bool_),
        placed=explicit.placed,
    )


def _with_guests(reported: Visits, views: Views, guests: Visits, host: Ints, gives_time: Bools) -> Visits:
    """Returns the explicit visits with what the derived ones that they absorbed know beyond them."""
    if not len(host):
        return reported
    order = order_of(host)
    guests, host, gives_time = guests.take(order), host[order], gives_time[order]
    begins = starts_of(host)
    at = host[begins]

    def given(values: Ints) -> Ints:
        out = np.zeros(len(reported), np.int64)
        out[at] = np.add.reduceat(np.where(gives_time, values, 0), begins)
        return out

    def filled(own: Ints, found: Ints) -> Ints:
        out = own.copy()
        out[at] = np.where(own[at] != NONE, own[at], found)
        return out

    end_ms, scroll = reported.end_ms.copy(), reported.scroll.copy()
    end_ms[at] = np.maximum(end_ms[at], np.maximum.reduceat(np.where(gives_time, guests.end_ms, 0), begins))
    scroll[at] = np.maximum(scroll[at], np.maximum.reduceat(guests.scroll, begins))
    # beyond its own cap a visit without an end leaves it to its guests to say what was cut
    raw_ms = np.where(given(np.ones(len(host), np.int64)) > 0, views.owned_ms, reported.raw_ms) + given(guests.raw_ms)
    spent_ms = reported.spent_ms + given(guests.spent_ms)
    return replace(
        reported,
        end_ms=end_ms,
        spent_ms=spent_ms,
        raw_ms=raw_ms,
        course=filled(reported.course, _first(guests.course, begins)),
        class_code=filled(reported.class_code, _last(guests.class_code, begins)),
        scroll=scroll,
        capped=raw_ms > spent_ms,
    )


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
