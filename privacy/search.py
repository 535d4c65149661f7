"""A search of the whole database for students' ids: every column of text, JSON or bytes, aggregates included."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from privacy.spellings import is_distinctive, spellings
from privacy.tables import ID_COLUMNS, IDS_COLUMN, OF_SUBJECTS

SECRET: Final = frozenset({"erasure_requests"})
"""Holds the ids of those who wait to be erased."""

# Hypertables are read through their parents, compressed chunks included; what aggregates hold lies in tables of theirs.
_COLUMNS: Final = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'm')
  AND (n.nspname = 'public' OR n.nspname LIKE 'classpulse%' OR c.relname LIKE '\\_materialized\\_hypertable\\_%')
  AND format_type(a.atttypid, NULL) IN ('text', 'character varying', 'text[]', 'jsonb', 'json', 'bytea')
ORDER BY 1, 2, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may hold an id.

    Attributes:
        schema: Its table's schema.
        table: The table.
        name: The column.
        kind: Its type.
    """

    schema: str
    table: str
    name: str
    kind: str

    @property
    def is_of_persons(self) -> bool:
        """Whether it names students: there even an id like `17` means one."""
        return self.name in (*ID_COLUMNS, IDS_COLUMN) or (self.table, self.name) == OF_SUBJECTS

    def holds(self, student_ids: Iterable[str]) -> sql.Composable | None:
        """Returns the condition that a row holds one of the ids; None where none of them would mean a student."""
        column, parts = sql.Identifier(self.name), list[sql.Composable]()
        for student_id in student_ids:
            if self.is_of_persons:
                same = sql.SQL("{} = ANY({})") if self.kind == "text[]" else sql.SQL("{} = {}")
                parts.append(same.format(sql.Literal(student_id), column))
            if is_distinctive(student_id):
                parts += [self._contains(spelling) for spelling in spellings(student_id)]
        return sql.SQL("(") + sql.SQL(" OR ").join(parts) + sql.SQL(")") if parts else None

    def _contains(self, text: str) -> sql.Composable:
        column = sql.Identifier(self.name)
        if self.kind == "bytea":
            return sql.SQL("position({} IN {}) > 0").format(sql.Literal(text.encode()), column)
        if self.kind in {"jsonb", "json"}:  # as JSON spells it
            return sql.SQL("strpos({}::text, {}) > 0").format(
                column, sql.Literal(json.dumps(text, ensure_ascii=False)[1:-1])
            )
        return sql.SQL("strpos({}::text, {}) > 0").format(column, sql.Literal(text))


def columns(connection: psycopg.Connection[Any]) -> list[Column]:
    """Returns every column that may hold an id."""
    found = [Column(*row) for row in connection.execute(_COLUMNS).fetchall()]
    return [column for column in found if column.table not in SECRET]


def search(connection: psycopg.Connection[Any], student_ids: list[str]) -> dict[str, int]:
    """Returns in how many rows of which columns an id stands, as `table.column`; each table is read once.

    Args:
        connection: The database's owner.
        student_ids: The ids as they are kept.
    """
    by_table: dict[tuple[str, str], list[tuple[Column, sql.Composable]]] = {}
    for column in columns(connection):
        condition = column.holds(student_ids)
        if condition is not None:
            by_table.setdefault((column.schema, column.table), []).append((column, condition))
    found: dict[str, int] = {}
    for (schema, table), chosen in by_table.items():
        counts = sql.SQL(", ").join(sql.SQL("count(*) FILTER (WHERE {})").format(one) for _column, one in chosen)
        row = connection.execute(sql.SQL("SELECT {} FROM {}").format(counts, sql.Identifier(schema, table))).fetchone()
        for (column, _condition), count in zip(chosen, row or (), strict=True):
            if count:
                found[f"{table}.{column.name}"] = count
    return found
