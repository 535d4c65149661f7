"""Writing rosters: the tables, their keys, and what a file says the whole of."""

from __future__ import annotations

from typing import Any

import psycopg

from dataflows.sink.enrolments import FIRST_AND_LAST
from db.upsert import Written, write_rows

KEYS: dict[str, tuple[str, ...]] = {
    "classes": ("class_id",),
    "class_staff": ("class_id", "staff_id"),
    "terms": ("term_id",),
    "periods": ("class_id", "weekday", "starts"),
    "directory": ("student_id",),
    "enrolments": ("student_id", "course_id"),
    "student_addresses": ("student_id",),
}
"""The roster's tables, in the order in which they are written, and their keys."""

WHOLE_OF_A_CLASS = ("class_staff", "periods")
"""What a file says of a class in these tables is all there is: other rows of that class go."""


def write(connection: psycopg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> Written:
    """Upserts rows of a roster table.

    Args:
        connection: In a transaction.
        table: A key of `KEYS`.
        rows: All with the same columns; no key twice.
    """
    # What people say of a class holds from now on, until a later event says otherwise.
    enrolments = table == "enrolments"
    return write_rows(
        connection,
        table,
        KEYS[table],
        rows,
        whole_of="class_id" if table in WHOLE_OF_A_CLASS else None,
        stamp="class_at" if enrolments and "class_id" in rows[0] else None,
        merged=FIRST_AND_LAST if enrolments and "enrolled_at" in rows[0] else None,
    )


def unknown_classes(connection: psycopg.Connection[Any]) -> list[str]:
    """Returns classes that staff, timetable or enrolments name and `classes` does not."""
    rows = connection.execute(
        "SELECT DISTINCT class_id FROM (SELECT class_id FROM class_staff UNION ALL SELECT class_id FROM periods"
        " UNION ALL SELECT class_id FROM enrolments) u WHERE class_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM classes c WHERE c.class_id = u.class_id) ORDER BY 1"
    ).fetchall()
    return [str(class_id) for (class_id,) in rows]
