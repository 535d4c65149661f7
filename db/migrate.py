"""Brings a database to the current schema: versions once each, views and functions whenever they changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from psycopg import errors
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import Connection

from dataflows.settings import Settings
from db import repeatable
from db.access.hardening import harden
from db.access.logins import PATIENT, end_readers, limit_logins
from db.dependents import refuse, strangers
from db.target import Extension, Kind, UnsuitableDatabaseError, check_server, settle_kind, timescale_version
from db.values import sql_values

_ATTEMPTS = 5
_LOCK_TIMEOUT = "5s"
MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = "CREATE TABLE IF NOT EXISTS public.schema_lock (nothing boolean)"
_STATE = """
CREATE TABLE IF NOT EXISTS public.schema_state (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    kind     text        NOT NULL,
    timezone text        NOT NULL,
    checksum text        NOT NULL DEFAULT '',
    objects  jsonb       NOT NULL DEFAULT '[]',
    applied  timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What `migrate` found and did.

    Attributes:
        database: `timescaledb` or `postgresql`: what the schema stands on.
        server_version: PostgreSQL's version, e.g. `15.20`.
        timescaledb_version: The extension's version, or None.
        from_version: The schema's version before, or None for an empty database.
        to_version: The schema's version now.
        views_applied: Whether views, functions and grants were applied again.
        notes: What a person should know.
    """

    database: Kind
    server_version: str
    timescaledb_version: str | None
    from_version: str | None
    to_version: str
    views_applied: bool
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Returns the report as lines for a person."""
        found = "plain PostgreSQL, with the compatibility layer"
        if self.database == "timescaledb":
            found = f"TimescaleDB {self.timescaledb_version}"
        if self.from_version == self.to_version:
            schema = f"schema {self.to_version}, as it was"
        else:
            schema = f"schema {self.from_version or 'empty'} -> {self.to_version}"
        views = "views and roles applied" if self.views_applied else "views and roles as they were"
        return [f"database: {found} on PostgreSQL {self.server_version}", f"{schema}; {views}", *self.notes]


def migrate(
    database_url: str,
    *,
    settings: Settings | None = None,
    extension: Extension = "auto",
    applied: Callable[[str], object] = lambda _what: None,
) -> MigrationReport:
    """Brings a database to the current schema; a second call changes nothing.

    Concurrent callers wait for each other. Everything happens in one transaction (but for CREATE EXTENSION). Readers
    whose open transactions stand in the way are ended.

    Args:
        database_url: libpq URL of a role that owns the database. On TimescaleDB it must be able to log in:
            background jobs run as the owner.
        settings: Time zone and thresholds that the views know; by default from the environment.
        applied: Called with each version of the schema once its statements have run.
        extension: For an empty database: use TimescaleDB where it is there, "require" it, or "never".

    Raises:
        UnsuitableDatabaseError: The server is too old, the extension is missing though required, or the schema
            was made for another time zone; or others' views stand on some of ours that change.
        psycopg.Error: The database could not be reached or refused a statement.
    """
    chosen = settings or Settings()
    notes: list[str] = []
    with _only_one(database_url) as connection:
        check_server(connection)
        kind = _known_kind(connection)
        if kind is None:
            kind, notes = settle_kind(connection, database_url, extension)
        with _named(connection):
            for _attempt in range(_ATTEMPTS - 1):
                # Workers and TimescaleDB's jobs may run meanwhile: whoever meets one in another order begins again.
                with contextlib.suppress(errors.DeadlockDetected, errors.LockNotAvailable):
                    return _migrated(database_url, kind, chosen, list(notes), applied, _LOCK_TIMEOUT)
                notes += end_readers(connection)
            return _migrated(database_url, kind, chosen, notes, applied)


def _migrated(  # noqa: PLR0913, PLR0917
    database_url: str,
    kind: Kind,
    settings: Settings,
    notes: list[str],
    applied: Callable[[str], object],
    lock_timeout: str = "0",
) -> MigrationReport:
    """Brings a database to the current schema in one transaction, which may be tried again."""
    with _one_transaction(database_url, notes, lock_timeout) as (alchemy, driver):
        before = _version(driver)
        _upgrade(alchemy, kind, settings, applied)
        views_applied = _apply_views(driver, kind, settings)
        notes += [*harden(driver), *limit_logins(driver)]
        return MigrationReport(
            database=kind,
            server_version=str(driver.info.parameter_status("server_version")).split()[0],
            timescaledb_version=timescale_version(driver) if kind == "timescaledb" else None,
            from_version=before,
            to_version=_version(driver) or "",
            views_applied=views_applied,
            notes=notes,
        )


@contextlib.contextmanager
def _only_one(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Waits for other migrations, by a lock on a table that no reader may lock: anybody may take an advisory one."""
    with psycopg.connect(database_url, options=f"-c search_path=public {PATIENT}") as connection:
        with (
            contextlib.suppress(errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject),
            connection.transaction(),
        ):
            connection.execute(_LOCK)  # two at once: the other has made it
        connection.commit()
        connection.execute("LOCK TABLE public.schema_lock IN EXCLUSIVE MODE")
        yield connection


@contextlib.contextmanager
def _named(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Names what others have built on our views, where it stands in the way; all that was begun is rolled back."""
    try:
        yield
    except errors.DependentObjectsStillExist as error:
        raise refuse(strangers(connection, _made(connection)), error) from error


def _made(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Returns the views and functions that an earlier `migrate` has made, as (kind, name)."""
    if _missing(connection, "schema_state"):
        return []
    row = connection.execute("SELECT objects FROM public.schema_state").fetchone()
    return [] if row is None else [(kind, name) for kind, name in row[0]]


@contextlib.contextmanager
def _one_transaction(
    database_url: str, notes: list[str], lock_timeout: str
) -> Iterator[tuple[Connection, psycopg.Connection[Any]]]:
    """Yields SQLAlchemy's connection and the psycopg connection under it; the server's notices become notes."""

    def connect() -> psycopg.Connection[Any]:
        options = f"-c search_path=public -c client_min_messages=warning {PATIENT} -c lock_timeout={lock_timeout}"
        connection = psycopg.connect(database_url, options=options)
        connection.add_notice_handler(lambda notice: notes.append(notice.message_primary or ""))
        return connection

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=pool.NullPool)
    with engine.begin() as alchemy:
        yield alchemy, cast("psycopg.Connection[Any]", alchemy.connection.driver_connection)


def _upgrade(alchemy: Connection, kind: Kind, settings: Settings, applied: Callable[[str], object]) -> None:
    config = Config(
        attributes={"connection": alchemy, "kind": kind, "values": sql_values(settings), "applied": applied}
    )
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        text = (
            f"a newer version has migrated this database (schema {error.__cause__.argument}), and this one does not"
            " know its schema: use that version, or restore the backup from before (docs/upgrade.md)"
        )
        raise UnsuitableDatabaseError(text) from error


def _known_kind(connection: psycopg.Connection[Any]) -> Kind | None:
    if _missing(connection, "schema_state"):
        return None
    row = connection.execute("SELECT kind FROM public.schema_state").fetchone()
    return None if row is None else cast("Kind", row[0])


def _version(connection: psycopg.Connection[Any]) -> str | None:
    if _missing(connection, "schema_version"):
        return None
    row = connection.execute("SELECT version_num FROM public.schema_version").fetchone()
    return None if row is None else str(row[0])


def _missing(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass('public.' || %s) IS NULL", (table,)).fetchone()
    return row is None or bool(row[0])


def _apply_views(connection: psycopg.Connection[Any], kind: Kind, settings: Settings) -> bool:
    """Applies views, functions and grants when their text or the settings in them changed; says whether."""
    texts = repeatable.scripts(kind, sql_values(settings))
    connection.execute(_STATE)
    connection.execute(
        "INSERT INTO public.schema_state (kind, timezone) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (kind, settings.timezone),
    )
    timezone, checksum, objects = cast(
        "tuple[str, str, list[list[str]]]",
        connection.execute("SELECT timezone, checksum, objects FROM public.schema_state").fetchone(),
    )
    if timezone != settings.timezone:
        msg = (
            f"this database holds days of {timezone}, CLASSPULSE_TIMEZONE is {settings.timezone}:"
            " set it back, or start a new database and replay into it"
        )
        raise UnsuitableDatabaseError(msg)
    if checksum == repeatable.checksum([*texts, _roles(connection)]):
        return False
    repeatable.apply(connection, texts, [(what, name) for what, name in objects])
    connection.execute(
        "UPDATE public.schema_state SET checksum = %s, objects = %s, applied = now()",
        (repeatable.checksum([*texts, _roles(connection)]), Jsonb(repeatable.created(texts))),
    )
    return True


def _roles(connection: psycopg.Connection[Any]) -> str:
    """Returns our group roles that exist: grants are applied again when one was added since."""
    row = connection.execute(
        r"SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'classpulse\_%'"
    ).fetchone()
    return str(row)
