"""Writing rosters: COPY to staging and one upsert a table, counting what is new and what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

KEYS: dict[str, tuple[str, ...]] = {
    "classes": ("class_id",),
    "class_staff": ("class_id", "staff_id"),
    "terms": ("term_id",),
    "periods": ("class_id", "weekday", "starts"),
    "directory": ("student_id",),
    "enrolments": ("student_id", "course_id"),
}
"""The roster's tables, in the order in which they are written, and their keys."""

WHOLE_OF_A_CLASS = ("class_staff", "periods")
"""What a file says of a class in these tables is all there is: other rows of that class go."""


@dataclass(frozen=True, slots=True)
class Written:
    """How the rows of a table met what was there."""

    table: str
    new: int
    changed: int
    same: int
    removed: int


def write(connection: psycopg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> Written:
    """Upserts rows of a roster table.

    Args:
        connection: In a transaction.
        table: A key of `KEYS`.
        rows: All with the same columns; no key twice.
    """
    columns = list(rows[0])
    stage = sql.Identifier(f"roster_{table}")
    target = sql.Identifier(table)
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
            stage, _list(columns), target
        )
    )
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(stage, _list(columns))) as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])
    removed = connection.execute(_removal(table, stage)).rowcount if table in WHOLE_OF_A_CLASS else 0
    inserted = [new for (new,) in connection.execute(_upsert(table, stage, columns)).fetchall()]
    connection.execute(sql.SQL("DROP TABLE {}").format(stage))
    new, changed = sum(inserted), len(inserted) - sum(inserted)
    return Written(table, new, changed, len(rows) - len(inserted), removed)


def _upsert(table: str, stage: sql.Identifier, columns: list[str]) -> sql.Composed:
    """Returns the upsert; it returns true for a new row, false for a changed one, nothing for an equal one."""
    values = [column for column in columns if column not in KEYS[table]]
    # What people say of a class holds from now on, until a later event says otherwise.
    stamped = table == "enrolments" and "class_id" in columns
    parts = {
        "target": sql.Identifier(table),
        "columns": _list(columns),
        "stage": stage,
        "key": _list(KEYS[table]),
        "values": _list(values),
        "new": sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(column)) for column in values),
        "old": sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in values),
        "stamp_column": sql.SQL(", class_at" if stamped else ""),
        "stamp_value": sql.SQL(", now()" if stamped else ""),
        "stamp": sql.SQL(", class_at = now()" if stamped else ""),
    }
    insert = (
        "INSERT INTO {target} AS t ({columns}{stamp_column})"
        " SELECT {columns}{stamp_value} FROM {stage} ON CONFLICT ({key})"
    )
    update = " DO UPDATE SET ({values}) = ROW({new}){stamp} WHERE ROW({old}) IS DISTINCT FROM ROW({new})"
    return sql.SQL(f"{insert}{update if values else ' DO NOTHING'} RETURNING xmax = 0").format(**parts)


def _removal(table: str, stage: sql.Identifier) -> sql.Composed:
    same = sql.SQL(" AND ").join(sql.SQL("s.{0} = t.{0}").format(sql.Identifier(column)) for column in KEYS[table])
    return sql.SQL(
        "DELETE FROM {target} t WHERE class_id IN (SELECT class_id FROM {stage})"
        " AND NOT EXISTS (SELECT FROM {stage} s WHERE {same})"
    ).format(target=sql.Identifier(table), stage=stage, same=same)


def unknown_classes(connection: psycopg.Connection[Any]) -> list[str]:
    """Returns classes that staff, timetable or enrolments name and `classes` does not."""
    rows = connection.execute(
        "SELECT DISTINCT class_id FROM (SELECT class_id FROM class_staff UNION ALL SELECT class_id FROM periods"
        " UNION ALL SELECT class_id FROM enrolments) u WHERE class_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM classes c WHERE c.class_id = u.class_id) ORDER BY 1"
    ).fetchall()
    return [str(class_id) for (class_id,) in rows]


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
