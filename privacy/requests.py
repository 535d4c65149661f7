"""Who waits to be erased tonight, and who has come back with a restored backup."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows.events.text import tidy
from dataflows.operators.consent import digest_of
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect
from privacy import digests
from privacy.tables import tables_of_students

_ASK: Final = "INSERT INTO erasure_requests (student_id) VALUES (%s) ON CONFLICT DO NOTHING"


def ask(settings: Settings, student_ids: list[str]) -> int:
    """Puts students on the list of those who wait; returns how many wait now."""
    digests.key_of(settings)
    with _connected(settings) as connection, connection.cursor() as cursor:
        cursor.executemany(_ASK, [(tidy(one),) for one in student_ids])
        row = cursor.execute("SELECT count(*) FROM erasure_requests").fetchone()
    return row[0] if row else 0


def waiting(settings: Settings) -> list[str]:
    """Returns who waits to be erased, who asked first in front."""
    with _connected(settings) as connection:
        rows = connection.execute("SELECT student_id FROM erasure_requests ORDER BY asked_at, student_id").fetchall()
    return [student_id for (student_id,) in rows]


def come_back(settings: Settings) -> list[str]:
    """Returns erased students of whom the database holds something again: a backup from before was restored.

    What Kafka's list knows and the database does not is put on the database's list; where nothing was missing there,
    nothing was restored, and nothing is looked at.

    Raises:
        TopicError: Kafka does not answer.
    """
    key, known = digests.key_of(settings), digests.published(settings)
    with _connected(settings) as connection:
        if not digests.add(connection, known - _listed(connection)):
            return []
        listed = _listed(connection)
        return [one for one in _everybody(connection) if digest_of(key, one) in listed]


def _listed(connection: psycopg.Connection[Any]) -> set[bytes]:
    return {digest for (digest,) in connection.execute("SELECT digest FROM erased_students")}


def _everybody(connection: psycopg.Connection[Any]) -> list[str]:
    """Returns all students of whom any table holds a row."""
    found: set[str] = set()
    for table in tables_of_students(connection):
        column = sql.Identifier(table.column)
        each = sql.SQL("unnest({})").format(column) if table.is_of_several else column
        query = sql.SQL("SELECT DISTINCT {} FROM {}").format(each, sql.Identifier(table.name))
        found |= {student_id for (student_id,) in connection.execute(query) if student_id is not None}
    return sorted(found)


def _connected(settings: Settings) -> psycopg.Connection[Any]:
    return connect(settings.database_url.get_secret_value(), f"{APPLICATION}-erase")
