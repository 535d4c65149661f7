"""The steps of the `engagement` pipeline: each takes a batch of one task and adds to it."""

from __future__ import annotations

from typing import Any

from dataflows import metrics
from dataflows.engagement.activity import Activity, ActivityState
from dataflows.engagement.columns import Batch, events_of
from dataflows.engagement.fold import Rules
from dataflows.engagement.students import StudentRules, Students
from dataflows.events.kinds import rank_of
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.dedupe import SeenByTopic
from dataflows.operators.event_time import State
from dataflows.operators.students import of_students
from dataflows.operators.watermark import is_late
from dataflows.settings import Settings
from dataflows.task_time import TaskTime

FLOW = "engagement"
TRAILING_MINUTES = 5


class JudgeTime:
    """Watermarks, lateness, and the role: only students count, but everybody's records move the watermark."""

    def __init__(self, settings: Settings) -> None:
        """Starts without a watermark."""
        self._lateness_ms, self._prefix = settings.lateness_s * 1000, settings.topic_prefix
        self._time = TaskTime()

    def process(self, batch: Batch) -> Batch:
        """Replaces the decoded records by events of students: the watermark before each, and whether it is late."""
        for topic, coded in batch.decoded:
            before, met = self._time.meet(batch, topic, coded.frame)
            counts = of_students(coded.frame, coded.acts, "act")
            if topic in batch.withheld:
                counts &= ~batch.withheld[topic]
            end_ms = (coded.frame["event_ms"].to_numpy() // packing.MINUTE_MS + 1) * packing.MINUTE_MS
            late = counts & is_late(met, end_ms, self._lateness_ms)
            if late.any():
                metrics.LATE_EVENTS.labels(FLOW).inc(int(late.sum()))
            events = events_of(coded, counts, rank_of(topic, self._prefix))
            batch.judged.append((topic, events, before[counts], late[counts]))
        batch.decoded = []
        self._time.settle(batch)
        return batch

    def state(self) -> State:
        """Returns the watermarks, and how far minutes are settled."""
        return self._time.state()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._time.restore(state)


class DropRepeats:
    """Drops late events, and those whose event_id is known; that of a late one is known too, for it is the first."""

    def __init__(self, settings: Settings) -> None:
        """Starts with no id seen."""
        self._seen = SeenByTopic(max(settings.repeat_s, settings.lateness_s + 60) * 1000)

    def process(self, batch: Batch) -> Batch:
        """Keeps the first event of each id, if it is in time."""
        for topic, events, before, late in batch.judged:
            first = self._seen.of(topic).first_of(events.hi, events.lo, events.event_ms, before)
            repeats = int((~first & ~late).sum())
            if repeats:
                metrics.DUPLICATES.labels(FLOW).inc(repeats)
            batch.events.append(events.where(first & ~late))
            batch.topics.append(topic)
        batch.judged = []
        return batch

    def state(self) -> Any:  # noqa: ANN401
        """Returns the ids that may still come again."""
        return self._seen.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's ids."""
        self._seen.restore(state)


class CountActivity:
    """`activity_windows` in all scopes."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without windows."""
        self._task = str(task)
        self._activity = Activity(task, TRAILING_MINUTES, packing.MINUTE_MS + settings.lateness_s * 1000)

    def process(self, batch: Batch) -> Batch:
        """Counts the events; adds changed rows when they are due."""
        for topic, events in zip(batch.topics, batch.events, strict=True):
            self._activity.add(topic, events)
        if batch.source.writes:
            rows = self._activity.rows(batch.low, history=batch.source.history)
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
    """`student_state`, `engagement_scores`, `student_days` and `student_day_classes`."""

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
            rows = self._students.rows(batch.low, batch.student_ids, history=batch.source.history)
            batch.rows.update(rows)
        batch.events = []
        return batch

    def state(self) -> dict[str, Any]:
        """Returns the students' state."""
        return self._students.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._students.restore(state)
