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


def place(connection: psycopg.Connection[Any], classes: dict[tuple[str, str], list[str]]) -> Written:
    """Writes the further classes of enrolments; others that these enrolments had go.

    Args:
        connection: In a transaction.
        classes: (student_id, course_id) → classes beside the one that `enrolments` names; none is an empty list.
    """
    pairs = list(classes)
    rows = [(*pair, class_id) for pair, some in classes.items() for class_id in some]
    keys = {"students": [s for s, _ in pairs], "courses": [c for _, c in pairs]}
    kept = {"s": [r[0] for r in rows], "c": [r[1] for r in rows], "k": [r[2] for r in rows]}
    removed = connection.execute(
        "DELETE FROM enrolment_classes t USING unnest(%(students)s::text[], %(courses)s::text[]) p (s, c)"
        " WHERE t.student_id = p.s AND t.course_id = p.c AND NOT EXISTS ("
        " SELECT FROM unnest(%(s)s::text[], %(c)s::text[], %(k)s::text[]) r (s, c, k)"
        " WHERE r.s = t.student_id AND r.c = t.course_id AND r.k = t.class_id)",
        keys | kept,
    ).rowcount
    new = connection.execute(
        "INSERT INTO enrolment_classes SELECT * FROM unnest(%(s)s::text[], %(c)s::text[], %(k)s::text[])"
        " ON CONFLICT DO NOTHING",
        kept,
    ).rowcount
    return Written("enrolment_classes", new, 0, len(rows) - new, removed)


def unknown_classes(connection: psycopg.Connection[Any]) -> list[str]:
    """Returns classes that staff, timetable or enrolments name and `classes` does not."""
    rows = connection.execute(
        "SELECT DISTINCT class_id FROM (SELECT class_id FROM class_staff UNION ALL SELECT class_id FROM periods"
        " UNION ALL SELECT class_id FROM enrolments UNION ALL SELECT class_id FROM enrolment_classes) u"
        " WHERE class_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM classes c WHERE c.class_id = u.class_id) ORDER BY 1"
    ).fetchall()
    return [str(class_id) for (class_id,) in rows]
