"""The scratch database: our schema, with a clock that is set by hand; it goes at the end with all that is in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows.settings import Settings
from db.migrate import migrate
from local.embedded_postgres import Postgres

NOW: Final = "classpulse.backtest_now"
_CLOCK: Final = f"""
CREATE OR REPLACE FUNCTION classpulse_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('{NOW}')::timestamptz
"""

_READS: Final = """
WITH RECURSIVE parts AS (
    SELECT 'pg_class'::regclass AS kind, 'backtest_asks'::regclass::oid AS id
    UNION
    SELECT d.refclassid::regclass, d.refobjid
    FROM parts p
    LEFT JOIN pg_rewrite r ON p.kind = 'pg_class'::regclass AND r.ev_class = p.id
    JOIN pg_depend d ON (d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid)
                     OR (d.classid = 'pg_proc'::regclass AND p.kind = 'pg_proc'::regclass AND d.objid = p.id)
    WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
)
SELECT DISTINCT c.relname FROM parts p JOIN pg_class c ON p.kind = 'pg_class'::regclass AND c.oid = p.id
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


@contextlib.contextmanager
def scratch_server(settings: Settings) -> Iterator[str]:
    """Starts a PostgreSQL of our own in a temporary folder; yields the URL of its migrated database.

    Args:
        settings: Time zone and thresholds that the views know.
    """
    with tempfile.TemporaryDirectory(prefix="classpulse-backtest-") as name:
        Path(name).chmod(0o711)
        with Postgres(Path(name) / "scratch") as server:
            prepare(server.url, settings)
            yield server.url


def prepare(url: str, settings: Settings) -> None:
    """Gives an empty database our schema, and a clock that is set by hand."""
    migrate(url, settings=settings, extension="never")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(_CLOCK.encode())


class Scratch:
    """What rules are asked of.

    Attributes:
        url: Its URL.
        connection: To the scratch database, in UTC as Grafana's is.
    """

    def __init__(self, url: str) -> None:
        """Connects."""
        self.url = url
        self.connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True, options="-c timezone=UTC")

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def set_clock(self, now: datetime) -> None:
        """Sets what `classpulse_now()` says."""
        self.connection.execute("SELECT set_config(%s, %s, false)", (NOW, now.isoformat()))

    def tables_of(self, statements: list[str]) -> set[str]:
        """Returns the tables that statements read, through whatever views and functions, as the database knows."""
        found: set[str] = set()
        for statement in statements:
            with self.connection.transaction(force_rollback=True):
                self.connection.execute(f"CREATE VIEW backtest_asks AS {statement}".encode())
                found |= {name for (name,) in self.connection.execute(_READS).fetchall()}
        return found

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Returns the rows of a statement as of the clock."""
        return self.connection.execute(statement.encode()).fetchall()

    def reported(self, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Returns the columns' names and the rows of a statement as of the clock."""
        cursor = self.connection.execute(statement.encode())
        return [column.name for column in cursor.description or []], cursor.fetchall()

    def analyse(self) -> None:
        """Brings the planner's numbers up to date: the tables fill while they are asked."""
        self.connection.execute("ANALYZE")


def copy_rows(source: psycopg.Connection[Any], scratch: Scratch, table: str, where: sql.Composable) -> None:
    """Copies rows of a table into the same table of the scratch database.

    Args:
        source: Only read.
        scratch: Where to.
        table: The table.
        where: Which rows.
    """
    columns = [
        name
        for (name,) in scratch.connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
            "AND is_generated = 'NEVER' ORDER BY ordinal_position",
            (table,),
        ).fetchall()
    ]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    name = sql.Identifier("public", table)
    out = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT").format(names, name, where)
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(name, names)
    with (
        source.cursor().copy(out) as rows,
        scratch.connection.cursor() as cursor,
        cursor.copy(into) as copy,
    ):
        for data in rows:
            copy.write(data)
