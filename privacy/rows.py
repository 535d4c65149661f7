"""A student's rows deleted from every table, and her id taken out of others' rows."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

import psycopg
from psycopg import sql

from privacy.records import is_held_about
from privacy.search import SECRET, Column, columns, search
from privacy.spellings import is_distinctive, spellings
from privacy.tables import tables_of_students

ERASED: Final = "erased"
AUDIT: Final = "access_audit"
DEAD_LETTERS: Final = "dead_letters"
SEEDS: Final = "task_seeds"

_PLACE: Final = ("received_at", "topic", "partition", "kafka_offset")
# Chunks that are compressed are opened as far as it takes; on plain PostgreSQL nobody asks for the setting.
_PREPARE: Final = "SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0"
_RENAME: Final = """
UPDATE access_audit SET student_ids = ARRAY(
    SELECT coalesce(%(marks)s::jsonb ->> s.id, s.id)
    FROM unnest(student_ids) WITH ORDINALITY AS s (id, nth) ORDER BY s.nth
) WHERE student_ids && %(ids)s
"""


def mark_of(digest: bytes) -> str:
    """Returns what stands for an erased student where a row must stay: it names nobody.

    Example:
        >>> mark_of(bytes(32))
        'erased:0000000000000000'
    """
    return f"{ERASED}:{digest.hex()[:16]}"


def delete_rows(connection: psycopg.Connection[Any], student_ids: list[str]) -> Counter[str]:
    """Deletes what tables hold of students; returns how many rows by table. Nothing is left to do for a second call.

    Args:
        connection: The database's owner, in autocommit.
        student_ids: The ids as they are kept.
    """
    connection.execute(_PREPARE)
    counts: Counter[str] = Counter()
    for table in tables_of_students(connection):
        if table.is_of_several or table.name in SECRET:
            continue  # the audit, whose rows stay; and who waits, until all is done
        gone = connection.execute(
            sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(
                sql.Identifier(table.name), sql.Identifier(table.column)
            ),
            (student_ids,),
        ).rowcount
        counts[table.name] += gone
    counts[DEAD_LETTERS] += _delete_dead_letters(connection, student_ids)
    return counts


def _delete_dead_letters(connection: psycopg.Connection[Any], student_ids: list[str]) -> int:
    """Deletes refused records about students: the payload may say so in any form, so each one is looked at."""
    wanted, places = frozenset(student_ids), list[tuple[Any, ...]]()
    with connection.transaction(), connection.cursor("dead_letters") as cursor:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(sql.SQL("SELECT {}, payload, detail FROM dead_letters").format(_columns(_PLACE)))
        for *place, payload, detail in cursor:
            if is_held_about(payload or "", wanted) or any(one in (detail or "").split() for one in wanted):
                places.append(tuple(place))
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("DELETE FROM dead_letters WHERE ({}) = (%s, %s, %s, %s)").format(_columns(_PLACE)), places
        )
    return len(places)


def _columns(names: tuple[str, ...]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def rename_in_audit(connection: psycopg.Connection[Any], marks: dict[str, str]) -> int:
    """Puts marks in the place of ids in the audit, whose rows stay for seven years; returns how many rows."""
    with connection.transaction():
        connection.execute("SET LOCAL classpulse.erasing = on")
        return connection.execute(_RENAME, {"marks": json.dumps(marks), "ids": list(marks)}).rowcount


def take_out(connection: psycopg.Connection[Any], student_ids: list[str]) -> Counter[str]:
    """Takes ids out of rows that are others': an address that somebody looked at, a field of a forum post.

    Args:
        connection: The database's owner, in autocommit.
        student_ids: The ids as they are kept; those that are nobody's word alone are looked for.
    """
    meant = [student_id for student_id in student_ids if is_distinctive(student_id)]
    counts: Counter[str] = Counter()
    found = search(connection, meant) if meant else {}
    by_name = {f"{column.table}.{column.name}": column for column in columns(connection)}
    for name in found:
        column = by_name[name]
        if column.schema == "public" and column.table != AUDIT and not column.is_of_persons:
            counts[column.table] += _take_out_of(connection, column, meant)
    return counts


def _take_out_of(connection: psycopg.Connection[Any], column: Column, student_ids: list[str]) -> int:
    table, name, where = (
        sql.Identifier(column.schema, column.table),
        sql.Identifier(column.name),
        column.holds(student_ids),
    )
    if column.kind == "bytea":  # a state that a rebuild left, for a worker that has its own since
        return connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(table, where)).rowcount
    value: sql.Composable = sql.SQL("{}::text").format(name)
    for student_id in student_ids:
        for text in spellings(student_id):
            spelt = json.dumps(text, ensure_ascii=False)[1:-1] if column.kind in {"jsonb", "json"} else text
            value = sql.SQL("replace({}, {}, {})").format(value, sql.Literal(spelt), sql.Literal(ERASED))
    query = sql.SQL("UPDATE {} SET {} = ({})::{} WHERE {}").format(
        table, name, value, sql.SQL(_cast(column.kind)), where
    )
    return connection.execute(query).rowcount


def _cast(kind: str) -> Any:  # noqa: ANN401 - one of our own words
    return {"jsonb": "jsonb", "json": "json", "text[]": "text[]"}.get(kind, "text")
