"""Students: last values, sessions, minute weights and days, folded when a minute is final; the live state on top."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from dataflows.engagement import frames
from dataflows.engagement.base import Base
from dataflows.engagement.class_days import DAY_BITS, ClassDays
from dataflows.engagement.columns import Events
from dataflows.engagement.facts import Facts, Texts, facts_of, place_codes
from dataflows.engagement.fold import Folded, Rules, fold, last_upto
from dataflows.engagement.marks import Marks, Recent
from dataflows.engagement.spans import score_rows
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.frames import TextColumn
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.latest import Latest
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.session import END, NO_SESSION, NO_TIME, ends_to_give_again

_COMPACT_FROM: Final = 50_000


@dataclass(frozen=True, slots=True)
class StudentRules:
    """Settings of the student operator, in milliseconds.

    Attributes:
        fold: Session gap and grace.
        settle_ms: From a minute's start until its events are late.
        lateness_ms: Lateness of windows.
        offline_ms: Inactivity after which a student is offline.
        unknown_video_ms: How long a video of unknown length is taken to play.
    """

    fold: Rules
    settle_ms: int
    lateness_ms: int
    offline_ms: int
    unknown_video_ms: int


class Students:
    """The students of one task.

    Two layers: `base` is each student as of the last final minute; on top lie the open minutes (marks, weights, last
    classes and videos by minute). A live row is the fold of the open minutes over the base; when the watermark makes
    minutes final the same fold moves the base on and yields the score rows.
    """

    def __init__(self, task: int, rules: StudentRules, calendar: Calendar) -> None:
        """Starts without students."""
        self._task, self._rules, self._calendar = task, rules, calendar
        self._texts: Texts = Dictionary()
        self._places = place_codes(self._texts)
        self._sessions: Texts = Dictionary()
        self._base = Base.empty(0)
        self._dirty: Bools = np.empty(0, np.bool_)
        self._final = 0  # packed minute: everything before it is in `base`
        self._marks, self._recent = Marks.none(), Recent.none()
        self._minutes = KeyedTable((np.maximum,), (0,))
        self._minute_class, self._minute_video = Latest(1), Latest(1)
        self._last = Latest(7)
        self._last_class, self._last_grade, self._last_session = Latest(1), Latest(1), Latest(1)
        self._last_video = Latest(1)
        self._times = KeyedTable((np.maximum, np.maximum, np.maximum), (NO_TIME, NO_TIME, NO_TIME))
        self._days = KeyedTable((np.add, np.add), (0, 0))
        self._day_class = Latest(1)
        self._class_days = ClassDays()
        self._scores: list[pl.DataFrame] = []

    def add(self, events: Events, students: int) -> None:
        """Takes events that are neither late nor repeated; `students` is the number of codes given so far."""
        self._grow(students)
        if not len(events):
            return
        facts = facts_of(events, self._texts, self._places, self._sessions, self._rules.unknown_video_ms)
        time_ms = events.event_ms[facts.order]
        self._dirty[facts.student] = True
        self._keep_last(facts, time_ms)
        marks = facts.interaction | facts.end
        self._marks = self._marks.with_more(Marks(facts.moment[marks], facts.placed[marks], facts.session[marks]))
        key = packing.student_minute(facts.student, facts.minute)
        self._add_days(facts, key, time_ms)
        self._minutes.add(key, (facts.tenths,))
        _keep(self._minute_class, facts.class_id >= 0, key, time_ms, facts.placed, facts.class_id)
        _keep(self._minute_video, facts.video, key, time_ms, facts.placed, facts.until_ms)

    def _grow(self, students: int) -> None:
        self._base = self._base.grown_to(students)
        self._dirty = np.concatenate([self._dirty, np.zeros(students - len(self._dirty), np.bool_)])

    def _keep_last(self, facts: Facts, time_ms: Ints) -> None:
        student, placed = facts.student, facts.placed
        columns = (facts.role, facts.name, facts.subject, facts.course, facts.chapter, facts.device, facts.browser)
        _keep(self._last, None, student, time_ms, placed, *columns)
        for latest, code in (
            (self._last_class, facts.class_id),
            (self._last_grade, facts.grade),
            (self._last_session, facts.session),
        ):
            _keep(latest, code >= 0, student, time_ms, placed, code)
        _keep(self._last_video, facts.video, student, time_ms, placed, facts.until_ms)
        self._times.add(
            student,
            (
                np.where(facts.interaction, time_ms, NO_TIME),
                np.where(facts.idle, time_ms, NO_TIME),
                np.where(facts.end, time_ms, NO_TIME),
            ),
        )

    def _add_days(self, facts: Facts, key: Ints, time_ms: Ints) -> None:
        day_key = facts.student << DAY_BITS | self._calendar.day_of(facts.minute)
        # A minute is new to its day with its first interaction.
        acts = np.flatnonzero(facts.interaction)
        first = np.zeros(len(key), np.bool_)
        first[acts] = np.append(True, key[acts][1:] != key[acts][:-1])[: len(acts)]
        first &= self._minutes.get(key)[:, 0] == 0
        self._days.add(day_key, (first.astype(np.int64), facts.interaction.astype(np.int64)))
        named = facts.interaction & (facts.class_id >= 0)
        _keep(self._day_class, named, day_key, time_ms, facts.placed, facts.class_id)
        where = facts.student[acts], facts.minute[acts], facts.class_id[acts]
        self._class_days.add(*where, self._texts.values, self._calendar.day_of)

    def settle(self, low_ms: int) -> None:
        """Folds the minutes that the watermark has made final into the base and makes their score rows."""
        final = (low_ms - self._rules.settle_ms) // packing.MINUTE_MS + 1 - packing.EPOCH_MIN
        if final <= self._final:
            return
        first, self._final = self._final, final
        split = packing.minute_in(self._minutes.key) < final
        facts, weights = self._minutes.key[split], self._minutes.values[split, 0]
        marks_split = self._marks.minute < final
        marks = self._marks.take(marks_split)
        before = self._base
        folded = self._fold(before, marks.student, marks, self._recent, facts, weights)
        self._make_scores(before, folded, facts, weights, max(first, self._first_minute(before, facts)), final - 1)
        self._base = folded.base
        member = packing.student_of(self._minute_class.key)
        self._carry(self._minute_class, member, self._base.class_code, final)
        self._carry(self._minute_video, packing.student_of(self._minute_video.key), self._base.until_ms, final)
        self._marks = self._ends_again(marks, final).with_more(self._marks.take(~marks_split))
        self._recent = self._still_recent(marks, final)
        self._minutes.keep(~split)
        self._class_days.settle(final)

    def _ends_again(self, marks: Marks, final: int) -> Marks:
        """Returns the session ends, of the marks that became final, that the next fold must get again."""
        mask = ends_to_give_again(
            marks.student,
            marks.time_ms,
            marks.kind,
            upto_ms=(final + packing.EPOCH_MIN) * packing.MINUTE_MS,
            end_grace_ms=self._rules.fold.end_grace_ms,
        )
        return marks.take(mask)

    def _still_recent(self, marks: Marks, final: int) -> Recent:
        """Returns the session ids that may still go on, once some marks have become final."""
        named = marks.take((marks.kind != END) & (marks.session != NO_SESSION))
        since_ms = (final + packing.EPOCH_MIN) * packing.MINUTE_MS - self._rules.fold.session_gap_ms
        return self._recent.with_later(Recent(named.student, named.session, named.time_ms), since_ms)

    def _fold(  # noqa: PLR0913
        self, base: Base, member: Ints, marks: Marks, recent: Recent, minutes: Ints, weights: Ints
    ) -> Folded:
        weighty = weights > 0
        return fold(base, member, marks, recent, minutes[weighty], weights[weighty], self._rules.fold, self._calendar)

    @staticmethod
    def _first_minute(base: Base, facts: Ints) -> int:
        """Returns the first minute in which anybody could be online, so that a log from 2017 starts in 2017."""
        known = base.last_ms[base.last_ms > NO_TIME]
        starts = [int(packing.minute_in(facts).min())] if len(facts) else []
        starts += [int(packing.minute_of(known).min())] if len(known) else []
        return min(starts, default=0)

    def _carry(self, latest: Latest, member: Ints, column: Ints, final: int) -> None:
        settled = np.flatnonzero(packing.minute_in(latest.key) < final)
        # Keys are sorted by (student, minute): the last write wins, and it is the latest minute's.
        column[member[settled]] = latest.values[settled, 0]
        mask = np.ones(len(latest.key), np.bool_)
        mask[settled] = False
        latest.keep(mask)

    def _make_scores(  # noqa: PLR0913
        self, base: Base, folded: Folded, facts: Ints, weights: Ints, first: int, last: int
    ) -> None:
        member = packing.student_of(facts)
        rows = score_rows(
            base,
            folded,
            facts,
            weights,
            _as_of(self._minute_video, facts, base.until_ms[member]),
            _as_of(self._minute_class, facts, base.class_code[member]),
            first,
            last,
            self._rules.offline_ms,
            self._calendar,
        )
        if len(rows.member):
            self._scores.append(frames.score_frame(rows))

    def rows(self, low_ms: int, ids: list[str], *, history: bool = True) -> dict[str, pl.DataFrame]:
        """Returns the changed rows of all tables of students, and unmarks them; those of days only with `history`."""
        texts = TextColumn(self._texts.values)
        out = {
            "student_state": self._state_rows(ids, texts),
            "engagement_scores": frames.named_scores(self._scores, ids, texts),
            **(self._day_rows(ids, texts, low_ms) if history else {}),
        }
        self._scores = []
        self._compact()
        return {name: frame for name, frame in out.items() if len(frame)}

    def _state_rows(self, ids: list[str], texts: TextColumn) -> pl.DataFrame:
        students = np.flatnonzero(self._dirty).astype(np.int64)
        self._dirty[students] = False
        live = self._live(students)
        return frames.state_frame(
            self._task,
            students,
            ids,
            texts,
            TextColumn(self._sessions.values),
            live,
            self._last,
            self._last_class.get(students, -1)[:, 0],
            self._last_grade.get(students, -1)[:, 0],
            self._last_session.get(students, -1)[:, 0],
            self._last_video.get(students, NO_TIME)[:, 0],
            self._times.get(students),
        )

    def _live(self, students: Ints) -> Base:
        """Returns the state of some students with their open minutes folded in."""
        member = np.full(len(self._base), -1, np.int64)
        member[students] = np.arange(len(students))
        mark_member, recent_member = member[self._marks.student], member[self._recent.student]
        mine, known = mark_member >= 0, recent_member >= 0
        minute_member = member[packing.student_of(self._minutes.key)]
        open_ = minute_member >= 0
        minutes = packing.student_minute(minute_member[open_], packing.minute_in(self._minutes.key[open_]))
        return self._fold(
            self._base.of(students),
            mark_member[mine],
            self._marks.take(mine),
            Recent(recent_member[known], self._recent.session[known], self._recent.last_ms[known]),
            minutes,
            self._minutes.values[open_, 0],
        ).base

    def _day_rows(self, ids: list[str], texts: TextColumn, low_ms: int) -> dict[str, pl.DataFrame]:
        due = np.flatnonzero(self._days.dirty & (self._days.values[:, 1] > 0))
        key = self._days.key[due]
        frame = frames.day_frame(
            key >> DAY_BITS,
            key & ((1 << DAY_BITS) - 1),
            self._days.values[due],
            self._day_class.get(key, -1)[:, 0],
            ids,
            texts,
        )
        several = frames.class_day_frame(*self._class_days.rows(key), DAY_BITS, ids)
        self._days.dirty[due] = False
        over = self._days_over(self._days.key & ((1 << DAY_BITS) - 1), low_ms)
        self._days.keep(~over)
        self._class_days.drop_days(lambda day: self._days_over(day, low_ms))
        self._day_class.keep(~self._days_over(self._day_class.key & ((1 << DAY_BITS) - 1), low_ms))
        return {"student_days": frame, "student_day_classes": several}

    def _days_over(self, day: Ints, low_ms: int) -> Bools:
        days, at = np.unique(day, return_inverse=True)
        over = [low_ms >= self._calendar.end_ms(d) + self._rules.lateness_ms for d in days.tolist()]
        return np.array(over, np.bool_)[at]

    def _compact(self) -> None:
        """Gives up session ids and other texts that nothing in the state speaks of any more."""
        limit = max(_COMPACT_FROM, 3 * len(self._base))
        if len(self._sessions) > limit:
            spoken_of = [self._last_session.values, self._marks.session, self._recent.session]
            self._sessions = _renumber(self._sessions, spoken_of)
        if len(self._texts) > limit:
            tables = (self._last, self._last_class, self._last_grade, self._minute_class, self._day_class)
            codes = [t.values for t in tables]
            self._texts = _renumber(self._texts, [*codes, self._base.class_code])
            self._places = place_codes(self._texts)

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {
            "texts": list(self._texts.values),
            "sessions": list(self._sessions.values),
            "base": asdict(self._base),
            "dirty": self._dirty,
            "final": self._final,
            "marks": asdict(self._marks),
            "recent": asdict(self._recent),
            "scores": self._scores,
            **{name: getattr(self, f"_{name}").state() for name in _TABLES},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._texts, self._sessions = Dictionary(state["texts"]), Dictionary(state["sessions"])
        self._places = place_codes(self._texts)
        self._base = Base(**state["base"])
        self._dirty, self._final = state["dirty"].copy(), state["final"]
        self._marks, self._recent = Marks(**state["marks"]), Recent(**state["recent"])
        self._scores = list(state["scores"])
        for name in _TABLES:
            getattr(self, f"_{name}").restore(state[name])


_TABLES: Final = (
    "minutes",
    "minute_class",
    "minute_video",
    "last",
    "last_class",
    "last_grade",
    "last_session",
    "last_video",
    "times",
    "days",
    "day_class",
    "class_days",
)


def _keep(latest: Latest, mask: Bools | None, key: Ints, time_ms: Ints, placed: Ints, *columns: Ints) -> None:
    """Gives `latest` the last event of each key among those for which `mask` holds; the events are sorted by key."""
    rows = np.arange(len(key)) if mask is None else np.flatnonzero(mask)
    if not len(rows):
        return
    held = key if len(rows) == len(key) else key[rows]
    # Only the last of each key can count, so the columns are gathered for these alone.
    last = rows[np.append(np.flatnonzero(held[1:] != held[:-1]), len(held) - 1)]
    latest.add(key[last], time_ms[last], placed[last], np.stack([column[last] for column in columns], axis=1))


def _renumber(texts: Texts, columns: list[Ints]) -> Texts:
    """Returns a dictionary of the texts that `columns` speak of, and rewrites their codes in place; -1 stays."""
    used = np.unique(np.concatenate([column.ravel() for column in columns]))
    used = used[used >= 0]
    code = np.full(len(texts) + 1, -1, np.int64)  # the last place is that of -1
    code[used] = np.arange(len(used))
    for column in columns:
        column[...] = code[column]
    return Dictionary([texts.values[c] for c in used.tolist()])


def _as_of(latest: Latest, facts: Ints, before: Ints) -> Ints:
    """Returns, for each (student, minute), the last value up to it; `before` where there is none in open minutes."""
    at = last_upto(latest.key, facts)
    return np.where(at >= 0, latest.values[np.maximum(at, 0), 0], before) if len(latest.key) else before
