"""Who asks, what they may, and how often: the gateway's own memory of its tokens."""

from __future__ import annotations

import hmac
import ipaddress
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import parse_qs

from api.asgi import Scope, header
from api.problems import ProblemError
from api.tokens import INGEST, READ_SCHOOL, Token, digest_of, id_in

_FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip")

OPEN: Final = "open"
"""In place of a token's id, where no token was needed."""
_PUBLIC: Final = frozenset({INGEST})
_OPEN_SCOPES: Final = frozenset({INGEST, READ_SCHOOL})

Open = Literal["until-first-token", "never", "always"]


class Bucket:
    """A token bucket: so many a second in the long run, one second's worth at once."""

    def __init__(self, per_s: float) -> None:
        """Begins full."""
        self.per_s = per_s
        self._most = max(1.0, per_s)
        self._left, self._at = self._most, time.monotonic()

    def take(self, count: float = 1.0) -> float:
        """Takes `count`, and returns 0; or takes nothing, and returns the seconds after which to ask again.

        More than a second's worth is let through when the bucket is full, and paid off after.
        """
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self.per_s)
        self._at = now
        needed = min(count, self._most)
        if self._left < needed:
            return (needed - self._left) / self.per_s
        self._left -= count
        return 0.0


@dataclass(slots=True)
class Grant:
    """What the one who asks may.

    Attributes:
        token_id: Of the token; `open` where none was needed.
        name: Whose it is.
        scopes: What it may.
        events: How many events it may still send.
        requests: How many questions it may still ask.
    """

    token_id: str
    name: str
    scopes: frozenset[str]
    events: Bucket
    requests: Bucket

    def may(self, scope: str) -> bool:
        """Says whether this is allowed; what a scope lets read, and of whom, `api.reads.rights` says."""
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Refuses what is not allowed.

        Raises:
            ProblemError: 403.
        """
        if not self.may(scope):
            raise ProblemError(403, "scope", f"This token may not do this: it needs the scope {scope}.")

    def spend(self, events: int = 0) -> None:
        """Counts a request, and its events where it brings any, against the limits.

        Raises:
            ProblemError: 429.
        """
        wait_s = self.events.take(events) if events else self.requests.take()
        if wait_s:
            raise ProblemError(429, "rate", "Too much for this token: come again later.", retry_after_s=wait_s)


@dataclass(slots=True)
class Access:
    """Answers who may what, from memory: a request never waits for the database.

    Attributes:
        open_rule: When somebody on this machine needs no token.
        events_per_s: Limit of tokens without one of their own.
        requests_per_s: Limit of questions.
        any_was_made: Whether a token was ever made; then nothing is open any more.
        is_known: Whether the tokens were ever read: until then nobody can be let in, or turned away for good.
    """

    open_rule: Open
    events_per_s: float
    requests_per_s: float
    any_was_made: bool = False
    is_known: bool = False
    _tokens: dict[str, Token] = field(default_factory=dict)
    _grants: dict[bytes, Grant] = field(default_factory=dict)

    def learn(self, tokens: list[Token], *, any_was_made: bool) -> None:
        """Takes the tokens that are valid now; grants of others end, limits of the same go on."""
        self._tokens = {token.token_id: token for token in tokens}
        kept = {token.digest: token for token in tokens}
        self._grants = {
            digest: grant
            for digest, grant in self._grants.items()
            if digest in kept and kept[digest].scopes == grant.scopes
        }
        self.any_was_made, self.is_known = any_was_made or bool(tokens), True

    def knows(self, scope: Scope) -> bool:
        """Says whether the token of a request is among those that are known; True where there is none to know."""
        token_id = id_in(bearer(scope))
        return token_id is None or token_id in self._tokens

    def grant(self, scope: Scope) -> Grant:
        """Returns what the one who asks may.

        Raises:
            ProblemError: 401 without a valid token, 503 while it is not known which are.
        """
        text = bearer(scope)
        grant = self.grant_of(text) if text else self._open_grant(scope)
        if grant is not None and text and not header(scope, b"authorization") and grant.scopes != _PUBLIC:
            raise ProblemError(401, "token", "A token in the address may have no scope but ingest.")
        if grant is not None:
            return grant
        if not self.is_known:
            raise ProblemError(503, "tokens-unknown", "The database has not answered yet.", retry_after_s=5)
        if text:
            raise ProblemError(401, "token", "This token is not valid: it is mistyped, expired or revoked.")
        raise ProblemError(401, "token", "Send a token: Authorization: Bearer cp_... (`classpulse token create`).")

    def grant_of(self, text: str) -> Grant | None:
        """Returns what a token may; None where it is not valid."""
        digest = digest_of(text)
        token = self._tokens.get(id_in(text) or "")
        if token is None or not hmac.compare_digest(token.digest, digest) or not token.is_valid(datetime.now(UTC)):
            return None
        grant = self._grants.get(digest)
        if grant is None:
            events_per_s = token.events_per_s or self.events_per_s
            grant = Grant(token.token_id, token.name, token.scopes, Bucket(events_per_s), Bucket(self.requests_per_s))
            self._grants[digest] = grant
        return grant

    def _open_grant(self, scope: Scope) -> Grant | None:
        if not self._is_open(scope):
            return None
        return self._grants.setdefault(
            b"", Grant(OPEN, "this machine", _OPEN_SCOPES, Bucket(self.events_per_s), Bucket(self.requests_per_s))
        )

    def _is_open(self, scope: Scope) -> bool:
        if self.open_rule == "always":
            return True
        if self.open_rule == "never" or self.any_was_made or not self.is_known:
            return False
        return _is_this_machine(scope)


def _is_this_machine(scope: Scope) -> bool:
    """Says whether both ends are on this machine; what a proxy passes on comes from anywhere.

    The name that was called counts too: a page of elsewhere may let its own name lead to this machine.
    """
    if any(header(scope, name) for name in _FORWARDED):
        return False
    called = header(scope, b"host").rpartition(":")[0] or header(scope, b"host")
    if called != "localhost" and not _is_loopback(called.strip("[]")):
        return False
    ends = [str(end[0]) for end in (scope.get("client"), scope.get("server")) if end]
    return len(ends) == 2 and all(map(_is_loopback, ends))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bearer(scope: Scope) -> str:
    """Returns the token that a request carries, empty without one.

    `navigator.sendBeacon` sets no headers, so it may stand in the address too. Such a token is in every page's source
    and in logs: it should be able to do nothing but `ingest`.
    """
    kind, _, text = header(scope, b"authorization").partition(" ")
    if kind.lower() == "bearer":
        return text.strip()
    if b"token=" in scope.get("query_string", b""):
        query: bytes = scope["query_string"]
        return parse_qs(query.decode("latin-1")).get("token", [""])[0]
    return ""
