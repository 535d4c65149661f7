"""The timeline of a task: its students' marks, folded again at each write into the rows that may have changed.

Nothing is ever patched: the rows of a stretch of time are a pure function of the marks that are held, and replace what
was stored for that stretch. Marks are forgotten when no event in time can touch their session any more, and only after
a write.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import polars as pl

from dataflows.content import frames
from dataflows.content.codes import Codes
from dataflows.content.columns import Events
from dataflows.content.due import changed_since, changes_upto, due_of
from dataflows.content.intervals import MOST_TOGETHER
from dataflows.content.marks import Explicit, Flag, FoldRules, Marks
from dataflows.content.pending import NEVER, ORIGIN_MS, Pending
from dataflows.content.sent import SentVisits, explicit_of, taken
from dataflows.content.sessions import Sessions, fold_sessions
from dataflows.content.split_points import SplitPoints, split_points_of
from dataflows.content.store import MarkStore
from dataflows.content.videos import Views, fold_videos, view_rows
from dataflows.content.visits import Visits, fold_visits
from dataflows.operators.frames import TextColumn
from dataflows.operators.segments import Bools, Ints

FORGET_EVERY_MS: Final = 300_000
"""How far the watermark moves between two looks at what can be forgotten."""

Rows = dict[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Folded:
    """What the folds found for some students, and since when each kind of rows may have changed, by member."""

    marks: Marks
    explicit: Explicit
    sessions: Sessions
    visits: Visits
    views: Views
    split_points: SplitPoints
    since: dict[str, Ints]


class Timeline:
    """Sessions, chapter visits and video views of one task."""

    def __init__(self, task: int, rules: FoldRules, reach_ms: int) -> None:
        """Starts without marks.

        Args:
            task: The task's number.
            rules: Settings of the folds.
            reach_ms: How long after its time an event is still taken.
        """
        self._task, self._rules, self._reach_ms = task, rules, reach_ms
        self._codes = Codes()
        self._marks = MarkStore(self._codes)
        self._sent = SentVisits()
        self._pending = Pending()
        self._alone: list[Explicit] = []
        self._forgot_at_ms = -NEVER

    def __len__(self) -> int:
        """How many marks and explicit visits are held."""
        return len(self._marks) + len(self._sent)

    def add(self, clicks: Events, students: int) -> None:
        """Takes clickstream events that are neither late nor repeated, with the task's codes of its students."""
        self._pending.grow(students)
        if len(clicks):
            self._marks.add(clicks)
            self._pending.note(clicks.student, clicks.event_ms)

    def add_views(self, views: Events, students: int) -> None:
        """Takes chapter views; late ones stand alone."""
        self._pending.grow(students)
        if len(views):
            explicit = explicit_of(views, self._codes, self._rules)
            in_time = ~explicit.alone
            self._sent.add(taken(explicit, in_time))
            self._pending.note(explicit.member[in_time], explicit.start_ms[in_time])
            if not in_time.all():
                self._alone.append(taken(explicit, explicit.alone))

    def rows(self, low_ms: int, ids: list[str]) -> tuple[Rows, Rows]:
        """Returns the rows that may have changed since the last call, and the stretches that they fill.

        Args:
            low_ms: The lowest watermark of the task.
            ids: The task's student ids by code.
        """
        parts = [self._fold_rows(some, low_ms, ids) for some in _together(self._pending.students(low_ms))]
        rows, replaces = _joined([part[0] for part in parts]), _joined([part[1] for part in parts])
        alone = self._alone_rows(low_ms, ids)
        if len(alone):
            rows["late_chapter_visits"] = alone
        return {name: frame for name, frame in rows.items() if len(frame)}, replaces

    def _fold_rows(self, students: Ints, low_ms: int, ids: list[str]) -> tuple[Rows, Rows]:
        begin_ms = self._pending.since(students)
        folded = self._folded(students, begin_ms, low_ms)
        due_ms = due_of(folded.marks, folded.explicit, folded.sessions, len(students), low_ms, self._rules)
        self._pending.done(students, begin_ms, due_ms, folded.split_points)
        names = pl.Series([ids[code] for code in students.tolist()], dtype=pl.String)
        return self._rows_of(folded, names), self._replaces(folded, names)

    def _folded(self, students: Ints, begin_ms: Ints, low_ms: int) -> Folded:
        marks, explicit = self._marks.take(students, begin_ms), self._sent.take(students, begin_ms)
        sessions = fold_sessions(marks, low_ms, self._rules)
        visits = fold_visits(marks, sessions.of, explicit, low_ms, self._rules)
        views = fold_videos(marks, sessions.of, low_ms, self._rules)
        changed, is_due = self._pending.changed[students], self._pending.due[students] <= low_ms
        since = changed_since(marks, explicit, sessions, visits, changed, is_due, self._rules)
        split_points = split_points_of(marks, sessions, explicit, len(students), self._rules)
        return Folded(marks, explicit, sessions, visits, views, split_points, since)

    def _rows_of(self, folded: Folded, names: pl.Series) -> Rows:
        sessions, visits, views, since = folded.sessions, folded.visits, folded.views, folded.since
        texts = TextColumn(self._codes.texts.values)  # type: ignore[arg-type]
        again = np.flatnonzero(sessions.start_ms >= since["sessions"][sessions.member])
        watched = _some(views, views.start_ms >= since["videos"][views.member])
        until_ms = visits.start_ms.copy()
        # Explicit visits are in the same order here and there. One takes in what touches it.
        until_ms[visits.is_view] = changes_upto(folded.marks, folded.explicit, self._rules) + 1
        visits = visits.take(until_ms >= since["visits"][visits.member])
        wanted = np.union1d(again, watched.session)
        session_ids = frames.session_ids(sessions, wanted, names.to_list(), self._codes.sessions.values)
        is_open = sessions.is_open[again]
        return {
            name: frames.session_rows(sessions, some, session_ids, names, texts, self._task)
            for name, some in (("sessions_open", again[is_open]), ("sessions_closed", again[~is_open]))
        } | {
            "chapter_visit_facts": frames.visit_rows(visits, names, texts, self._task),
            "video_views": view_rows(watched, names, session_ids, texts, self._task),
        }

    @staticmethod
    def _replaces(folded: Folded, names: pl.Series) -> Rows:
        """Returns the stretches; of students without marks, and without videos, nothing is stored that could go."""
        marks, since = folded.marks, folded.since
        some, watching = np.unique(marks.member), np.unique(marks.member[marks.has(Flag.VIDEO)])
        stretches = {
            "sessions_open": (some, since["sessions"]),
            "sessions_closed": (some, since["sessions"]),
            "chapter_visit_facts": (some, since["visits"]),
            "video_views": (watching, since["videos"]),
        }
        return {
            table: frames.since_rows(names.gather(members), since_ms[members])
            for table, (members, since_ms) in stretches.items()
            if len(members)
        }

    def _alone_rows(self, low_ms: int, ids: list[str]) -> pl.DataFrame:
        parts, self._alone = self._alone, []
        if not parts:
            return pl.DataFrame()
        frames_of = []
        for explicit in parts:
            nobody = np.empty(0, np.int64)
            marks = self._marks.take(nobody, nobody)
            students, member = np.unique(explicit.member, return_inverse=True)
            visits = fold_visits(marks, nobody, replace(explicit, member=member), low_ms, self._rules)
            names = pl.Series([ids[code] for code in students.tolist()], dtype=pl.String)
            texts = TextColumn(self._codes.texts.values)  # type: ignore[arg-type]
            frames_of.append(frames.visit_rows(visits, names, texts, self._task))
        return pl.concat(frames_of).unique(("start_time", "event_id"), keep="first", maintain_order=True)

    def forget(self, low_ms: int, *, views_reach_ms: int) -> None:
        """Forgets what no event in time can touch any more; to be called after `rows`, whose rows are then final.

        Args:
            low_ms: The lowest watermark of the task.
            views_reach_ms: How much longer the marks are kept for chapter views, which come when they end.
        """
        if low_ms < self._forgot_at_ms + FORGET_EVERY_MS:
            return
        self._forgot_at_ms = low_ms
        limit_ms = low_ms - self._reach_ms - views_reach_ms
        for students in _together(self._pending.droppable(limit_ms)):
            self._forget_of(students, low_ms, limit_ms)
        self._marks.compact([self._sent.held, *self._alone])

    def _forget_of(self, students: Ints, low_ms: int, limit_ms: int) -> None:
        origin = np.full(len(students), ORIGIN_MS, np.int64)
        marks, explicit = self._marks.take(students, origin), self._sent.take(students, origin)
        sessions = fold_sessions(marks, low_ms, self._rules)
        split_points = split_points_of(marks, sessions, explicit, len(students), self._rules)
        cut_ms = np.where(split_points.end_ms <= limit_ms, split_points.end_ms, origin)
        past = split_points.at_ms <= limit_ms
        np.maximum.at(cut_ms, split_points.member[past], split_points.at_ms[past])
        self._marks.drop_before(students, cut_ms)
        self._sent.drop_before(students, cut_ms)
        self._pending.dropped(students, cut_ms, split_points)

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "codes": self._codes.state(),
            "marks": self._marks.state(),
            "sent": self._sent.state(),
            "pending": self._pending.state(),
            "alone": self._alone,
            "forgot_at_ms": self._forgot_at_ms,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot."""
        self._codes.restore(state["codes"])
        self._marks.restore(state["marks"])
        self._sent.restore(state["sent"])
        self._pending.restore(state["pending"])
        self._alone, self._forgot_at_ms = list(state["alone"]), state["forgot_at_ms"]


def _together(students: Ints) -> list[Ints]:
    """Returns the students in parts, each small enough to be folded in one go."""
    return [students[start : start + MOST_TOGETHER] for start in range(0, len(students), MOST_TOGETHER)]


def _joined(parts: list[Rows]) -> Rows:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: pl.concat([part[name] for part in parts if name in part]) for name in names}


def _some(views: Views, mask: Bools) -> Views:
    return Views(**{field.name: getattr(views, field.name)[mask] for field in fields(Views)})
