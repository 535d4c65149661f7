"""What late events add to `content`: their students' sessions, visits and views of that time, day counts, pages.

Milestones count them always. Time of a student falls into *islands*: stretches of his events with more than the session
gap before and after, so that nothing outside bears on what is inside. An island that holds a late event is made again
as a whole, whatever days it touches.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from dataflows.content.pages import PAGE_SQL, page_of
from dataflows.content.steps import fold_rules, reach_ms
from dataflows.content.timeline import FORGET_EVERY_MS
from dataflows.events.studied import Number, Studied
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.students import of_students
from dataflows.operators.watermark import is_late
from dataflows.rebuild.admit import Found, Judge
from dataflows.rebuild.touched import LATE, LateFlow, at, ms, note_rows, one_of, within
from dataflows.settings import Settings

_OF_STUDENTS: Final = ("sessions_open", "sessions_closed", "chapter_visit_facts", "video_views")
_TIMES: Final = dict(zip(_OF_STUDENTS, ("session_start", "session_start", "start_time", "start_time"), strict=True))
_MARGIN: Final = timedelta(days=2)
_WIDEST: Final = timedelta(days=400)


def ends_of(studied: Studied, frame: pl.DataFrame, longest_ms: int, unknown_ms: int) -> Ints:
    """Returns up to when each row reaches: a visit to its end, or `unknown_ms` long where none was sent."""
    event_ms = frame["event_ms"].to_numpy()
    if not studied.is_view:
        return event_ms
    sent = studied.numbers[frame["extra"].to_numpy(), Number.END_MS]
    known = np.clip(np.nan_to_num(sent, nan=0).astype(np.int64), event_ms, event_ms + longest_ms)
    return np.where(np.isnan(sent), event_ms + unknown_ms, known)


def judge(settings: Settings) -> Judge:
    """Returns what says which decoded events of students are late: a chapter view is judged by its end."""
    rules, reach = fold_rules(settings), reach_ms(settings)

    def late(studied: Studied, before: Ints) -> Bools:
        end_ms = ends_of(studied, studied.frame, rules.visit_cap_ms, 0)
        found: Bools = of_students(studied.frame, studied.actions, "action") & is_late(before, end_ms, reach)
        return found

    return late


class ContentDay:
    """What the late events of a day touch: the islands that hold them, their students' counts and their pages' day."""

    tables = (*_OF_STUDENTS, "student_click_days", "page_days")

    def __init__(self, settings: Settings, day: date, since: datetime, until: datetime) -> None:
        """`since` and `until`: when the day begins and ends."""
        self._settings, self._day, self._since, self._until = settings, day, since, until
        self._rules, self._margin = fold_rules(settings), _MARGIN
        self._apart_ms = max(self._rules.gap_ms, self._rules.idle_cap_ms, self._rules.end_grace_ms) + 1
        self._students: set[str] = set()
        self._pages: set[tuple[int, str]] = set()
        self._tasks: set[int] = set()
        self._islands = pl.DataFrame()

    def take(self, found: list[Found]) -> None:
        """Takes the day's late events that are new."""
        for one in found:
            rows = one.frame.filter(one.new)
            self._tasks |= {one.task} if len(rows) else set()
            self._students |= {one.decoded.students[code] for code in rows["student"].unique()}
            pages = (one.decoded.pages[code] for code in rows["page"].unique())
            self._pages |= {(one.task, page_of(page)) for page in pages if page is not None}

    def reading(self) -> sql.Composable:
        """Returns the condition of the students' events around the day, and of all events of the touched pages."""
        around = within(self._since - self._margin, self._until + self._margin)
        return around + sql.SQL(
            " AND ({students} OR event_time >= {since} AND event_time < {until} AND {pages})"
        ).format(
            students=one_of("student_id", sorted(self._students)),
            since=sql.Literal(self._since),
            until=sql.Literal(self._until),
            pages=one_of(PAGE_SQL, sorted({page for _task, page in self._pages})),
        )

    def reached(self, found: list[Found]) -> dict[int, int] | None:
        """Finds the islands; where one touches the edge of what was read, more is read."""
        islands = self._islands_of(found)
        first, last = islands["from_ms"].min(), islands["to_ms"].max()
        longest = self._rules.longest_ms + self._apart_ms
        low, high = ms(self._since - self._margin) + longest, ms(self._until + self._margin) - longest
        if (first < low or last > high) and self._margin < _WIDEST:  # type: ignore[operator]
            self._margin *= 4
            return None
        self._islands = islands
        # Marks are held for chapter views, which come when they end, and are forgotten now and then.
        held = self._rules.gap_ms + reach_ms(self._settings) + self._rules.visit_cap_ms + FORGET_EVERY_MS
        day_ms = ms(self._until) + reach_ms(self._settings) + FORGET_EVERY_MS
        over = dict(islands.group_by("task").agg(pl.col("to_ms").max()).iter_rows())
        return {task: max(day_ms, over.get(task, 0) + held) for task in self._tasks}

    def _islands_of(self, found: list[Found]) -> pl.DataFrame:
        parts = [self._events(one) for one in found]
        before = pl.col("reach_ms").cum_max().shift(1).over("who")
        apart = before.is_null() | (pl.col("at_ms") - before >= self._apart_ms)
        return (
            pl.concat(parts)
            .filter(pl.col("who").is_in(sorted(self._students)))
            .sort("who", "at_ms")
            .with_columns(apart.cum_sum().over("who").alias("nth"))
            .group_by("who", "nth")
            .agg(
                pl.col("task").first(),
                pl.col("at_ms").min().alias("from_ms"),
                pl.col("reach_ms").max().alias("to_ms"),
                pl.col("new").any(),
            )
            .filter("new")
        )

    def _events(self, one: Found) -> pl.DataFrame:
        names = pl.Series(one.decoded.students, dtype=pl.String)
        return pl.DataFrame(
            {
                "who": names.gather(one.frame["student"]),
                "task": np.full(len(one.frame), one.task, np.int64),
                "at_ms": one.frame["event_ms"],
                "reach_ms": ends_of(one.decoded, one.frame, self._rules.longest_ms, self._rules.gap_ms),
                "new": one.new,
            }
        )

    def note(self, connection: psycopg.Connection[Any]) -> None:
        """Notes the islands, the students and their pages."""
        islands = [
            (who, at(first), at(last)) for who, first, last in self._islands["who", "from_ms", "to_ms"].iter_rows()
        ]
        kinds = {"who": "text", "from_at": "timestamptz", "to_at": "timestamptz"}
        note_rows(connection, "islands", kinds, islands)
        note_rows(connection, "students", {"who": "text"}, [(who,) for who in sorted(self._students)])
        note_rows(connection, "pages", {"of_task": "bigint", "of_page": "text"}, sorted(self._pages))

    def replaced(self, table: str) -> sql.Composable:
        """Returns the condition of the rows that are replaced."""
        if table == "student_click_days":
            return sql.SQL("day = {} AND student_id IN (SELECT who FROM {})").format(
                sql.Literal(self._day), sql.Identifier(LATE, "students")
            )
        if table == "page_days":
            return sql.SQL("day = {} AND (task, page_url) IN (SELECT of_task, of_page FROM {})").format(
                sql.Literal(self._day), sql.Identifier(LATE, "pages")
            )
        condition = sql.SQL(
            "{time} >= {first} AND {time} <= {last} "
            "AND EXISTS (SELECT FROM {islands} WHERE who = student_id AND {time} BETWEEN from_at AND to_at)"
        ).format(
            time=sql.Identifier(_TIMES[table]),
            first=sql.Literal(at(self._islands["from_ms"].min())),  # type: ignore[arg-type]
            last=sql.Literal(at(self._islands["to_ms"].max())),  # type: ignore[arg-type]
            islands=sql.Identifier(LATE, "islands"),
        )
        if table != "chapter_visit_facts":
            return condition
        # A view that came late and is not counted yet stands alone: it is no part of what is made again.
        return condition + sql.SQL(
            " AND (source = 'clickstream' OR (start_time, event_id) IN (SELECT start_time, event_id FROM {}))"
        ).format(sql.Identifier(LATE, "chapter_visit_facts"))


CONTENT_LATE: Final = LateFlow(lambda settings: reach_ms(settings) // 1000, judge, ContentDay)
