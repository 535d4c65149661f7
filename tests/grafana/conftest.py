"""A migrated database with the known day in it, asked as a teacher's Grafana asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from db.access.logins import search_path
from grafana.committed import READERS, boards, folder, panel, statement
from grafana.macros import expanded
from tests.grafana import known_day, known_term
from tests.grafana.shown import Rows, shown

ROLES = READERS
ROLE = ROLES["Teaching"]


@dataclass
class School:
    """The known day.

    Attributes:
        url: the database, as its owner.
        clock: `data` (now = the lowest watermark) or `wall`.
    """

    url: str
    clock: str = "data"

    def put(self, **tables: list[dict[str, Any]]) -> None:
        """Adds rows as the owner."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            known_day.put(owner, tables)

    def empty(self, *tables: str) -> None:
        """Empties tables as the owner."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            for table in tables:
                owner.execute(f"TRUNCATE {table}".encode())

    def settle(self) -> None:
        """Brings aggregates and summaries up to date, where they are kept."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute("SELECT set_config('classpulse.clock', %s, false)", (self.clock,))
            if owner.execute("SELECT 1 FROM pg_proc WHERE proname = 'refresh_summaries'").fetchone():
                owner.execute("CALL refresh_summaries()")

    def ask(self, sql: str, **options: Any) -> Rows:
        """Returns what a teacher's datasource answers to a statement with Grafana's variables in it."""
        return self.answer(sql, **options)[1]

    def answer(self, sql: str, role: str = ROLE, **options: Any) -> tuple[list[str], Rows]:
        """Returns the same with the columns' names, asked by a reader of another scope if need be."""
        with psycopg.connect(self.url, autocommit=True) as reader:
            reader.execute(f"SET ROLE {role}; SET search_path = {search_path(role)}".encode())
            reader.execute("SELECT set_config('classpulse.clock', %s, false)", (self.clock,))
            reader.execute("SET TIME ZONE 'UTC'")
            cursor = reader.execute(expanded(sql, **options).encode())
            names, rows = [column.name for column in cursor.description or []], cursor.fetchall()
        return names, [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in rows]

    def panel(self, title: str, **chosen: Sequence[str]) -> Rows:
        """Returns what a panel of Live Class shows over the last hour; `class_` is the variable `class`."""
        return self.on("live_class", title, (known_day.NOW - timedelta(hours=1), known_day.NOW), **chosen)

    def on(self, board: str, title: str, span: tuple[datetime, datetime], **chosen: Sequence[str]) -> Rows:
        """Returns what a panel of a board shows over a time to the readers of its folder."""
        choices = {name.rstrip("_"): values for name, values in chosen.items()}
        names, rows = self.answer(statement(board, title), ROLES[folder(board)], chosen=choices, time_range=span)
        return shown(panel(board, title), names, rows)

    def answers_everywhere(self, board: str, span: tuple[datetime, datetime], **chosen: Sequence[str]) -> None:
        """Asks every panel of a board that asks the database."""
        for each in boards()[board]["panels"]:
            if "expr" not in each["targets"][0]:
                self.on(board, each["title"], span, **chosen)


@pytest.fixture
def empty_school(migrated_any: str) -> School:
    """A migrated database without a row."""
    return small_school(migrated_any)


def small_school(url: str) -> School:
    """Returns a school without a row whose groups are never too small to be shown: five students are all."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE OR REPLACE FUNCTION classpulse_small_group() RETURNS bigint LANGUAGE sql STABLE RETURN 0")
    return School(url)


@pytest.fixture
def school(migrated_either: str) -> School:
    """The known day."""
    found = small_school(migrated_either)
    found.put(**known_day.TABLES)
    return found


@pytest.fixture
def term(migrated_either: str) -> School:
    """The known day with four weeks before it."""
    found = small_school(migrated_either)
    found.put(**known_term.TERM)
    found.settle()
    return found
