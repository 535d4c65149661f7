"""The shadow schema: where a rebuild puts its rows, and how they come in place of those that differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows.claim import RefusedError
from dataflows.settings import Settings
from dataflows.sink.freshness import Freshness
from dataflows.sink.tables import STAMPED, TABLES
from dataflows.sink.writer import Writer

SHADOW: Final = "classpulse_rebuild"
_LOCK: Final = 0x52656275696C64  # "Rebuild"


@dataclass(frozen=True, slots=True)
class TableReport:
    """What the rebuild found in one table.

    Attributes:
        table: The table.
        same: Rows that were as rebuilt.
        changed: Rows that had other values, now replaced.
        added: Rows that were missing.
        removed: Rows that should not have been there.
        kept: Rows from before the time that the archive covers, left as they are.
    """

    table: str
    same: int
    changed: int
    added: int
    removed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a rebuild did: from when on it holds (None: from the log's beginning), and the tables."""

    covers_from: datetime | None
    events: int
    tables: list[TableReport]


def alone(connection: psycopg.Connection[Any]) -> None:
    """Makes sure that no other rebuild and no nightly run is at work, until the connection is closed.

    Raises:
        RefusedError: Where one is.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if row is None or not row[0]:
        text = "a rebuild or a nightly run is at work in this database: run this again when it has ended"
        raise RefusedError(text)


def make_shadow(
    connection: psycopg.Connection[Any],
    flow: str,
    tables: tuple[str, ...],
    generations: dict[int, int],
    schema_name: str = SHADOW,
) -> None:
    """Makes empty tables in a schema of their own, and the progress that a writer there goes by.

    Args:
        connection: The database.
        flow: The flow that is rebuilt.
        tables: Its tables.
        generations: The generation under which each task writes.
        schema_name: The schema.
    """
    schema = sql.Identifier(schema_name)
    with connection.transaction():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        for table in (*tables, "task_progress", "anomalies", "consents"):
            connection.execute(
                sql.SQL("CREATE TABLE {}.{} (LIKE public.{} INCLUDING DEFAULTS INCLUDING INDEXES)").format(
                    schema, sql.Identifier(table), sql.Identifier(table)
                )
            )
        for task, generation in generations.items():
            connection.execute(
                sql.SQL("INSERT INTO {}.task_progress (flow, task, generation) VALUES (%s, %s, %s)").format(schema),
                (flow, task, generation),
            )


@contextmanager
def shadow_writer(flow: str, settings: Settings, schema_name: str = SHADOW) -> Iterator[Writer]:
    """Yields what writes into a shadow schema; it publishes nothing."""
    url = settings.database_url.get_secret_value()
    writer = Writer(url, flow, Freshness(), lambda _topic, _records: None, lambda: True, schema=schema_name)
    try:
        yield writer
    finally:
        writer.close()


def drop_shadow(connection: psycopg.Connection[Any], schema_name: str = SHADOW) -> None:
    """Removes the schema."""
    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema_name)))


def replace(  # noqa: PLR0913
    connection: psycopg.Connection[Any],
    name: str,
    covered: sql.Composable,
    *,
    dry_run: bool,
    made: str = SHADOW,
    target: str = "public",
) -> TableReport:
    """Puts the rebuilt rows of a table in place of the covered ones: only rows that differ are touched.

    Args:
        connection: The database.
        name: The table.
        covered: The condition of the rows that the rebuild has made again.
        dry_run: Count only.
        made: The schema that holds the rebuilt rows.
        target: The schema in which they replace others.
    """
    table = TABLES[name]
    live, shadow = sql.Identifier(target, name), sql.Identifier(made, name)
    columns = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
            "ORDER BY ordinal_position",
            (made, name),
        ).fetchall()
        if row[0] != "updated_at"
    ]
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = [c for c in columns if c not in table.key]
    differs = sql.SQL("({}) IS DISTINCT FROM ({})").format(
        sql.SQL(", ").join(sql.SQL("l.{}").format(sql.Identifier(c)) for c in values),
        sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(c)) for c in values),
    )
    parts = {"live": live, "shadow": shadow, "covered": covered, "key": key, "names": names, "differs": differs}
    with connection.transaction():
        counts = connection.execute(
            sql.SQL(
                "SELECT count(*) FILTER (WHERE l.present AND s.present AND NOT ({differs})), "
                "count(*) FILTER (WHERE l.present AND s.present AND {differs}), "
                "count(*) FILTER (WHERE l.present IS NULL), count(*) FILTER (WHERE s.present IS NULL) "
                "FROM (SELECT *, true AS present FROM {live} WHERE {covered}) l "
                "FULL JOIN (SELECT *, true AS present FROM {shadow} WHERE {covered}) s USING ({key})"
            ).format(**parts)
        ).fetchone()
        kept = connection.execute(
            sql.SQL("SELECT count(*) FROM {live} WHERE NOT ({covered})").format(**parts)
        ).fetchone()
        if not dry_run:
            join = sql.SQL(" AND ").join(sql.SQL("l.{0} = s.{0}").format(sql.Identifier(c)) for c in table.key)
            connection.execute(
                sql.SQL(
                    "DELETE FROM {live} l WHERE {covered} AND NOT EXISTS (SELECT 1 FROM {shadow} s WHERE {join})"
                ).format(join=join, **parts)
            )
            sets: list[sql.Composable] = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(c)) for c in values]
            sets += [sql.SQL("updated_at = now()")] if name in STAMPED else []
            connection.execute(
                sql.SQL(
                    "INSERT INTO {live} AS t ({names}) SELECT {names} FROM {shadow} s WHERE {covered} AND NOT EXISTS "
                    "(SELECT 1 FROM {live} l WHERE {join} AND NOT ({differs})) ON CONFLICT ({key}) DO UPDATE SET {sets}"
                ).format(join=join, sets=sql.SQL(", ").join(sets), **parts)
            )
    found = counts or (0, 0, 0, 0)
    return TableReport(name, found[0], found[1], found[2], found[3], kept[0] if kept else 0)


def describe(since: datetime | None) -> str:
    """Returns since when a rebuild holds, in words."""
    return "the beginning of the log" if since is None else f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
