"""The steps of the `engagement` pipeline: each takes a batch of one task and adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflows.engage.activity import Activity, ActivityState
from dataflows.engage.columns import Batch, Events, events_of
from dataflows.engage.days import Calendar
from dataflows.engage.fold import Rules
from dataflows.engage.students import StudentRules, Students
from dataflows.kafka import metrics
from dataflows.operators import packing
from dataflows.operators.dedupe import Seen
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.segments import Ints
from dataflows.operators.watermark import NEVER, Watermarks, is_late
from dataflows.settings import Settings

FLOW = "engagement"
COUNTED_ROLE = "student"
TRAILING_MINUTES = 5


class JudgeTime:
    """Watermarks, lateness, and the role: only students count, but everybody's records move the watermark."""

    def __init__(self, settings: Settings) -> None:
        """Starts without a watermark."""
        self._lateness_ms = settings.lateness_s * 1000
        self._marks = Watermarks()
        self._settled_ms = NEVER
        self._live: list[Ints] = []

    def process(self, batch: Batch) -> Batch:
        """Replaces the decoded records by the events that are in time, each with the watermark it met."""
        for topic, coded in batch.decoded:
            frame = coded.frame
            event_ms, append_ms = frame["event_ms"].to_numpy(), frame["append_ms"].to_numpy()
            given = batch.before_ms.get(topic)
            before = self._marks.advance(topic, event_ms, append_ms)
            before = before if given is None else given
            is_event = ~frame["is_tick"].to_numpy()
            metrics.DELIVERY_DELAY.observe_ms((append_ms - event_ms)[is_event])
            counts = is_event & _of_students(coded.acts, frame["act"].to_numpy())
            end_ms = (event_ms // packing.MINUTE_MS + 1) * packing.MINUTE_MS
            # A topic's very first records may be older than what the others have settled, which stays as it is.
            met = np.maximum(before, self._settled_ms)
            late = counts & is_late(met, end_ms, self._lateness_ms)
            if late.any():
                metrics.LATE_EVENTS.labels(FLOW).inc(int(late.sum()))
            keep = counts & ~late
            batch.events.append(events_of(coded, keep))
            batch.before.append(before[keep])
            self._live.append(append_ms[is_event & (append_ms >= batch.source.live_from_ms)])
        batch.decoded = []
        if batch.source.beat:
            metrics.note_watermarks(batch.source.task, self._marks.marks)
        if batch.source.writes and self._live:
            batch.live_append_ms, self._live = np.concatenate(self._live), []
        batch.watermarks = dict(self._marks.marks)
        batch.low = self._marks.low_once_begun(batch.source.offsets, batch.source.ends)
        self._settled_ms = max(self._settled_ms, batch.low)
        return batch

    def state(self) -> tuple[dict[str, int], int]:
        """Returns the watermarks, and how far minutes are settled."""
        return self._marks.marks, self._settled_ms

    def restore(self, state: tuple[dict[str, int], int]) -> None:
        """Continues from a snapshot."""
        self._marks, self._settled_ms = Watermarks(state[0]), state[1]


def _of_students(acts: list[Any], act: Any) -> Any:  # noqa: ANN401
    if not acts:
        return np.zeros(len(act), np.bool_)
    return np.array([a[0] == COUNTED_ROLE for a in acts], np.bool_)[act]


class DropRepeats:
    """Drops records whose event_id was counted before."""

    def __init__(self, settings: Settings) -> None:
        """Starts with no id seen."""
        self._seen = Seen(packing.MINUTE_MS + settings.lateness_s * 1000)

    def process(self, batch: Batch) -> Batch:
        """Keeps the first event of each id."""
        kept: list[Events] = []
        for events, before in zip(batch.events, batch.before, strict=True):
            minute_ms = events.event_ms // packing.MINUTE_MS * packing.MINUTE_MS
            first = self._seen.first_of(events.hi, events.lo, minute_ms, before, batch.low)
            if not first.all():
                metrics.DUPLICATES.labels(FLOW).inc(int((~first).sum()))
            kept.append(events.where(first))
        batch.events, batch.before = kept, []
        self._seen.forget(batch.low)
        return batch

    def state(self) -> Any:  # noqa: ANN401
        """Returns the ids that may still come again."""
        return self._seen.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's ids."""
        self._seen.restore(state)


class EncodeStudents:
    """Gives every student of the task a code, in the order of first appearance."""

    def __init__(self) -> None:
        """Starts without students."""
        self._ids: Dictionary[str] = Dictionary()

    def process(self, batch: Batch) -> Batch:
        """Replaces batch-local codes by the task's."""
        for events in batch.events:
            if len(events):
                # Only students who count get a code: staff and late ones would make it depend on the batch.
                used, at = np.unique(events.student, return_inverse=True)
                codes = self._ids.codes([events.students[c] for c in used.tolist()])
                events.student = codes[at]
        batch.student_ids = self._ids.values
        return batch

    def state(self) -> list[str]:
        """Returns the student ids by code."""
        return self._ids.values

    def restore(self, state: list[str]) -> None:
        """Continues from a snapshot's ids."""
        self._ids = Dictionary(state)


class CountActivity:
    """`activity_windows` in all scopes."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without windows."""
        self._task = str(task)
        self._activity = Activity(task, TRAILING_MINUTES, packing.MINUTE_MS + settings.lateness_s * 1000)

    def process(self, batch: Batch) -> Batch:
        """Counts the events; adds changed rows when they are due."""
        for events in batch.events:
            self._activity.add(events)
        if batch.source.writes:
            rows = self._activity.rows(batch.low)
            if len(rows):
                batch.rows["activity_windows"] = rows
            metrics.WINDOWS_OPEN.labels(FLOW, self._task).set(self._activity.open_rows)
        self._activity.settle(batch.low)
        return batch

    def state(self) -> ActivityState:
        """Returns the open windows."""
        return self._activity.state()

    def restore(self, state: ActivityState) -> None:
        """Continues from a snapshot's windows."""
        self._activity.restore(state)


class FollowStudents:
    """`student_state`, `engagement_scores` and `student_days`."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without students."""
        rules = StudentRules(
            fold=Rules(settings.session_gap_s * 1000, settings.session_end_grace_s * 1000),
            settle_ms=packing.MINUTE_MS + settings.lateness_s * 1000,
            lateness_ms=settings.lateness_s * 1000,
            offline_ms=settings.offline_after_s * 1000,
            unknown_video_ms=settings.idle_after_s * 1000,
        )
        self._students = Students(task, rules, Calendar(settings.timezone))

    def process(self, batch: Batch) -> Batch:
        """Takes the events, folds what became final, adds changed rows when they are due."""
        for events in batch.events:
            self._students.add(events, len(batch.student_ids))
        self._students.settle(batch.low)
        if batch.source.writes:
            batch.rows.update(self._students.rows(batch.low, batch.student_ids))
        batch.events = []
        return batch

    def state(self) -> dict[str, Any]:
        """Returns the students' state."""
        return self._students.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._students.restore(state)
