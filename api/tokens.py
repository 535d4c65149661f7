"""Tokens: made once, kept as hashes, revoked by id."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from dataflows.errors import UserError
from dataflows.events.text import tidy

INGEST: Final = "ingest"
READ_SCHOOL: Final = "read:school"
PRIVACY: Final = "privacy"
CLASS_PREFIX: Final = "read:class:"
_WORDS: Final = frozenset({INGEST, READ_SCHOOL, PRIVACY})
_TOKEN: Final = re.compile(r"cp_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


class TokenError(UserError):
    """A token cannot be made or revoked; the message says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; the secret itself is nowhere.

    Attributes:
        token_id: Names it in lists, logs and audits; no secret.
        name: Whose it is, in words.
        scopes: What it may.
        digest: SHA-256 of the whole token. It has 256 random bits, so a slow hash would add nothing.
        events_per_s: Most events a second; None for the deployment's limit.
        created_at: When it was made.
        expires_at: From when it is not valid any more; None for never.
    """

    token_id: str
    name: str
    scopes: frozenset[str]
    digest: bytes
    events_per_s: float | None
    created_at: datetime
    expires_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Says whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """Returns scopes as they are kept.

    Raises:
        TokenError: One is none.

    Example:
        >>> checked_scopes(["read:class:7B", "ingest", "ingest"])
        ['ingest', 'read:class:7B']
    """
    found = {tidy(scope) for scope in scopes}
    for scope in found:
        if scope not in _WORDS and not (scope.startswith(CLASS_PREFIX) and tidy(scope.removeprefix(CLASS_PREFIX))):
            message = f"{scope!r} is no scope. There are: ingest, read:class:ID, read:class:*, read:school, privacy."
            raise TokenError(message)
    if not found:
        message = "A token needs a scope: ingest, read:class:ID, read:school or privacy."
        raise TokenError(message)
    return sorted(found)


def digest_of(text: str) -> bytes:
    """Returns what is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def id_in(text: str) -> str | None:
    """Returns the id that a token's text carries, None for what is no token.

    Example:
        >>> id_in("cp_0123456789ab_" + "x" * 43), id_in("hunter2")
        ('0123456789ab', None)
    """
    match = _TOKEN.fullmatch(text)
    return match[1] if match else None


def create(
    connection: psycopg.Connection[Any],
    scopes: Iterable[str],
    name: str = "",
    *,
    days: float | None = None,
    events_per_s: float | None = None,
) -> str:
    """Makes a token and returns it: the only time that anybody sees it.

    Args:
        connection: As the database's owner.
        scopes: What it may.
        name: Whose it is, for the list.
        days: After how many days it expires; None for never.
        events_per_s: Most events a second that it may send; None for the deployment's limit.

    Raises:
        TokenError: A scope is none.
    """
    allowed = checked_scopes(scopes)
    token_id = secrets.token_hex(6)
    text = f"cp_{token_id}_{secrets.token_urlsafe(32)}"
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    connection.execute(
        "INSERT INTO api_tokens (token_id, name, scopes, digest, events_per_s, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (token_id, tidy(name), allowed, digest_of(text), events_per_s, expires),
    )
    return text


def valid(connection: psycopg.Connection[Any]) -> list[Token]:
    """Returns the tokens that are neither revoked nor expired, the oldest first."""
    rows = connection.execute(
        "SELECT token_id, name, scopes, digest, events_per_s, created_at, expires_at FROM api_tokens"
        " WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY created_at, token_id"
    ).fetchall()
    return [Token(row[0], row[1], frozenset(row[2]), bytes(row[3]), *row[4:]) for row in rows]


def any_was_made(connection: psycopg.Connection[Any]) -> bool:
    """Says whether a token was ever made, be it revoked or expired since."""
    row = connection.execute("SELECT EXISTS (SELECT FROM api_tokens)").fetchone()
    return bool(row and row[0])


def revoke(connection: psycopg.Connection[Any], token_id: str) -> None:
    """Ends a token; gateways follow within seconds.

    Raises:
        TokenError: There is no valid token of this id.
    """
    done = connection.execute(
        "UPDATE api_tokens SET revoked_at = now() WHERE token_id = %s AND revoked_at IS NULL", (token_id.strip(),)
    )
    if not done.rowcount:
        message = f"There is no valid token {token_id!r}: `classpulse token list` shows them."
        raise TokenError(message)
