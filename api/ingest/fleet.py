"""What the instances of the gateway know of each other, in the database: who ticks, and what is still unsent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from dataflows.errors import UserError
from dataflows.events.times import datetime_ms

LEASE_S: Final = 5.0


class UnknownInstanceError(UserError):
    """There is no such instance; the message says which there are."""


def report(connection: psycopg.Connection[Any], instance: str, oldest_ms: int | None, spooled: int) -> None:
    """Says what an instance has acknowledged and not sent yet."""
    oldest = None if oldest_ms is None else datetime.fromtimestamp(oldest_ms / 1000, UTC)
    connection.execute(
        "INSERT INTO gateway_instances (instance, oldest_at, spooled) VALUES (%s, %s, %s)"
        " ON CONFLICT (instance) DO UPDATE SET seen_at = now(), oldest_at = EXCLUDED.oldest_at,"
        " spooled = EXCLUDED.spooled",
        (instance, oldest, spooled),
    )


def leave(connection: psycopg.Connection[Any], instance: str) -> None:
    """Takes an instance out that ends; one that has something unsent stays until that is sent, or it is released."""
    connection.execute("DELETE FROM gateway_instances WHERE instance = %s AND oldest_at IS NULL", (instance,))
    connection.execute("DELETE FROM gateway_ticker WHERE instance = %s", (instance,))


def is_elected(connection: psycopg.Connection[Any], instance: str) -> bool:
    """Takes the lease to tick, or renews it; says whether this instance has it."""
    row = connection.execute(
        "INSERT INTO gateway_ticker (instance, expires_at) VALUES (%(me)s, now() + make_interval(secs => %(lease)s))"
        " ON CONFLICT (only_row) DO UPDATE SET instance = EXCLUDED.instance, expires_at = EXCLUDED.expires_at"
        " WHERE gateway_ticker.instance = EXCLUDED.instance OR gateway_ticker.expires_at < now() RETURNING true",
        {"me": instance, "lease": LEASE_S},
    ).fetchone()
    return row is not None


def oldest_unsent_ms(connection: psycopg.Connection[Any]) -> int | None:
    """Returns the event time of the oldest event on any spool, of dead instances too; None where all is sent."""
    row = connection.execute("SELECT min(oldest_at) FROM gateway_instances").fetchone()
    return datetime_ms(row[0]) if row and row[0] is not None else None


def release(connection: psycopg.Connection[Any], instance: str) -> None:
    """Forgets an instance that will not come back: ticks no longer wait for what it has not sent.

    Raises:
        UnknownInstanceError: There is none of that name.
    """
    done = connection.execute("DELETE FROM gateway_instances WHERE instance = %s", (instance,))
    if not done.rowcount:
        rows = connection.execute("SELECT instance FROM gateway_instances ORDER BY 1").fetchall()
        known = ", ".join(str(row[0]) for row in rows) or "none"
        message = f"There is no instance {instance!r} of the gateway; known are: {known}."
        raise UnknownInstanceError(message)
