"""`activity_windows`: events and distinct students by minute, in all scopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dataflows.engage.columns import Events
from dataflows.events.coding import Place
from dataflows.operators import packing
from dataflows.operators.dictionary import Dictionary, RowCache
from dataflows.operators.hopping import TrailingMembers
from dataflows.operators.segments import Bools, Ints, lengths_of, starts_of
from dataflows.operators.tumbling import ACTIVE, EVENTS, TRAILING, DistinctMembers, WindowTable
from dataflows.scores.engagement import is_interaction

Scope = tuple[str, str]

_COMPACT_FROM = 100_000
_SCOPES = 7


def scopes_of(place: Place) -> list[Scope]:
    """Returns the scopes that an event at a place counts in.

    Example:
        >>> scopes_of(("7B", None, None, None, "ch/3"))
        [('all', 'all'), ('class', '7B'), ('chapter', 'ch/3'), ('class_chapter', '7B/ch%2F3')]
    """
    class_id, grade, subject_id, course_id, chapter_id = place
    named = [
        ("class", class_id),
        ("grade", grade),
        ("subject", subject_id),
        ("course", course_id),
        ("chapter", chapter_id),
    ]
    scopes = [("all", "all"), *((scope, value) for scope, value in named if value is not None)]
    if class_id is not None and chapter_id is not None:
        both = f"{class_id.replace('/', '%2F')}/{chapter_id.replace('/', '%2F')}"
        scopes.append(("class_chapter", both))
    return scopes


@dataclass(slots=True)
class ActivityState:
    """A snapshot of `Activity`."""

    scopes: list[Scope]
    table: tuple[Ints, Ints, Bools]
    present: Ints
    trailing: Ints


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
        self._scopes: Dictionary[Scope] = Dictionary()
        self._table = WindowTable()
        self._present = DistinctMembers()
        self._trailing = TrailingMembers(span_minutes)
        self._codes_of = RowCache(_SCOPES, self._scope_codes)

    def add(self, events: Events) -> None:
        """Counts events that are neither late nor repeated; `student` holds the task's codes."""
        if not len(events):
            return
        scopes = self._scope_matrix(events.places)
        acts = np.array([is_interaction(name, hidden=hidden) for _r, name, _d, _b, hidden in events.acts], np.bool_)
        minute = packing.minute_of(events.event_ms)
        # One row a (minute, place, student) first: the explosion into seven scopes then meets far fewer rows.
        packed = (minute << packing.SCOPE_BITS | events.place) << packing.STUDENT_BITS | events.student
        order = np.argsort(packed)
        ordered = packed[order]
        starts = starts_of(ordered)
        counts = lengths_of(starts, len(ordered))
        acting = np.logical_or.reduceat(acts[events.act[order]], starts)
        group = ordered[starts]
        student = group & (packing.MAX_STUDENTS - 1)
        place = (group >> packing.STUDENT_BITS) & (packing.MAX_SCOPES - 1)
        group_minute = group >> (packing.STUDENT_BITS + packing.SCOPE_BITS)
        scope = scopes[place]
        valid = scope >= 0
        row = np.broadcast_to(np.arange(len(group))[:, None], scope.shape)[valid]
        scope = scope[valid]
        self._table.add(packing.window_scope(group_minute[row], scope), (counts[row], None, None))
        new = self._present.add(packing.window_scope_student(group_minute[row], scope, student[row]))
        self._table.add(packing.without_student(new), (None, np.ones(len(new), np.int64), None))
        interactive = acting[row]
        row, scope = row[interactive], scope[interactive]
        reached, amounts = self._trailing.add(packing.scope_student_minute(scope, student[row], group_minute[row]))
        windows = packing.window_scope(
            packing.minute_in(reached), reached >> (packing.STUDENT_BITS + packing.MINUTE_BITS)
        )
        self._table.add(windows, (None, None, amounts))

    def settle(self, low_ms: int) -> None:
        """Forgets what no later record can change."""
        settled = (low_ms - self._settle_ms) // packing.MINUTE_MS + 1 - packing.EPOCH_MIN
        if settled > 0:
            self._present.drop_before(settled)
            self._trailing.drop_before(settled)
            self._table.drop_settled(settled)

    @property
    def open_rows(self) -> int:
        """Window rows in the state."""
        return len(self._table.key)

    def rows(self, low_ms: int) -> pl.DataFrame:
        """Returns the changed rows of `activity_windows` and unmarks them."""
        key, values = self._table.take_due(low_ms // packing.MINUTE_MS - packing.EPOCH_MIN)
        scope = key & (packing.MAX_SCOPES - 1)
        names = (
            pl.DataFrame(self._scopes.values, schema=["scope", "scope_id"], orient="row").gather(scope)
            if len(key)
            else pl.DataFrame(schema={"scope": pl.String, "scope_id": pl.String})
        )
        start = packing.minute_ms(key >> packing.SCOPE_BITS)
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

    def _scope_matrix(self, places: list[Place]) -> Ints:
        if len(self._scopes) > _COMPACT_FROM:
            self._compact()
        matrix = self._codes_of.rows(places)
        if len(self._scopes) >= packing.MAX_SCOPES:
            text = f"task {self._task} holds more than {packing.MAX_SCOPES} open scopes; use more partitions"
            raise OverflowError(text)
        return matrix

    def _scope_codes(self, place: Place) -> list[int]:
        codes = [self._scopes.code(scope) for scope in scopes_of(place)]
        return codes + [-1] * (_SCOPES - len(codes))

    def _compact(self) -> None:
        """Gives up the codes of scopes that no open window speaks of."""
        mask = packing.MAX_SCOPES - 1
        in_present = (self._present.keys >> packing.STUDENT_BITS) & mask
        in_trailing = self._trailing.keys >> (packing.STUDENT_BITS + packing.MINUTE_BITS)
        used = np.unique(np.concatenate([self._table.key & mask, in_present, in_trailing]))
        if len(used) * 2 > len(self._scopes):
            return
        code = np.full(len(self._scopes), -1, np.int64)
        code[used] = np.arange(len(used))
        self._scopes = Dictionary([self._scopes.values[c] for c in used.tolist()])
        self._codes_of.clear()
        # Codes keep their order, so every sorted array stays sorted.
        self._table.key = (self._table.key & ~np.int64(mask)) | code[self._table.key & mask]
        shift = packing.STUDENT_BITS
        self._present.keys = (self._present.keys & ~np.int64(mask << shift)) | code[in_present] << shift
        shift = packing.STUDENT_BITS + packing.MINUTE_BITS
        self._trailing.keys = (self._trailing.keys & ((1 << shift) - 1)) | code[in_trailing] << shift

    def state(self) -> ActivityState:
        """Returns what a snapshot must hold."""
        return ActivityState(list(self._scopes.values), self._table.state(), self._present.keys, self._trailing.keys)

    def restore(self, state: ActivityState) -> None:
        """Continues from a snapshot's state."""
        self._scopes = Dictionary(state.scopes)
        self._codes_of.clear()
        self._table.restore(state.table)
        self._present = DistinctMembers(state.present)
        self._trailing = TrailingMembers(self._span, state.trailing)
