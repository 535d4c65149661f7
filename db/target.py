"""Which database this is: TimescaleDB, or plain PostgreSQL with the compatibility layer."""

from __future__ import annotations

from typing import Any, Literal

import psycopg

from dataflows.errors import UserError

Kind = Literal["timescaledb", "postgresql"]
Extension = Literal["auto", "require", "never"]
OLDEST_SERVER = 150000


class UnsuitableDatabaseError(UserError):
    """The database cannot hold the schema; the message says what to do."""


def check_server(connection: psycopg.Connection[Any]) -> None:
    """Refuses servers older than PostgreSQL 15.

    Raises:
        UnsuitableDatabaseError: The server is too old.
    """
    if connection.info.server_version < OLDEST_SERVER:
        msg = f"PostgreSQL 15 or newer is needed; this server is {connection.info.server_version // 10000}"
        raise UnsuitableDatabaseError(msg)


def timescale_version(connection: psycopg.Connection[Any]) -> str | None:
    """Returns the version of the extension in this database, or None where it is not installed."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    return None if row is None else str(row[0])


def install_extension(connection: psycopg.Connection[Any], database_url: str) -> str | None:
    """Installs TimescaleDB where the server offers it; returns why not, or None.

    A server that offers the extension without preloading it ends the session that asks for it, so a connection
    of its own asks.
    """
    offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    if offered is None:
        return "this server does not offer the extension timescaledb"
    try:
        with psycopg.connect(database_url, autocommit=True) as own:
            own.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as error:
        return f"timescaledb is offered, but could not be installed: {str(error).splitlines()[0]}"
    return None


def settle_kind(connection: psycopg.Connection[Any], database_url: str, extension: Extension) -> tuple[Kind, list[str]]:
    """Decides what an empty database becomes; returns the kind and what a person should know about it.

    Raises:
        UnsuitableDatabaseError: `extension` is "require" and there is none, or its licence lacks what we use.
    """
    if extension == "never":
        return "postgresql", []
    notes: list[str] = []
    if timescale_version(connection) is None:
        reason = install_extension(connection, database_url)
        if reason is not None:
            if extension == "require":
                raise UnsuitableDatabaseError(reason)
            return "postgresql", [f"{reason}: plain tables and views"]
        notes.append("installed the extension timescaledb")
    check_licence(connection)
    return "timescaledb", notes


def check_licence(connection: psycopg.Connection[Any]) -> None:
    """Refuses the Apache-only edition, which has neither continuous aggregates nor columnstore.

    Raises:
        UnsuitableDatabaseError: `timescaledb.license` is `apache`.
    """
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    if row is not None and row[0] == "apache":
        msg = (
            "timescaledb.license is apache, which has no continuous aggregates:"
            " set it to timescale, or use a server without the extension"
        )
        raise UnsuitableDatabaseError(msg)
