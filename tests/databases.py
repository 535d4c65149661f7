"""Databases for tests: empty ones, and copies of one that is migrated once a session."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator

import psycopg
from psycopg import conninfo, sql

from dataflows.settings import Settings
from db.migrate import migrate
from db.values import sql_values
from local.postgres import Postgres
from tests.jobs import forget_runs, start_jobs, stop_jobs

SETTINGS = """
    SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = %s AND s.setrole = 0
"""
LOCK = 0x74657374  # "test": one maker of templates at a time


@contextlib.contextmanager
def new_database(server: Postgres) -> Iterator[str]:
    """Makes an empty database and drops it afterwards, whoever is still connected."""
    with _dropped_afterwards(server.url("postgres")) as (admin, name):
        admin.execute(f"CREATE DATABASE {name}")
        yield server.url(name)


@contextlib.contextmanager
def migrated_database(server: Postgres, settings: Settings | None = None) -> Iterator[str]:
    """Makes a database of the current schema, whose jobs run only when a test runs them, and drops it afterwards."""
    template = _template(server.url("postgres"), settings or Settings())
    with _dropped_afterwards(server.url("postgres")) as (admin, name):
        _copy(admin, template, name)
        stop_jobs(server.url(name))
        yield server.url(name)


def bring_up(url: str, settings: Settings | None = None) -> None:
    """Does what `migrate` does, and an empty database of a test becomes a copy of one that is migrated already."""
    chosen = settings or Settings()
    with psycopg.connect(url) as connection:
        empty = connection.execute("SELECT to_regclass('public.schema_state') IS NULL").fetchone() == (True,)
        name = connection.info.dbname
    if not empty:
        migrate(url, settings=chosen)
        return
    admin_url = conninfo.make_conninfo(url, dbname="postgres")
    template = _template(admin_url, chosen)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        _copy(admin, template, name)
    start_jobs(url)


@contextlib.contextmanager
def _dropped_afterwards(admin_url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        try:
            yield admin, name
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _copy(admin: psycopg.Connection, template: str, name: str) -> None:
    # file by file: half of the work of a copy that goes through the log
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
    # a copy has everything but the rights and settings of the database itself
    admin.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC".encode())
    admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO classpulse_writer".encode())
    for (setting,) in admin.execute(SETTINGS, [template]).fetchall():
        parameter, _, value = setting.partition("=")
        admin.execute(
            sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                sql.Identifier(name), sql.SQL(".").join(map(sql.Identifier, parameter.split("."))), sql.Literal(value)
            )
        )


def _template(admin_url: str, settings: Settings) -> str:
    """Returns the name of the migrated database for these settings; the first caller of a session makes it."""
    digest = hashlib.sha256(repr(sorted(sql_values(settings).items())).encode()).hexdigest()[:12]
    name, draft = f"migrated_{digest}", f"draft_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            admin.execute(f"CREATE DATABASE {draft}".encode())
            url = conninfo.make_conninfo(admin_url, dbname=draft)
            migrate(url, settings=settings)
            stop_jobs(url)
            forget_runs(url)
            # nobody connects to it, TimescaleDB's scheduler included: a database in use cannot be copied
            admin.execute(f"ALTER DATABASE {draft} ALLOW_CONNECTIONS false".encode())
            admin.execute(f"ALTER DATABASE {draft} RENAME TO {name}".encode())
    return name
