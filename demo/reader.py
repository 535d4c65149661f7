"""What the live view shows, read from the same views that dashboards and alerts use."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import psycopg
from psycopg.rows import dict_row

TREND_MINUTES = 10
LATEST = 40
COUNT_EVERY_S = 2.0
PAUSE_OVER_COST = 2.0  # counting everybody may take a third of the time, however slow the machine

NOW = """
SELECT scope, scope_id, active_students, idle_students, present, enrolled, absent, engagement_score
FROM active_now WHERE scope IN ('all', 'class') ORDER BY scope, scope_id
"""
TREND = """
SELECT window_start, active_5m, events, is_final FROM activity
WHERE scope = 'all' AND window_start > classpulse_now() - %s * interval '1 minute' ORDER BY window_start
"""
LATEST_EVENTS = """
SELECT e.event_time, coalesce(d.display_name, e.student_id) AS who, e.event_name, event_label(e.event_name) AS did,
       e.class_id, coalesce(i.title, e.chapter_id, c.title, e.course_id) AS place, e.ingested_at
FROM (SELECT * FROM events
      WHERE event_time <= classpulse_now() -- a clock that runs ahead must not stand on top for minutes
      ORDER BY event_time DESC, event_id DESC LIMIT %s) e
LEFT JOIN directory d USING (student_id)
LEFT JOIN course_items i ON i.course_id = e.course_id AND i.item_id = e.chapter_id
LEFT JOIN course_titles c ON c.course_id = e.course_id
ORDER BY e.event_time DESC, e.event_id DESC
"""
READ = """
SELECT min(read) AS done, sum(read) AS together, count(*) AS flows
FROM (SELECT sum((offsets ->> %s)::bigint) AS read FROM task_progress GROUP BY flow) f
"""
FLOWS = "SELECT flow, as_of, lag_seconds, late_events_10m, rejected_10m FROM data_freshness ORDER BY flow"


@dataclass(frozen=True, slots=True)
class Headcount:
    """Who is there, in one class or in all.

    Attributes:
        name: The class id, or `all`.
        active: Students whose status is active now.
        idle: Present and not active.
        enrolled: The roster's count.
        absent: Enrolled and not present.
        score: Mean engagement of those present, 0-100; `None` where nobody is.
    """

    name: str
    active: int = 0
    idle: int = 0
    enrolled: int = 0
    absent: int = 0
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the trend; a final one cannot change any more."""

    start: datetime
    active_5m: int
    events: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class Latest:
    """An event as the feed shows it.

    Attributes:
        at: When it happened.
        who: The student's name, else the id.
        name: The event's name as it was sent.
        did: What people call it.
        class_id: The class; empty where none was named.
        place: The chapter's title, else the course's; empty where neither was named.
        appended_at: When Kafka took it.
    """

    at: datetime
    who: str
    name: str
    did: str
    class_id: str
    place: str
    appended_at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """How current a flow is."""

    name: str
    as_of: datetime | None
    lag_s: float | None
    late: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one picture of the live view needs; `read_at` is the database's clock."""

    read_at: datetime
    school: Headcount = field(default_factory=lambda: Headcount("all"))
    classes: list[Headcount] = field(default_factory=list)
    trend: list[Minute] = field(default_factory=list)
    latest: list[Latest] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    @property
    def fresh_s(self) -> float | None:
        """Seconds since the newest visible event was appended to the log."""
        newest = max((event.appended_at for event in self.latest), default=None)
        return None if newest is None else max(0.0, (self.read_at - newest).total_seconds())


def _headcount(row: dict[str, Any]) -> Headcount:
    score = row["engagement_score"]
    return Headcount(
        name=row["scope_id"],
        active=row["active_students"] or 0,
        idle=row["idle_students"] or 0,
        enrolled=row["enrolled"] or 0,
        absent=row["absent"] or 0,
        score=None if score is None else float(score),
    )


def _trend(rows: list[dict[str, Any]], now: datetime) -> list[Minute]:
    """Fills the minutes without a row, which had neither events nor active students."""
    found = {row["window_start"]: row for row in rows}
    this = now.replace(second=0, microsecond=0)
    starts = [this - timedelta(minutes=ago) for ago in range(TREND_MINUTES, -1, -1)]
    return [
        Minute(start, found[start]["active_5m"] or 0, found[start]["events"] or 0, bool(found[start]["is_final"]))
        if start in found
        else Minute(start, 0, 0, is_final=False)
        for start in starts
    ]


class Reader:
    """Reads snapshots over one connection, each in one transaction, so that its parts agree."""

    def __init__(self, url: str) -> None:
        """Connects to the database at `url`."""
        self._connection = psycopg.connect(url, row_factory=dict_row, autocommit=True, application_name="demo")
        self._counts: list[Headcount] = []
        self._counts_due = 0.0

    def read(self) -> Snapshot:
        """Returns the present picture."""
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            now = self._rows("SELECT classpulse_now() AS now")[0]["now"]
            counts = self._headcounts()
            trend = _trend(self._rows(TREND, TREND_MINUTES + 1), now)
            latest = self._rows(LATEST_EVENTS, LATEST)
            flows = self._rows(FLOWS)
        return Snapshot(
            read_at=now,
            school=next((count for count in counts if count.name == "all"), Headcount("all")),
            classes=[count for count in counts if count.name != "all"],
            trend=trend,
            latest=[
                Latest(
                    row["event_time"],
                    row["who"],
                    row["event_name"],
                    row["did"],
                    row["class_id"] or "",
                    row["place"] or "",
                    row["ingested_at"],
                )
                for row in latest
            ],
            flows=[
                Flow(
                    row["flow"],
                    row["as_of"],
                    None if row["lag_seconds"] is None else float(row["lag_seconds"]),
                    row["late_events_10m"] or 0,
                    row["rejected_10m"] or 0,
                )
                for row in flows
            ],
        )

    def _headcounts(self) -> list[Headcount]:
        """Returns who is there now: the one dear question, so a slow answer is kept for a while."""
        began = time.monotonic()
        if began >= self._counts_due:
            self._counts = [_headcount(row) for row in self._rows(NOW)]
            cost_s = time.monotonic() - began
            self._counts_due = began + max(COUNT_EVERY_S, (1 + PAUSE_OVER_COST) * cost_s)
        return self._counts

    def unread(self, published: int, topic: str, flows: int) -> int:
        """Returns how many of a topic's `published` records the slowest of so many flows has not committed."""
        row = self._connection.execute(READ, (topic,)).fetchone()
        done = row["done"] if row and row["flows"] == flows else 0
        return max(0, published - int(done or 0))

    def stored(self, topic: str, flows: int) -> int:
        """Returns how many of a topic's records are in the tables, of so many flows on average."""
        row = self._connection.execute(READ, (topic,)).fetchone()
        return int(row["together"] or 0) // flows if row else 0

    def _rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        return self._connection.execute(query.encode(), parameters or None).fetchall()

    def __enter__(self) -> Reader:
        """Returns itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the connection."""
        self._connection.close()
