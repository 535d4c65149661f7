"""The explicit chapter visits that a task holds: those that marks or other visits may still change."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from dataflows.content.codes import Codes
from dataflows.content.columns import Events
from dataflows.content.marks import NONE, Explicit, FoldRules
from dataflows.events.studied import Number
from dataflows.operators import packing
from dataflows.operators.places import order_by_time
from dataflows.operators.segments import Bools, Ints


def explicit_of(events: Events, codes: Codes, rules: FoldRules) -> Explicit:
    """Returns chapter views in log order; `member` is their student, `alone` whether they came late.

    An end before the start is taken as the start, one later than `rules.longest_ms` after it as that: whatever it
    overlaps would have to be kept until then.
    """
    class_code, course, chapter, _lesson = codes.places.texts_of(codes.of_places(events))
    sent = events.number(Number.END_MS)
    end_ms = np.where(np.isnan(sent), 0, sent).astype(np.int64)
    end_ms = np.clip(end_ms, events.event_ms, events.event_ms + rules.longest_ms)
    return Explicit(
        member=events.student,
        start_ms=events.event_ms,
        end_ms=np.where(np.isnan(sent), NONE, end_ms),
        hi=events.hi,
        lo=events.lo,
        placed=events.placed,
        class_code=class_code,
        course=course,
        chapter=chapter,
        scroll=events.scroll,
        alone=events.late,
    )


def settles_at(events: Events, rules: FoldRules) -> Ints:
    """Returns when a chapter view is over for judging whether it is late: its end, at most the cap after the start."""
    sent = events.number(Number.END_MS)
    end_ms = np.where(np.isnan(sent), 0, sent).astype(np.int64)
    return np.clip(end_ms, events.event_ms, events.event_ms + rules.visit_cap_ms)


def reach_of(explicit: Explicit, rules: FoldRules) -> Ints:
    """Returns up to when marks and other visits may change each visit."""
    return np.where(explicit.end_ms == NONE, explicit.start_ms + rules.gap_ms, explicit.end_ms)


def taken(explicit: Explicit, index: Any) -> Explicit:  # noqa: ANN401
    """Returns some of the visits."""
    return Explicit(**{field.name: getattr(explicit, field.name)[index] for field in fields(Explicit)})


def joined(one: Explicit, other: Explicit) -> Explicit:
    """Returns both, sorted by (member, start, place in the log)."""
    both = Explicit(
        **{f.name: np.concatenate([getattr(one, f.name), getattr(other, f.name)]) for f in fields(Explicit)}
    )
    return taken(both, order_by_time(_keys(both), both.placed))


def _keys(explicit: Explicit) -> packing.Wide:
    return packing.moment(explicit.member, explicit.start_ms, np.zeros(len(explicit), np.int64))


def nothing() -> Explicit:
    """Returns no visits."""
    kinds: dict[str, Any] = {"hi": np.uint64, "lo": np.uint64, "alone": np.bool_}
    return Explicit(**{field.name: np.empty(0, kinds.get(field.name, np.int64)) for field in fields(Explicit)})


class SentVisits:
    """The explicit visits of all students of a task that came in time.

    Attributes:
        held: The visits; `member` is the student's code.
    """

    def __init__(self) -> None:
        """Starts without visits."""
        self.held = nothing()

    def __len__(self) -> int:
        """How many are held."""
        return len(self.held)

    def add(self, explicit: Explicit) -> None:
        """Takes visits that are neither late nor repeated."""
        if len(explicit):
            self.held = joined(self.held, explicit)

    def take(self, students: Ints, since_ms: Ints) -> Explicit:
        """Returns the visits of some students (codes, ascending) that begin at or after an instant of each."""
        if not len(self.held):
            return self.held
        place = np.minimum(np.searchsorted(students, self.held.member), max(len(students) - 1, 0))
        mine = np.flatnonzero(students[place] == self.held.member) if len(students) else np.empty(0, np.int64)
        mine = mine[self.held.start_ms[mine] >= since_ms[place[mine]]]
        columns = {field.name: getattr(self.held, field.name)[mine] for field in fields(Explicit)}
        return Explicit(**columns | {"member": place[mine].astype(np.int64)})

    def drop_before(self, students: Ints, cut_ms: Ints) -> None:
        """Forgets the visits of some students that begin before an instant of each."""
        if not len(self.held) or not len(students):
            return
        place = np.minimum(np.searchsorted(students, self.held.member), len(students) - 1)
        gone: Bools = (students[place] == self.held.member) & (self.held.start_ms < cut_ms[place])
        self.held = taken(self.held, ~gone)

    def state(self) -> list[Any]:
        """Returns what a snapshot must hold."""
        return [getattr(self.held, field.name) for field in fields(Explicit)]

    def restore(self, state: list[Any]) -> None:
        """Continues from a snapshot's visits."""
        self.held = Explicit(*state)
