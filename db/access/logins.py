"""Logins that operators give to our group roles: how much of the server each may take.

Settings of a group role do not reach its members, so they are each login's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

PATIENT: Final = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
"""Options of a connection that waits as long as it takes, whatever its login's settings are."""

READERS: Final[LiteralString] = r"^classpulse_reader_"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a login may take of the server.

    Attributes:
        connections: Most sessions at once.
        settings: Settings of its sessions by name, in this database.
    """

    connections: int
    settings: dict[str, str]


READER: Final = Limits(
    connections=25,
    settings={
        "statement_timeout": "60s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
    },
)
WRITER: Final = Limits(connections=200, settings={"idle_in_transaction_session_timeout": "10min"})
GATEWAY: Final = Limits(connections=100, settings=READER.settings)
CLASS: Final = Limits(READER.connections, {**READER.settings, "search_path": "my_classes, public"})
SCHOOL: Final = Limits(READER.connections, {**READER.settings, "search_path": "school, public"})
MESSENGER: Final = Limits(connections=5, settings={**READER.settings, "statement_timeout": "5min"})
LIMITS: Final[dict[str, Limits]] = {
    "classpulse_writer": WRITER,
    "classpulse_gateway": GATEWAY,
    "classpulse_messenger": MESSENGER,
    "classpulse_privacy": MESSENGER,
    "classpulse_reader_teacher": READER,
    "classpulse_reader_class": CLASS,
    "classpulse_reader_school": SCHOOL,
    "classpulse_reader_ops": SCHOOL,
}
"""By group role; a login of several has those of the first.

A session may set other times than these: they are defaults. Only the connections are a fence.
"""

_MEMBERS: Final[LiteralString] = """
SELECT m.rolname, array_agg(g.rolname::text), m.rolconnlimit,
       coalesce((SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                 WHERE s.setrole = m.oid AND d.datname = current_database()), '{}')
FROM pg_roles m JOIN pg_roles g ON g.rolname = ANY(%s) AND pg_has_role(m.oid, g.oid, 'MEMBER')
WHERE m.rolcanlogin AND NOT m.rolsuper
  AND m.oid <> (SELECT datdba FROM pg_database WHERE datname = current_database())
GROUP BY m.oid, m.rolname, m.rolconnlimit ORDER BY 1
"""


def limit_logins(connection: psycopg.Connection[Any]) -> list[str]:
    """Gives every login of our group roles its limits, where it has none of its own.

    Args:
        connection: In a transaction, as somebody who may alter those logins.

    Returns:
        A note that names the logins which could not be limited.
    """
    refused = []
    for name, groups, connections, present in _rows(connection, _MEMBERS, list(LIMITS)):
        limits = next(limits for group, limits in LIMITS.items() if group in groups)
        known = {setting.split("=", 1)[0] for setting in present}
        statements = [
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                sql.Identifier(name),
                sql.Identifier(connection.info.dbname),
                sql.Identifier(setting),
                sql.SQL(", ").join(map(sql.Literal, value.split(", "))),
            )
            for setting, value in limits.settings.items()
            if setting not in known
        ]
        if connections == -1:
            count = sql.Literal(limits.connections)
            statements.append(sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(name), count))
        if not all([_done(connection, statement) for statement in statements]):
            refused.append(name)
    if not refused:
        return []
    return [
        f"{', '.join(refused)}: no limits and no schema of its own, since {connection.info.user} may not alter them:"
        " migrate as a role that may, or `classpulse access harden` as a superuser"
    ]


def _done(connection: psycopg.Connection[Any], statement: sql.Composed) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement)
    except errors.InsufficientPrivilege:
        return False
    except errors.InternalError_:  # roles are the server's: a migration of another database altered it at this instant
        return True
    return True


def _rows(connection: psycopg.Connection[Any], query: LiteralString, value: object) -> list[tuple[Any, ...]]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, (value,)).fetchall()


_HOLDERS: Final[LiteralString] = """
SELECT a.pid, a.usename FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.xact_start < clock_timestamp() - interval '4 seconds'
  AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation IS NOT NULL)
  AND EXISTS (SELECT FROM pg_roles g WHERE g.rolname ~ %s AND pg_has_role(a.usesysid, g.oid, 'MEMBER'))
  AND NOT EXISTS (SELECT FROM pg_roles s WHERE s.oid = a.usesysid AND s.rolsuper)
  AND a.usesysid <> (SELECT datdba FROM pg_database WHERE datname = current_database())
"""


def end_readers(connection: psycopg.Connection[Any]) -> list[str]:
    """Ends sessions of readers that have held locks for some seconds: who reads can read again.

    Args:
        connection: As somebody who may signal them; where not, nothing is ended.

    Returns:
        A note a session.
    """
    notes = []
    connection.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the sessions as they were at first
    for pid, login in _rows(connection, _HOLDERS, READERS):
        try:
            with connection.transaction():
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
        except errors.InsufficientPrivilege:
            notes.append(f"{login} (process {pid}) holds what migrates, and {connection.info.user} may not end it")
        else:
            notes.append(f"ended a session of {login} that stood in the way (process {pid})")
    return notes


def search_path(group: str) -> str:
    """Returns which schemas a login of a group role looks into.

    Example:
        >>> search_path("classpulse_reader_school")
        'school, public'
    """
    return LIMITS[group].settings.get("search_path", "public")
