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
from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Bools, Ints, lengths_of, starts_of
from dataflows.operators.tumbling import ACTIVE, EVENTS, TRAILING, DistinctMembers, WindowTable
from dataflows.scores.engagement import is_interaction


@dataclass(slots=True)
class ActivityState:
    """A snapshot of `Activity`."""

    scopes: Any
    table: tuple[Ints, Ints, Bools]
    present: packing.Wide
    trailing: packing.Wide


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
        # One row a (minute, place, student) first: the explosion into seven scopes then meets far fewer rows.
        packed = packing.window_scope_student(minute, events.place, events.student)
        order = order_of(packed)
        ordered = packed[order]
        starts = starts_of(ordered)
        counts = lengths_of(starts, len(ordered))
        acting = np.logical_or.reduceat(acts[events.act[order]], starts)
        group = ordered[starts]
        group_minute, student = packing.window_of(packing.first_word(group)), packing.second_word(group)
        scope = self._scopes_of(topic, events, packing.first_word(group), np.minimum.reduceat(order, starts))
        valid = scope >= 0
        row = np.broadcast_to(np.arange(len(group))[:, None], scope.shape)[valid]
        scope = scope[valid]
        self._table.add_events(packing.window_scope(group_minute[row], scope), counts[row])
        new = self._present.add(packing.window_scope_student(group_minute[row], scope, student[row]))
        self._table.add_active(packing.first_word(new))
        interactive = acting[row]
        row, scope = row[interactive], scope[interactive]
        reached, amounts = self._trailing.add(packing.scope_student_minute(scope, student[row], group_minute[row]))
        windows = packing.window_scope(packing.second_word(reached), packing.pair_scope(reached))
        self._table.add_trailing(windows, amounts)

    def _scopes_of(self, topic: str, events: Events, pair: Ints, first: Ints) -> Ints:
        """Returns the scopes of (minute, place) pairs, which ascend; `first`: where each begins in the log."""
        starts = starts_of(pair)
        distinct = pair[starts]
        at = np.minimum.reduceat(first, starts)
        scope = self._scopes.of(topic, events.places, packing.window_of(distinct), packing.scope_in(distinct), at)
        return scope[np.repeat(np.arange(len(starts)), lengths_of(starts, len(pair)))]

    def settle(self, low_ms: int) -> None:
        """Forgets what no later record can change."""
        settled = (low_ms - self._settle_ms) // packing.MINUTE_MS + 1 - packing.EPOCH_MIN
        if settled > 0:
            self._present.drop_before(settled)
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
        table, present, trailing = self._table.key, self._present.keys, self._trailing.keys
        in_present = packing.first_word(present)
        code = self._scopes.compacted(
            [packing.scope_in(table), packing.scope_in(in_present), packing.pair_scope(trailing)]
        )
        if code is None:
            return
        self._table.key = packing.window_scope(packing.window_of(table), code[packing.scope_in(table)])
        window = packing.window_scope(packing.window_of(in_present), code[packing.scope_in(in_present)])
        self._present.keys = packing.wide(window, packing.second_word(present))
        self._trailing.keys = packing.scope_student_minute(
            code[packing.pair_scope(trailing)], packing.pair_student(trailing), packing.second_word(trailing)
        )

    def state(self) -> ActivityState:
        """Returns what a snapshot must hold."""
        return ActivityState(self._scopes.state(), self._table.state(), self._present.keys, self._trailing.keys)

    def restore(self, state: ActivityState) -> None:
        """Continues from a snapshot's state."""
        self._scopes.restore(state.scopes)
        self._table.restore(state.table)
        self._present = DistinctMembers(state.present)
        self._trailing = TrailingMembers(self._span, state.trailing)
