"""Views, functions, grants and comments: applied again, in one transaction, whenever one of their files has changed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors, sql

from db.access import views
from db.sql_files import fill, send
from db.target import Kind

VIEWS = Path(__file__).parent / "views"
_CREATED = re.compile(r"^CREATE OR REPLACE (VIEW|FUNCTION) (\w+)", re.MULTILINE)
_DESCRIBED = re.compile(r"^COMMENT ON (?:VIEW|TABLE) (\w+)", re.MULTILINE)
_RESHAPED = (errors.InvalidTableDefinition, errors.InvalidFunctionDefinition, errors.FeatureNotSupported)


def scripts(kind: Kind, values: dict[str, str]) -> list[str]:
    """Returns the filled SQL files in the order of their names; `x.<kind>.sql` counts for that kind alone.

    Last come the readers' schemas, whose views bear the names of those before.
    """
    other = {"timescaledb": ".postgresql.sql", "postgresql": ".timescaledb.sql"}[kind]
    paths = sorted(path for path in VIEWS.glob("*.sql") if not path.name.endswith(other))
    return [*(fill(path.read_text(), values) for path in paths), views.script()]


def created(texts: list[str]) -> list[tuple[str, str]]:
    """Returns what the scripts create as (kind, name), each once, in order.

    Example:
        >>> created(["CREATE OR REPLACE VIEW a AS SELECT 1;"])
        [('VIEW', 'a')]
    """
    return list(dict.fromkeys(found for text in texts for found in _CREATED.findall(text)))


def checksum(texts: list[str]) -> str:
    """Returns the SHA-256 of all scripts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def apply(connection: psycopg.Connection[Any], texts: list[str], before: list[tuple[str, str]]) -> None:
    """Replaces views and functions; where a shape changed, drops them all first.

    Args:
        connection: In a transaction.
        texts: The scripts.
        before: What an earlier application created: what is gone from the scripts is dropped.
    """
    gone = [item for item in before if item not in created(texts)]
    _silence(connection, texts)
    drop_schemas(connection)
    try:
        with connection.transaction():
            drop(connection, gone)
            for text in texts:
                send(connection, text)
    except (*_RESHAPED, errors.DependentObjectsStillExist):
        drop(connection, before)
        for text in texts:
            send(connection, text)


def _silence(connection: psycopg.Connection[Any], texts: list[str]) -> None:
    """Takes the comments off the columns that the scripts describe: what they say no more does not stay."""
    names = sorted({name for text in texts for name in _DESCRIBED.findall(text)})
    row = connection.execute(
        "SELECT string_agg(format('COMMENT ON COLUMN %%s.%%I IS NULL', attrelid::regclass, attname), ';')"
        " FROM pg_attribute WHERE attnum > 0 AND col_description(attrelid, attnum) IS NOT NULL"
        " AND attrelid IN (SELECT to_regclass('public.' || name) FROM unnest(%s::text[]) name)",
        (names,),
    ).fetchone()
    if row and row[0]:
        send(connection, row[0])


def drop(connection: psycopg.Connection[Any], items: list[tuple[str, str]]) -> None:
    """Drops what we made, last first; refuses (by the server's error) what somebody else's view stands on."""
    for kind, name in reversed(items):
        if kind == "VIEW":
            connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(sql.Identifier("public", name)))
            continue
        rows = connection.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = %s AND pronamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')",
            (name,),
        ).fetchall()
        if rows:  # all in one: an overload may call another
            connection.execute(f"DROP FUNCTION {', '.join(signature for (signature,) in rows)}".encode())


def drop_schemas(connection: psycopg.Connection[Any]) -> None:
    """Drops the views of the readers' schemas, which stand on all others; refuses where others' views stand on them."""
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%s) AND c.relkind = 'v'",
        (list(views.READERS),),
    ).fetchall()
    if rows:
        names = sql.SQL(", ").join(sql.Identifier(schema, name) for schema, name in rows)
        connection.execute(sql.SQL("DROP VIEW {}").format(names))
