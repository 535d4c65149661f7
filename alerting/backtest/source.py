"""What is stored: opened for reading only, and asked whether it holds the time that is wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import psycopg

from alerting.backtest.archive import Archive, Clock
from alerting.backtest.flows import ROSTER
from alerting.backtest.run import Span
from dataflows.errors import UserError
from dataflows.sink.connection import APPLICATION

ALWAYS: Final = ("events", "task_progress", "schema_state", "schema_version", "late_days", "rolled_up", *ROSTER)
"""The tables that any backtest reads."""


class NothingStoredError(UserError):
    """What is stored does not reach there; the message says from when to when it does."""


class RightsError(UserError):
    """A table may not be read; the message says what to grant."""


@contextlib.contextmanager
def opened(database_url: str, tables: set[str]) -> Iterator[psycopg.Connection[Any]]:
    """Connects for reading only.

    Args:
        database_url: libpq URL of a role that may read the tables; no other right is needed.
        tables: Those of the flows that are read beside `ALWAYS`.

    Raises:
        RightsError: It may not read one of them.
    """
    options = "-c default_transaction_read_only=on -c timezone=UTC"
    with psycopg.connect(
        database_url, autocommit=True, application_name=f"{APPLICATION}-backtest", options=options
    ) as connection:
        _check_rights(connection, sorted({*ALWAYS, *tables}))
        yield connection


def _check_rights(connection: psycopg.Connection[Any], tables: list[str]) -> None:
    rows = connection.execute(
        "SELECT t FROM unnest(%s::text[]) t WHERE to_regclass('public.' || t) IS NULL", (tables,)
    ).fetchall()
    if rows:
        missing = ", ".join(name for (name,) in rows)
        text = f"this database has no {missing}: run `classpulse migrate` first"
        raise NothingStoredError(text)
    refused = connection.execute(
        "SELECT t FROM unnest(%s::text[]) t WHERE NOT has_table_privilege('public.' || t, 'SELECT')", (tables,)
    ).fetchall()
    if refused:
        names = ", ".join(name for (name,) in refused)
        text = f"a backtest reads tables, and nothing else: GRANT SELECT ON {names} TO {connection.info.user}"
        raise RightsError(text)


def clock_of(connection: psycopg.Connection[Any]) -> Clock:
    """Returns by which clock this database's alerts go: its setting `classpulse.clock`."""
    row = connection.execute("SELECT current_setting('classpulse.clock', true)").fetchone()
    return "data" if row and row[0] == "data" else "wall"


def span_of(
    connection: psycopg.Connection[Any],
    topics: list[str],
    since: datetime | None,
    until: datetime | None,
    clock: Clock,
) -> tuple[Span, bool]:
    """Returns the part of a time that is stored, and whether that is all of it; open ends are those of what is stored.

    Raises:
        NothingStoredError: Nothing of it is.
    """
    archive = Archive(connection, topics, clock)
    bounds = archive.bounds()
    if bounds is None:
        text = "the archive holds no event that this rule could be tried on: run `classpulse run archive` first"
        raise NothingStoredError(text)
    first, last = bounds
    begin, end = max(since or first, first), min(until or last, last)
    if begin >= end:
        text = (
            f"nothing is stored from then: the archive reaches from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        )
        raise NothingStoredError(text)
    return Span(begin, end, clock), (since or begin) >= begin and (until or end) <= end
