"""The lake as DuckDB reads it: the view `events` over what the manifest names, compacted or not, each event once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import psycopg

from dataflows.errors import UserError
from dataflows.lake.files import SCHEMA
from dataflows.lake.store import Store

_CURRENT: Final = (
    "SELECT coalesce(staged, path) FROM lake_files WHERE zone = 'events' AND replaced_at IS NULL ORDER BY 1"
)
_ATTEMPTS: Final = 3


def columns() -> str:
    """Returns the columns of `events`, for a select list."""
    return ", ".join(SCHEMA)


def current(connection: psycopg.Connection[Any]) -> list[str]:
    """Returns the files that hold the events, from the lake's root."""
    return [path for (path,) in connection.execute(_CURRENT).fetchall()]


def from_files(store: Store, paths: list[str], *, name: bool = False) -> str:
    """Returns what stands after FROM to read some files; with `name`, each row says in `filename` where it lies."""
    files = ", ".join("'" + store.url(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{files}], hive_partitioning = false, union_by_name = true, filename = {name})"


def bare(store: Store) -> duckdb.DuckDBPyConnection:
    """Returns a DuckDB in memory that can read the lake's files."""
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    if not store.is_local:
        duck.register_filesystem(store.filesystem())
    return duck


@contextmanager
def reading(connection: psycopg.Connection[Any], store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yields a DuckDB with the view `events`, as the manifest is now; it can read nothing else, and write nothing.

    Args:
        connection: The database.
        store: The lake.
    """
    paths = current(connection)
    duck = bare(store)
    try:
        if paths:
            duck.execute(f"CREATE VIEW events AS SELECT {columns()} FROM {from_files(store, paths)}")  # noqa: S608
        else:
            nothing = ", ".join(f"NULL::{_TYPES[str(dtype)]} AS {name}" for name, dtype in SCHEMA.items())
            duck.execute(f"CREATE VIEW events AS SELECT {nothing} WHERE false")
        allowed = ", ".join("'" + store.url(path).replace("'", "''") + "'" for path in paths)
        duck.execute(f"SET allowed_paths = [{allowed}]")
        duck.execute("SET enable_external_access = false")
        duck.execute("SET lock_configuration = true")
        yield duck
    finally:
        duck.close()


_TYPES: Final = {
    "String": "VARCHAR",
    "Int64": "BIGINT",
    "Datetime(time_unit='us', time_zone='UTC')": "TIMESTAMPTZ",
}


def checked(sql: str) -> str:
    """Returns one query; anything else that SQL can do is refused.

    Raises:
        UserError: Where it is no query, or more than one.
    """
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise UserError(str(error)) from error
    kinds = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in kinds:
        text = "give one query: SELECT … FROM events"
        raise UserError(text)
    return statements[0].query


def ask(
    connection: psycopg.Connection[Any], store: Store, sql: str, most: int | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Returns the columns' names and the rows of a query over `events`.

    Where compaction replaces a file while it is read, the query is asked again of what took its place.

    Args:
        connection: The database.
        store: The lake.
        sql: One query.
        most: So many rows at most; None for all.

    Raises:
        UserError: Where it is no query, or a wrong one.
    """
    query = checked(sql)
    for attempt in range(_ATTEMPTS):
        with reading(connection, store) as duck:
            try:
                found = duck.execute(query)
                rows = found.fetchall() if most is None else found.fetchmany(most)
            except duckdb.IOException as error:
                if attempt + 1 < _ATTEMPTS:
                    continue
                raise UserError(str(error)) from error
            except duckdb.Error as error:
                raise UserError(str(error)) from error
            return [name for name, *_ in found.description or ()], rows
    raise AssertionError
