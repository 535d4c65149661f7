"""`activity_windows`: events and distinct students by minute, in all scopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dataflows.engagement.columns import Events
from dataflows.engagement.scopes import Scopes
from dataflows.operators import packing
from dataflows.operators.hopping import TrailingMembers
from dataflows.operators.ordering import distinct, order_of
from dataflows.operators.segments import Bools, Ints, lengths_of, starts_of
from dataflows.operators.tumbling import ACTIVE, EVENTS, TRAILING, DistinctMembers, WindowTable
from dataflows.scores.engagement import is_interaction


@dataclass(slots=True)
class ActivityState:
    """A snapshot of `Activity`.

    Attributes:
        scopes: The scopes' codes.
        table: The open windows.
        present: Members of windows as (student, scope, minute), ascending; interactive ones
        trailing: of trailing windows, likewise.
        by_student: Tells that they are in that order: snapshots of before have not got it.
    """

    scopes: Any
    table: tuple[Ints, Ints, Bools]
    present: packing.Wide
    trailing: packing.Wide
    by_student: bool = True


class Activity:
    """Tumbling windows of one minute, and the distinct students of the last five, by scope."""

    def __init__(self, task: int, span_minutes: int, settle_ms: int) -> None:
        """Starts empty.

        Args:
            task: The task's number, part of the key.
            span_minutes: Length of the trailing window.
            settle_ms: From a window's start until its events are late.
        """
        self._task, self._span, self._settle_ms = task, span_minutes, settle_ms
        self._scopes = Scopes()
        self._table = WindowTable()
        self._present = DistinctMembers()
        self._trailing = TrailingMembers(span_minutes)

    def add(self, topic: str, events: Events) -> None:
        """Counts events of a topic that are neither late nor repeated; `student` holds the task's codes."""
        if not len(events):
            return
        self._compact()
        acts = np.array([is_interaction(name, hidden=hidden) for _r, name, _d, _b, hidden in events.acts], np.bool_)
        minute = packing.minute_of(events.event_ms)
        # One row a (student, minute, place) first: the explosion into seven scopes then meets far fewer rows, and what
        # comes out of it is nearly in the order of the members' keys.
        packed = packing.student_window(events.student, minute, events.place)
        order = order_of(packed)
        ordered = packed[order]
        starts = starts_of(ordered)
        counts = lengths_of(starts, len(ordered))
        acting = np.logical_or.reduceat(acts[events.act[order]], starts)
        student, pair = packing.first_word(ordered[starts]), packing.second_word(ordered[starts])
        scope = self._scopes_of(topic, events, pair, np.minimum.reduceat(order, starts))
        row, kind = np.nonzero(scope >= 0)
        scope, student, minute = scope[row, kind], student[row], packing.window_of(pair)[row]
        window = packing.window_scope(minute, scope)
        self._table.add_events(window, counts[row])
        members = packing.student_scope_minute(student, scope, minute)
        self._table.add_active(_window(self._present.add(members)))
        reached, amounts = self._trailing.add(members[acting[row]])
        self._table.add_trailing(_window(reached), amounts)

    def _scopes_of(self, topic: str, events: Events, pair: Ints, first: Ints) -> Ints:
        """Returns the scopes of (minute, place) pairs; `first`: where each is in the log."""
        pairs, place = distinct(pair)
        at = np.full(len(pairs), len(events), np.int64)
        np.minimum.at(at, place, first)
        return self._scopes.of(topic, events.places, packing.window_of(pairs), packing.scope_in(pairs), at)[place]

    def settle(self, low_ms: int) -> None:
        """Forgets what no later record can change."""
        settled = (low_ms - self._settle_ms) // packing.MINUTE_MS + 1 - packing.EPOCH_MIN
        if settled > 0:
            self._present.keep(packing.second_word(self._present.keys) >= settled)
            self._trailing.drop_before(settled)
            self._table.drop_settled(settled)
            self._scopes.drop_before(settled)

    @property
    def open_rows(self) -> int:
        """Window rows in the state."""
        return len(self._table.key)

    def rows(self, low_ms: int, *, history: bool = True) -> pl.DataFrame:
        """Returns the changed rows of `activity_windows` and unmarks them.

        Without `history` a row waits while its minute runs and the students of the last five minutes are as they were;
        the whole school's does not. So what a whole minute held is told with the watermark that passes it.
        """
        key, values = self._table.take_due(
            low_ms // packing.MINUTE_MS - packing.EPOCH_MIN,
            history=history,
            watched=self._scopes.known.code(("all", "all")) if self.open_rows else -1,
        )
        scope = packing.scope_in(key)
        names = (
            pl.DataFrame(self._scopes.known.values, schema=["scope", "scope_id"], orient="row").gather(scope)
            if len(key)
            else pl.DataFrame(schema={"scope": pl.String, "scope_id": pl.String})
        )
        start = packing.minute_ms(packing.window_of(key))
        return pl.DataFrame(
            {
                "window_start": pl.Series(start, dtype=pl.Int64).cast(pl.Datetime("ms")),
                "scope": names["scope"],
                "scope_id": names["scope_id"],
                "task": np.full(len(key), self._task, np.int64),
                "events": values[:, EVENTS],
                "active_students": values[:, ACTIVE],
                "active_5m": values[:, TRAILING],
            }
        )

    def _compact(self) -> None:
        """Gives up the codes of scopes that no open window speaks of; the others keep their order, as do the keys."""
        table, members = self._table.key, (self._present, self._trailing)
        code = self._scopes.compacted([packing.scope_in(table), *(packing.pair_scope(m.keys) for m in members)])
        if code is None:
            return
        self._table.key = packing.window_scope(packing.window_of(table), code[packing.scope_in(table)])
        for m in members:
            scope = code[packing.pair_scope(m.keys)]
            m.keys = packing.student_scope_minute(packing.pair_student(m.keys), scope, packing.second_word(m.keys))

    def state(self) -> ActivityState:
        """Returns what a snapshot must hold."""
        return ActivityState(self._scopes.state(), self._table.state(), self._present.keys, self._trailing.keys)

    def restore(self, state: ActivityState) -> None:
        """Continues from a snapshot's state."""
        self._scopes.restore(state.scopes)
        self._table.restore(state.table)
        self._present, self._trailing = DistinctMembers(state.present), TrailingMembers(self._span, state.trailing)
        if not hasattr(state, "by_student"):
            self._present.keys, self._trailing.keys = map(np.sort, _by_student(state.present, state.trailing))


def _window(members: packing.Wide) -> Ints:
    """Returns the (minute, scope) of (student, scope, minute) keys."""
    return packing.window_scope(packing.second_word(members), packing.pair_scope(members))


def _by_student(present: packing.Wide, trailing: packing.Wide) -> tuple[packing.Wide, packing.Wide]:
    """Returns as (student, scope, minute) what snapshots of before hold.

    Args:
        present: As (minute, scope, student).
        trailing: As (scope, student, minute).
    """
    window, pair = packing.first_word(present), packing.first_word(trailing)
    student, scope = pair & ((1 << packing.STUDENT_BITS) - 1), pair >> packing.STUDENT_BITS
    return (
        packing.student_scope_minute(packing.second_word(present), packing.scope_in(window), packing.window_of(window)),
        packing.student_scope_minute(student, scope, packing.second_word(trailing)),
    )
