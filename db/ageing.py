"""How long facts are kept: by a night's run; TimescaleDB's hypertables by its jobs, which drop chunks (92_ageing).

Both go by when a day's first row came, never by the day itself: a log replayed from 2019 survives the night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows.settings import Settings
from db.target import timescale_version

TIMES: Final = {
    "events": "event_time",
    "dead_letters": "received_at",
    "anomalies": "detected_at",
    "learning_events": "event_time",
    "milestones": "event_time",
    "quiz_attempts": "attempted_at",
    "sessions_closed": "session_start",
    "chapter_visit_facts": "start_time",
    "video_views": "start_time",
    "stuck_episodes": "began_at",
    "predictions": "predicted_at",
    "activity_windows": "window_start",
    "engagement_scores": "time",
    "student_days": "day",
    "student_click_days": "day",
    "memory_reviews": "reviewed_at",
}
"""The tables that are aged, and their time columns; `Settings.keep_<table>_days` says for how long."""

LAST_SEEN: Final = {
    "student_day_classes": "day",
    "student_state": "last_event_at",
    "memory_state": "last_reviewed_at",
    "revision_signal_facts": "created_at",
    "risk_entries": "entered_at",
    "prediction_dismissals": "dismissed_at",
    "course_activity": "last_at",
    "enrolments": "left_at",
    "enrolment_history": "valid_to",
}
"""Tables of a row or a few for each student, which are no hypertables anywhere: a night deletes from them on both."""

OF_STUDENTS: Final = frozenset({"student_days", "student_click_days", "memory_reviews", "predictions", *LAST_SEEN})
"""Those of both kinds that are kept for `Settings.keep_students_days`."""

ROLLED_UP: Final = ("activity_windows", "engagement_scores")
"""Those of them that are rolled up before they are deleted (views/53_roll_up.sql): their history stays in the views."""

PLACES: Final = {
    "quiz_attempt_places": "quiz_attempts",
    "learning_event_places": "learning_events",
    "milestone_places": "milestones",
    "chapter_visit_places": "chapter_visit_facts",
}
"""What is known of facts by their ids, and the facts: it goes when they have gone (ADR 21)."""

_GONE: Final = """
FROM {places} p
WHERE p.fact_at < now() - make_interval(days => {days})
  AND NOT EXISTS (SELECT FROM {table} f WHERE f.{time} = p.fact_at AND f.event_id = p.event_id)
"""

_CLASSES: Final = """
DELETE FROM enrolment_classes c
WHERE NOT EXISTS (SELECT FROM enrolments e WHERE e.student_id = c.student_id AND e.course_id = c.course_id)
"""
_AUDIT: Final = "DELETE FROM access_audit WHERE at < now() - make_interval(days => %s)"
_DAYS: Final = """
WITH RECURSIVE days AS (
    (SELECT date_trunc('day', {time}) AS day FROM {table} ORDER BY {time} LIMIT 1)
    UNION ALL
    SELECT (SELECT date_trunc('day', {time}) FROM {table} WHERE {time} >= d.day + interval '1 day'
            ORDER BY {time} LIMIT 1)
    FROM days d WHERE d.day IS NOT NULL
)
INSERT INTO days_seen (table_name, day) SELECT {name}, day FROM days WHERE day IS NOT NULL ON CONFLICT DO NOTHING
"""


_DISTINCT_DAYS: Final = """
INSERT INTO days_seen (table_name, day)
SELECT DISTINCT {name}, date_trunc('day', {time}) FROM {table} WHERE {time} IS NOT NULL ON CONFLICT DO NOTHING
"""


def keep_days(settings: Settings, table: str) -> int:
    """Returns for how many days a table's rows are kept."""
    if table in OF_STUDENTS:
        return settings.keep_students_days
    days: int = getattr(settings, f"keep_{table}_days")
    return days


def age(connection: psycopg.Connection[Any], settings: Settings, *, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Deletes what is older than it is kept, a day of a table in one transaction; yields (table, rows).

    On TimescaleDB that is left to delete which is in no hypertable: rows of students who were not seen for so long, and
    ids of facts whose chunks are gone.

    Args:
        connection: The database, in autocommit; a role that may delete.
        settings: For how long each table is kept.
        dry_run: Count only.
    """
    tables = LAST_SEEN if timescale_version(connection) else TIMES | LAST_SEEN
    for table, gone in _age_days(connection, settings, tables, dry_run=dry_run):
        if table == "enrolments" and not dry_run:
            connection.execute(_CLASSES)
        yield table, gone
    for places, table in PLACES.items():
        gone_of = sql.SQL(_GONE).format(
            places=sql.Identifier(places),
            days=sql.Literal(keep_days(settings, table)),
            table=sql.Identifier(table),
            time=sql.Identifier(TIMES[table]),
        )
        if dry_run:
            row = connection.execute(sql.SQL("SELECT count(*) ") + gone_of).fetchone()
            gone = (row or (0,))[0]
        else:
            gone = connection.execute(sql.SQL("DELETE ") + gone_of).rowcount
        if gone:
            yield places, gone
    if not dry_run and (gone := connection.execute(_AUDIT, (settings.keep_access_audit_days,)).rowcount):
        yield "access_audit", gone


def _age_days(
    connection: psycopg.Connection[Any], settings: Settings, tables: Mapping[str, str], *, dry_run: bool
) -> Iterator[tuple[str, int]]:
    """Deletes the days of tables that are no hypertables."""
    for table, column in tables.items():
        parts = {"table": sql.Identifier(table), "time": sql.Identifier(column), "name": sql.Literal(table)}
        connection.execute(sql.SQL(_DISTINCT_DAYS if table in LAST_SEEN else _DAYS).format(**parts))
        over = connection.execute(
            "SELECT day FROM days_seen WHERE table_name = %s AND seen_at < now() - make_interval(days => %s)",
            (table, keep_days(settings, table)),
        ).fetchall()
        gone = 0
        for (day,) in over:
            within = sql.SQL("{time} >= {day} AND {time} < {day} + interval '1 day'").format(
                day=sql.Literal(day), **parts
            )
            with connection.transaction():
                connection.execute("SET LOCAL classpulse.ageing = on")  # what is kept of rows stays (attempt_days)
                if dry_run:
                    row = connection.execute(sql.SQL("SELECT count(*) FROM {table} WHERE ").format(**parts) + within)
                    gone += (row.fetchone() or (0,))[0]
                    continue
                if table in ROLLED_UP:
                    connection.execute(sql.SQL("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE").format(**parts))
                    connection.execute("SELECT roll_up(%s, %s, %s + interval '1 day', false)", (table, day, day))
                gone += connection.execute(sql.SQL("DELETE FROM {table} WHERE ").format(**parts) + within).rowcount
                connection.execute("DELETE FROM days_seen WHERE table_name = %s AND day = %s", (table, day))
        if gone:
            yield table, gone
