"""Which flows a rule needs, and what of the past its tables hold before the first event is played."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import sql

from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.memory import flow as memory
from dataflows.memory.steps import FLOW
from dataflows.rebuild.content import PAST as CONTENT
from dataflows.rebuild.engagement import PAST as ENGAGEMENT
from dataflows.rebuild.spec import RebuildSpec

ROSTER: Final = ("classes", "class_staff", "terms", "periods", "enrolments", "content_items")
"""What people maintain; it is taken as it is today. Names of people are not copied."""

MEMORY: Final = FLOW
WEEKS: Final = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class Played:
    """A flow that can be played.

    Attributes:
        module: The flow.
        times: Its tables, and the time column of those that keep a past.
        since: How far before the first evaluation its events are played: longer ago, nothing now hangs on them alone.
        looks_back: How much of the stored past a table needs; all of it by default.
        past: How nights add late events to its days; None where nothing of it is ever late.
        oldest: The table that tells whether anything live is older than the archive.
    """

    module: Any
    times: dict[str, str | None]
    since: timedelta
    looks_back: dict[str, timedelta]
    past: RebuildSpec | None = None
    oldest: str = ""


FLOWS: Final = (
    Played(
        engagement,
        # Of scores only words speak: a row a student and minute would be dear to copy.
        {table: ENGAGEMENT.times.get(table) if table != "engagement_scores" else None for table in ENGAGEMENT.tables},
        # who has done nothing for half an hour is offline; a video may play on
        timedelta(hours=2),
        {"activity_windows": WEEKS},
        ENGAGEMENT,
        "activity_windows",
    ),
    Played(content, {**CONTENT.times, "sessions_open": None}, timedelta(days=1), {}, CONTENT, "sessions_closed"),
    Played(
        memory,
        {
            "learning_events": "event_time",
            "quiz_attempts": None,  # they are played, with all that follows from them
            "memory_reviews": None,
            "memory_state": None,
            "revision_signal_facts": None,
        },
        timedelta(days=1),
        {},
    ),
)


def flows_of(tables: set[str]) -> list[Played]:
    """Returns the flows that write one of the tables.

    Example:
        >>> [flow.module.FLOW for flow in flows_of({"student_state", "periods"})]
        ['engagement']
    """
    return [flow for flow in FLOWS if tables & flow.times.keys()]


def stored_before(flow: Played, tables: set[str], start: datetime) -> dict[str, sql.Composable]:
    """Returns which rows of the flow's tables are taken from what is stored: those from before it is played."""
    found: dict[str, sql.Composable] = {}
    for table, column in flow.times.items():
        if column is None or table not in tables:
            continue
        time, reach = sql.Identifier(column), flow.looks_back.get(table)
        since = sql.SQL("true") if reach is None else sql.SQL("{} >= {}").format(time, sql.Literal(start - reach))
        found[table] = sql.SQL("{} < {} AND {}").format(time, sql.Literal(start), since)
    return found
