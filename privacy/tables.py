"""Where in the database a student stands: found in its catalogue, so that no new table can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

ID_COLUMNS: Final = ("student_id", "user_id")
"""How tables name the student that a row is about."""

IDS_COLUMN: Final = "student_ids"
"""How tables name the several students that a row is about."""

OF_SUBJECTS: Final = ("anomalies", "subject_id")
"""Rows about a student, a class or a topic, by one column."""

BATCH_ROWS: Final = 2_000

_FIND = """
    SELECT c.relname, a.attname, a.atttypid = 'text[]'::regtype, coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
      AND (a.attname = ANY (%s) OR (c.relname, a.attname) = (%s, %s))
    ORDER BY c.relname
"""

_ROWS = "SELECT to_jsonb(t) FROM {name} t WHERE {column} = %(student)s"
# the others' ids are not this student's to see
_ROWS_OF_SEVERAL = """
    SELECT to_jsonb(t) || jsonb_build_object({text}, ARRAY[%(student)s::text])
    FROM {name} t WHERE {column} @> ARRAY[%(student)s::text]
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows about students.

    Attributes:
        name: The table, in the schema `public`.
        column: The column that holds the student's id.
        is_of_several: Whether the column holds the ids of several students.
        comment: What the table is, in the database's own words; may be empty.
    """

    name: str
    column: str
    is_of_several: bool
    comment: str


def tables_of_students(connection: psycopg.Connection[Any]) -> list[Table]:
    """Returns every table with rows about students, by name."""
    found = connection.execute(_FIND, ([*ID_COLUMNS, IDS_COLUMN], *OF_SUBJECTS)).fetchall()
    return [Table(*row) for row in found]


def columns(connection: psycopg.Connection[Any], table: Table) -> list[str]:
    """Returns a table's columns in their order."""
    query = sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table.name))
    return [column.name for column in connection.execute(query).description or ()]


def rows(connection: psycopg.Connection[Any], table: Table, student_id: str) -> Iterator[dict[str, Any]]:
    """Yields a student's rows of a table as JSON objects, times in UTC; few are held at a time.

    Args:
        connection: A connection of the database's owner, in a transaction.
        table: The table.
        student_id: The id as it is kept (`tidy`).
    """
    query = sql.SQL(_ROWS_OF_SEVERAL if table.is_of_several else _ROWS).format(
        name=sql.Identifier(table.name), column=sql.Identifier("t", table.column), text=sql.Literal(table.column)
    )
    with connection.cursor(f"export_{table.name}") as cursor:
        cursor.itersize = BATCH_ROWS
        for (row,) in cursor.execute(query, {"student": student_id}):
            yield row
