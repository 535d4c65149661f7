"""Scopes in the database: a login each, a member of one group role, with its classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

from dataflows.errors import UserError
from db.access.file import GROUPS, Scope
from db.access.logins import limit_logins, search_path

_MARK: Final = "classpulse access apply: "  # and the database: what an access file made, and may remove

_MADE: Final[LiteralString] = """
SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = %s ORDER BY 1
"""


class LoginError(UserError):
    """A login cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a scope's login.

    Attributes:
        login: Its name.
        is_new: Whether it was made now.
        password: What it was set to now; None where the one that it had stays.
        classes: How many classes were added and removed.
    """

    login: str
    is_new: bool
    password: str | None
    classes: tuple[int, int]


def apply(connection: psycopg.Connection[Any], scope: Scope, password: str | None) -> Applied:
    """Makes a scope's login, or brings it to what the scope says.

    Args:
        connection: In a transaction, as somebody who may make roles.
        scope: The scope.
        password: To set; None leaves the present one (a new login then has none and cannot log in).

    Raises:
        LoginError: The login is somebody else's, or may not be made.
    """
    login = sql.Identifier(scope.login)
    known = _one(connection, "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", scope.login)
    if known is not None and known[0] != _mark(connection):
        message = f"{scope.login}: there is such a login, and no access file of this database made it: name another"
        raise LoginError(message)
    try:
        with connection.transaction():
            if known is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(login))
                connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(login, _mark(connection)))
            if password is not None:
                hashed = connection.pgconn.encrypt_password(
                    password.encode(), scope.login.encode(), b"scram-sha-256"
                ).decode()
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(login, hashed))
            _join(connection, scope)
    except errors.InsufficientPrivilege as error:
        message = (
            f"{connection.info.user} may not make logins: run this as a role that may (CREATEROLE, or a superuser)"
        )
        raise LoginError(message) from error
    changed = _set_classes(connection, scope)
    limit_logins(connection)
    return Applied(scope.login, known is None, password, changed)


def prune(connection: psycopg.Connection[Any], scopes: list[Scope]) -> list[str]:
    """Drops the logins that an access file of this database made and that it no longer has.

    Args:
        connection: In a transaction.
        scopes: What the file has now.

    Returns:
        Their names.
    """
    gone = surplus(connection, scopes)
    for name in gone:
        connection.execute("DELETE FROM class_access WHERE login = %s", (name,))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()",
            (name,),
        )
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    return gone


def surplus(connection: psycopg.Connection[Any], scopes: list[Scope]) -> list[str]:
    """Returns the logins that an access file made and that this one does not have."""
    kept = {scope.login for scope in scopes}
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(_MADE, (_mark(connection),)).fetchall()
    return [name for (name,) in found if name not in kept]


def _join(connection: psycopg.Connection[Any], scope: Scope) -> None:
    """Makes the login a member of its one group role, and of no other of ours."""
    for sees, group in GROUPS.items():
        statement = "GRANT {} TO {}" if sees == scope.sees else "REVOKE {} FROM {}"
        is_member = _one(
            connection,
            "SELECT 1 FROM pg_auth_members WHERE roleid = to_regrole(%s)::oid AND member = to_regrole(quote_ident(%s))",
            group,
            scope.login,
        )
        if (is_member is not None) != (sees == scope.sees):
            connection.execute(sql.SQL(statement).format(sql.Identifier(group), sql.Identifier(scope.login)))
    database = sql.Identifier(connection.info.dbname)  # who moves to another group gets that group's schema
    connection.execute(
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}").format(
            sql.Identifier(scope.login),
            database,
            sql.SQL(", ").join(map(sql.Literal, search_path(GROUPS[scope.sees]).split(", "))),
        )
    )


def _set_classes(connection: psycopg.Connection[Any], scope: Scope) -> tuple[int, int]:
    removed = connection.execute(
        "DELETE FROM class_access WHERE login = %s AND class_id <> ALL (%s)", (scope.login, scope.classes)
    ).rowcount
    added = connection.execute(
        "INSERT INTO class_access (login, class_id) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        (scope.login, scope.classes),
    ).rowcount
    return added, removed


def _mark(connection: psycopg.Connection[Any]) -> str:
    return f"{_MARK}{connection.info.dbname}"


def _one(connection: psycopg.Connection[Any], query: LiteralString, *values: object) -> tuple[Any, ...] | None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, values).fetchone()
