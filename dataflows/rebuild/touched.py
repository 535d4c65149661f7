"""How late events are added to the days of a flow: which are late, and which rows they touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString, Protocol

import psycopg
from psycopg import sql

from dataflows.rebuild.admit import Found, Judge
from dataflows.settings import Settings

LATE: Final = "classpulse_late"
"""The schema in which a day is made again."""

_INDEXED_S: Final = 60
"""Of what lies further behind there is an index (events_behind)."""


class Touched(Protocol):
    """What the late events of a day touch in a flow's tables: which events are read again, which rows replaced."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables."""
        ...

    def take(self, found: list[Found]) -> None:
        """Takes the day's late events that are new."""
        ...

    def reading(self) -> sql.Composable:
        """Returns the condition of all events that bear on the rows that are touched, for PostgreSQL and DuckDB."""
        ...

    def reached(self, found: list[Found]) -> dict[int, int] | None:
        """Takes what was let through of what was read.

        Returns:
            By task, the low watermark from which on no worker writes a touched row; None where more has to be read.
        """
        ...

    def note(self, connection: psycopg.Connection[Any]) -> None:
        """Notes in tables of the schema `LATE` what `replaced` speaks of."""
        ...

    def replaced(self, table: str) -> sql.Composable:
        """Returns the condition of the rows of a table that are replaced."""
        ...


@dataclass(frozen=True, slots=True)
class LateFlow:
    """How late events are added to the days of a flow.

    Attributes:
        lag_s: How far behind the watermark an event is at least where it is late.
        judge: Which events are late.
        touched: What those of a day touch, from the day's begin to its end.
    """

    lag_s: Callable[[Settings], int]
    judge: Callable[[Settings], Judge]
    touched: Callable[[Settings, date, datetime, datetime], Touched]


def note_rows(
    connection: psycopg.Connection[Any], name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """Notes rows in a new table of the schema `LATE`.

    Args:
        connection: The database.
        name: The table.
        columns: Types by name.
        rows: Its rows.
    """
    table = sql.Identifier(LATE, name)
    kinds = [sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()]
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(kinds)))
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
        for row in rows:
            copy.write_row(row)


def behind(lag_s: int, begun: dict[tuple[int, str], int]) -> sql.Composable:
    """Returns the condition of events that came at least so far behind what they met.

    Args:
        lag_s: How far.
        begun: By task and topic, what was settled before the topic's first record.
    """
    # The first part is that of an index, events_behind.
    indexed = sql.SQL("watermark_before - event_time > interval '60 seconds' AND " if lag_s >= _INDEXED_S else "")
    lag = sql.SQL("watermark_before - event_time >= interval {}").format(sql.Literal(f"{lag_s} seconds"))
    before = [
        sql.SQL(" OR topic = {} AND partition = {} AND event_time <= {}").format(
            sql.Literal(topic), sql.Literal(task), sql.Literal(at(known - lag_s * 1000))
        )
        for (task, topic), known in begun.items()
    ]
    return sql.SQL("({}{}{})").format(indexed, lag, sql.SQL("").join(before))


def within(since: datetime, until: datetime) -> sql.Composable:
    """Returns the condition of events of a stretch of time."""
    return sql.SQL("event_time >= {} AND event_time < {}").format(sql.Literal(since), sql.Literal(until))


def one_of(expression: LiteralString, values: Iterable[str | datetime]) -> sql.Composable:
    """Returns the condition that an expression has one of some values.

    As a list of literals, which PostgreSQL and DuckDB both read, and both look up in a hash table.
    """
    literals = [sql.Literal(value) for value in values]
    if not literals:
        return sql.SQL("false")
    return sql.SQL("{} IN ({})").format(sql.SQL(expression), sql.SQL(", ").join(literals))


def at(time_ms: int) -> datetime:
    """Returns epoch milliseconds as an instant."""
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def ms(instant: datetime) -> int:
    """Returns an instant in epoch milliseconds."""
    return round(instant.timestamp() * 1000)
