"""The known day behind a gateway: one database and one process for all who only read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api import tokens
from local.postgres import Postgres
from tests.api.client import Answer, Client, Served
from tests.databases import migrated_database
from tests.grafana import known_day
from tests.grafana.conftest import ROLE

NOBODY = "127.0.0.1:9"  # no broker listens there: answers do without one
SCOPES = {
    "7B": ["read:class:7B"],
    "two": ["read:class:7B", "read:class:8A"],
    "school": ["read:school"],
    "everyone": ["read:school", "read:class:*"],
    "ingest": ["ingest"],
}
PAGES = [
    {"day": known_day.NOW.date(), "page_url": f"/{name}", "task": 0, "views": views, "students": 1, "scrolls": 0}
    | {f"s{tenth}": 0 for tenth in range(10)}
    for name, views in (("a", 3), ("b", 9), ("c", 3), ("d", 1))
]


@dataclass
class Reading:
    """A gateway over the known day.

    Attributes:
        server: Its process.
        url: Its database, as the owner.
        tokens: By name, as `SCOPES`.
    """

    server: Served
    url: str
    tokens: dict[str, str]

    def get(self, who: str, path: str, **headers: str) -> Answer:
        """Asks with one of the tokens."""
        return Client(self.server.port, self.tokens[who]).get(path, **headers)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Returns what SQL says, to a teacher's reader."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {ROLE}".encode())
            return connection.execute(query.encode()).fetchall()

    def own(self, query: str) -> list[tuple[Any, ...]]:
        """Returns what SQL says, to the owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def put(self, statement: str, *parameters: object) -> None:
        """Changes the database, as the owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)


@contextmanager
def reading_of(server: Postgres, folder: Any) -> Iterator[Reading]:
    """Runs a gateway over the known day, whose clock stands where the data end."""
    with migrated_database(server) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            name = sql.Identifier(owner.info.dbname)
            owner.execute(sql.SQL("ALTER DATABASE {} SET classpulse.clock = 'data'").format(name))
            known_day.put(owner, known_day.TABLES | {"page_days": PAGES})
            made = {who: tokens.create(owner, scopes, who) for who, scopes in SCOPES.items()}
        served = Served(NOBODY, url, folder, CLASSPULSE_API_REQUESTS_PER_S="10000").start()
        try:
            yield Reading(served, url, made)
        finally:
            served.kill()


@pytest.fixture(scope="session")
def reading(timescale_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A gateway that nobody changes the database of."""
    with reading_of(timescale_server, tmp_path_factory.mktemp("gateway")) as found:
        yield found
