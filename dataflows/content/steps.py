"""The steps of the `content` pipeline: each takes a batch of one task and adds to it."""

from __future__ import annotations

from typing import Any, Final

from dataflows import metrics
from dataflows.content.columns import Batch, Events, events_of
from dataflows.content.counts import ClickDays
from dataflows.content.marks import FoldRules
from dataflows.content.milestones import Milestones
from dataflows.content.pages import PageDays
from dataflows.content.sent import settles_at
from dataflows.content.timeline import Timeline
from dataflows.events.kinds import rank_of
from dataflows.operators.calendar import Calendar
from dataflows.operators.dedupe import SeenByTopic
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.students import of_students
from dataflows.operators.watermark import NEVER, is_late
from dataflows.settings import Settings
from dataflows.task_time import TaskTime

FLOW: Final = "content"


def fold_rules(settings: Settings) -> FoldRules:
    """Returns the rules of the folds that the settings ask for."""
    return FoldRules(
        gap_ms=settings.session_gap_s * 1000,
        end_grace_ms=settings.session_end_grace_s * 1000,
        idle_cap_ms=settings.idle_cap_s * 1000,
        visit_cap_ms=settings.visit_cap_s * 1000,
    )


def reach_ms(settings: Settings) -> int:
    """Returns how long after its time an event still counts: its session lasts for the gap, then comes the lateness."""
    return (settings.session_gap_s + settings.content_lateness_s) * 1000


class JudgeTime:
    """Watermarks, lateness, and the role: only students count, but everybody's records move the watermark."""

    def __init__(self, settings: Settings) -> None:
        """Starts without a watermark."""
        self._rules, self._reach_ms = fold_rules(settings), reach_ms(settings)
        self._prefix = settings.topic_prefix
        self._time = TaskTime()
        self._views_met: int | None = None

    def process(self, batch: Batch) -> Batch:
        """Replaces the decoded records by events of students, each with the watermark it met and whether it is late."""
        for topic, studied in batch.decoded:
            before, met = self._time.meet(batch, topic, studied.frame)
            counts = of_students(studied.frame, studied.actions, "action")
            if topic in batch.withheld:
                counts &= ~batch.withheld[topic]
            event_ms = studied.frame["event_ms"].to_numpy()
            late = is_late(met, event_ms, self._reach_ms)
            events = events_of(studied, counts, late, rank_of(topic, self._prefix))
            if studied.is_view:
                events.late = self._late_views(events, met[counts])
            batch.note(topic, events, before[counts], is_view=studied.is_view)
            metrics.LATE_EVENTS.labels(FLOW).inc(int(events.late.sum()))
        batch.decoded = []
        batch.has_views = self._views_met is not None
        self._time.settle(batch)
        return batch

    def _late_views(self, views: Events, met: Ints) -> Bools:
        if len(views) and self._views_met is None:
            self._views_met = int(met[0])
        # Before a task's first chapter view, marks are not kept for the hours that one may last.
        since_ms = NEVER if self._views_met is None else self._views_met - self._reach_ms
        late: Bools = is_late(met, settles_at(views, self._rules), self._reach_ms) | (views.event_ms < since_ms)
        return late

    def state(self) -> Any:  # noqa: ANN401
        """Returns the watermarks, how far time is settled, and what the first chapter view met."""
        return self._time.state(), self._views_met

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot."""
        self._time.restore(state[0])
        self._views_met = state[1]


class KeepMilestones:
    """`milestones`: facts, late ones and repeats too."""

    def __init__(self) -> None:
        """Starts without rows."""
        self._milestones = Milestones()

    def process(self, batch: Batch) -> Batch:
        """Takes the clickstream; adds the rows when they are due."""
        for events in batch.clicks:
            self._milestones.add(events, events.students)
        if batch.source.writes:
            batch.add_rows("milestones", self._milestones.rows())
        return batch

    def state(self) -> Any:  # noqa: ANN401
        """Returns the rows that wait."""
        return self._milestones.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's rows."""
        self._milestones.restore(state)


class DropRepeats:
    """Drops events whose event_id is known, and late clicks; that of a late event is known too, for it is the first."""

    def __init__(self, settings: Settings) -> None:
        """Starts with no id seen."""
        countable_ms = reach_ms(settings) + fold_rules(settings).visit_cap_ms
        self._seen = SeenByTopic(max(settings.repeat_s * 1000, countable_ms))

    def process(self, batch: Batch) -> Batch:
        """Keeps the first event of each id; a chapter view that came late stays, and stands alone."""
        clicks, views = batch.before
        batch.clicks = [
            events.only(self._first(topic, events, before) & ~events.late)
            for events, (topic, before) in zip(batch.clicks, clicks, strict=True)
        ]
        batch.views = [
            events.only(self._first(topic, events, before))
            for events, (topic, before) in zip(batch.views, views, strict=True)
        ]
        batch.before = ([], [])
        return batch

    def _first(self, topic: str, events: Events, before: Ints) -> Bools:
        first = self._seen.of(topic).first_of(events.hi, events.lo, events.event_ms, before)
        repeats = int((~first & ~events.late).sum())
        if repeats:
            metrics.DUPLICATES.labels(FLOW).inc(repeats)
        return first

    def state(self) -> Any:  # noqa: ANN401
        """Returns the ids that may still come again."""
        return self._seen.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's ids."""
        self._seen.restore(state)


class CountDays:
    """`student_click_days` and `page_days`."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without days."""
        calendar, reach = Calendar(settings.timezone), reach_ms(settings)
        self._clicks, self._pages = ClickDays(calendar, reach), PageDays(task, calendar, reach)

    def process(self, batch: Batch) -> Batch:
        """Counts the clickstream; adds changed rows when they are due."""
        for topic, events in zip(batch.topics, batch.clicks, strict=True):
            self._clicks.add(events)
            self._pages.add(topic, events)
        if batch.source.writes_history:
            batch.add_rows("student_click_days", self._clicks.rows(batch.low, batch.student_ids))
            batch.add_rows("page_days", self._pages.rows(batch.low))
        return batch

    def state(self) -> Any:  # noqa: ANN401
        """Returns the open days."""
        return self._clicks.state(), self._pages.state()

    def restore(self, state: Any) -> None:  # noqa: ANN401
        """Continues from a snapshot's days."""
        self._clicks.restore(state[0])
        self._pages.restore(state[1])


class FollowTime:
    """`sessions_open`, `sessions_closed`, `chapter_visit_facts` and `video_views`."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without marks."""
        self._task, self._rules = str(task), fold_rules(settings)
        self._timeline = Timeline(task, self._rules, reach_ms(settings))

    def process(self, batch: Batch) -> Batch:
        """Takes the events; adds changed rows when they are due, and then forgets what is settled."""
        students = len(batch.student_ids)
        for events in batch.clicks:
            self._timeline.add(events, students)
        for events in batch.views:
            self._timeline.add_views(events, students)
        if batch.source.writes_history:
            rows, replaces = self._timeline.rows(batch.low, batch.student_ids)
            batch.rows.update(rows)
            batch.replaces.update(replaces)
            self._timeline.forget(batch.low, views_reach_ms=self._rules.visit_cap_ms if batch.has_views else 0)
            metrics.WINDOWS_OPEN.labels(FLOW, self._task).set(len(self._timeline))
        batch.clicks, batch.views = [], []
        return batch

    def state(self) -> dict[str, Any]:
        """Returns the timeline's state."""
        return self._timeline.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._timeline.restore(state)
