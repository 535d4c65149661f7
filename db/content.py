"""Writing courses' items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from db.upsert import Written, write_rows

TABLE = "content_items"
KEY = ("course_id", "item_id")


def write(
    connection: psycopg.Connection[Any], rows: list[dict[str, Any]], sent: Callable[[int], None] | None = None
) -> Written:
    """Upserts items.

    Args:
        connection: In a transaction.
        rows: At least one, all with the same columns; no key twice.
        sent: Is told how many rows have been sent so far.
    """
    return write_rows(connection, TABLE, KEY, rows, sent=sent)


def remove_others(connection: psycopg.Connection[Any], keys: list[tuple[str, str]]) -> int:
    """Removes the items of the named courses that are not among `keys`, and returns how many they were."""
    courses, items = [course for course, _item in keys], [item for _course, item in keys]
    return connection.execute(
        "DELETE FROM content_items t WHERE course_id = ANY(%(courses)s) AND NOT EXISTS ("
        " SELECT FROM unnest(%(courses)s::text[], %(items)s::text[]) g (course_id, item_id)"
        " WHERE g.course_id = t.course_id AND g.item_id = t.item_id)",
        {"courses": courses, "items": items},
    ).rowcount


def unknown_parents(connection: psycopg.Connection[Any], courses: list[str]) -> list[str]:
    """Returns parents that items of these courses name and that are no items of the course."""
    rows = connection.execute(
        "SELECT DISTINCT course_id || ' / ' || parent_id FROM content_items i WHERE course_id = ANY(%s)"
        " AND parent_id IS NOT NULL AND NOT EXISTS ("
        " SELECT FROM content_items p WHERE p.course_id = i.course_id AND p.item_id = i.parent_id) ORDER BY 1",
        [courses],
    ).fetchall()
    return [str(name) for (name,) in rows]
