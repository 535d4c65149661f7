"""The database: reachable, which kind, the schema at head, its roles, its clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from alembic.script import ScriptDirectory

from dataflows.settings import Settings
from db import repeatable
from db.access.hardening import still_open
from db.migrate import MIGRATIONS
from db.migrate import _roles as existing_roles
from db.target import OLDEST_SERVER, Kind, timescale_version
from db.values import sql_values
from health.finding import Finding, note, ok, wrong

PART = "database"
ROLES = (
    "classpulse_writer",
    "classpulse_reader_teacher",
    "classpulse_reader_class",
    "classpulse_reader_school",
    "classpulse_reader_ops",
    "classpulse_messenger",
    "classpulse_privacy",
)
MIGRATE = "Run `classpulse migrate`."
LATE_S = 600
NIGHT = timedelta(hours=26)
"""So long late events may wait."""
NIGHTS = timedelta(hours=48)
"""So old the last run may be where nothing waits: it also deletes what is old."""
MISFIT = "cannot drop portal"
MISFIT_ADVICE = (
    "This PostgreSQL ends every run of a job of this TimescaleDB with an error after its work is done, and the next "
    "is put off: use a pair of versions that fit (docs/operations.md)."
)

Connection = psycopg.Connection[Any]


def check(settings: Settings) -> list[Finding]:
    """Returns findings on the database at `DATABASE_URL`; the password is never shown."""
    try:
        with psycopg.connect(
            settings.database_url.get_secret_value(), connect_timeout=5, autocommit=True
        ) as connection:
            return _all(connection, settings)
    except psycopg.Error as error:
        advice = "Start it (`make services` or `make up`), or correct DATABASE_URL (host, port, name, user, password)."
        return [wrong(PART, "connection", " ".join(str(error).split()), advice)]


def _all(connection: Connection, settings: Settings) -> list[Finding]:
    found = [_server(connection)]
    kind = _value(connection, "SELECT kind FROM public.schema_state")
    if kind is None:
        return [*found, wrong(PART, "schema", "empty: no schema of ours", MIGRATE)]
    return [*found, *(one(connection, settings, kind) for one in CHECKS)]


def _server(connection: Connection) -> Finding:
    info = connection.info
    where = f"{info.dbname} at {info.host or 'local socket'}, PostgreSQL {info.parameter_status('server_version')}"
    if info.server_version < OLDEST_SERVER:
        return wrong(PART, "connection", where, "PostgreSQL 15 or newer is needed: upgrade the server.")
    return ok(PART, "connection", where)


def _kind(connection: Connection, _settings: Settings, kind: Kind) -> Finding:
    version = timescale_version(connection)
    if kind == "postgresql":
        detail = "none: plain tables and views under the same names"
        return note(
            PART, "timescaledb", detail, "For columnstore, retention and continuous aggregates: a database with it."
        )
    if version is None:
        advice = "Restore it (CREATE EXTENSION timescaledb), or start a new database and `classpulse rebuild`."
        return wrong(PART, "timescaledb", "the schema stands on it, and it is gone", advice)
    return ok(PART, "timescaledb", f"extension {version}")


def _version(connection: Connection, _settings: Settings, _kind_of_it: Kind) -> Finding:
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    here = _value(connection, "SELECT version_num FROM public.schema_version")
    if here == head:
        return ok(PART, "schema", f"{here}, which is the newest")
    return wrong(PART, "schema", f"at {here or 'none'}, this program needs {head}", MIGRATE)


def _views(connection: Connection, settings: Settings, kind: Kind) -> Finding:
    here = _value(connection, "SELECT checksum FROM public.schema_state")
    texts = repeatable.scripts(kind, sql_values(settings))
    if here == repeatable.checksum([*texts, existing_roles(connection)]):  # as `migrate` decides it
        return ok(PART, "views", "views and functions are current")
    return wrong(PART, "views", "other definitions or thresholds than this program's", MIGRATE)


def _roles(connection: Connection, _settings: Settings, _kind_of_it: Kind) -> Finding:
    here = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'classpulse%'")}
    if missing := [role for role in ROLES if role not in here]:
        advice = "Run `classpulse migrate` as a role that may create roles, or create them by hand and migrate again."
        return wrong(PART, "roles", f"missing: {', '.join(missing)}", advice)
    return ok(PART, "roles", ", ".join(ROLES))


def _everybody(connection: Connection, _settings: Settings, _kind_of_it: Kind) -> Finding:
    if left := still_open(connection):
        counted = " and ".join(f"{len(names)} {what}" for what, names in left.items())
        advice = "As a superuser: `classpulse access harden` (docs/access.md)."
        return note(PART, "everybody's rights", f"every login may use {counted} that nobody needs", advice)
    return ok(PART, "everybody's rights", "no login may lock others out, make jobs or keep things")


def _timezone(connection: Connection, settings: Settings, _kind_of_it: Kind) -> Finding:
    here = _value(connection, "SELECT timezone FROM public.schema_state")
    if here == settings.timezone:
        return ok(PART, "days", f"are local days of {here}")
    detail = f"the database holds days of {here}, CLASSPULSE_TIMEZONE is {settings.timezone}"
    return wrong(PART, "days", detail, f"Set CLASSPULSE_TIMEZONE={here}, or start a new database.")


def _clock(connection: Connection, _settings: Settings, _kind_of_it: Kind) -> Finding:
    if _value(connection, "SELECT current_setting('classpulse.clock', true)") == "data":
        advice = "For live use: ALTER DATABASE … RESET classpulse.clock."
        return note(PART, "clock", "stands at the data's lowest watermark (replayed logs)", advice)
    return ok(PART, "clock", "the wall clock")


def _jobs(connection: Connection, _settings: Settings, kind: Kind) -> Finding:
    if kind == "postgresql":
        return ok(PART, "jobs", "none: aggregates are computed when asked")
    try:
        rows = connection.execute("SELECT name, status, late_seconds, last_error FROM database_jobs").fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        return note(PART, "jobs", "not to be seen", f"{MIGRATE} Then ask as the owner or classpulse_reader_ops.")
    failing = [(name, error or "see the server's log") for name, status, _late, error in rows if status == "failing"]
    if failing:
        detail = f"{len(failing)} of {len(rows)} fail: {failing[0][0]}: {failing[0][1]}"
        misfit = any(MISFIT in error for _name, error in failing)
        return wrong(PART, "jobs", detail, MISFIT_ADVICE if misfit else "docs/runbooks/DatabaseJobsFailing.md")
    late = [(name, late_s) for name, _status, late_s, _error in rows if late_s > LATE_S]
    if late:
        detail = f"{len(late)} of {len(rows)} are late: {late[0][0]} was due {late[0][1] / 60:.0f} min ago"
        advice = "See max_worker_processes and timescaledb.max_background_workers: docs/runbooks/DatabaseJobsLate.md"
        return wrong(PART, "jobs", detail, advice)
    return ok(PART, "jobs", f"{len(rows)} jobs, none failing or late")


def _nightly(connection: Connection, _settings: Settings, _kind_of_it: Kind) -> Finding:
    last = _value(connection, "SELECT succeeded_at FROM nightly_runs")
    since = _value(connection, "SELECT min(came_at) FROM late_waiting")
    waiting = _value(connection, "SELECT sum(events) FROM late_waiting") or 0
    now = datetime.now(UTC)
    advice = "Run `classpulse nightly` every night, from cron (docs/operations.md)."
    done = "has never been made" if last is None else f"last done {_minute(last)}"
    detail = f"{done}; {waiting:,} late events are in no day yet" if waiting else done
    if since is not None and now - since > NIGHT:
        return wrong(PART, "nightly run", f"{detail}, the first since {_minute(since)}", advice)
    if last is None:
        return note(PART, "nightly run", detail, advice)
    if now - last > NIGHTS:
        return wrong(PART, "nightly run", detail, advice)
    return ok(PART, "nightly run", detail)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


CHECKS: tuple[Callable[[Connection, Settings, Any], Finding], ...] = (
    _kind,
    _version,
    _views,
    _roles,
    _everybody,
    _timezone,
    _clock,
    _jobs,
    _nightly,
)
"""In the order of the table."""


def _value(connection: Connection, query: str) -> Any:  # noqa: ANN401 - whatever the column holds
    """Returns the first column of the first row, or None where there is no row or no such table."""
    try:
        row = connection.execute(query.encode()).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return None if row is None else row[0]
