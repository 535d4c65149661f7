"""The routes that bring events: bare ASGI, since they are called a thousand times as often as all others."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from api import metrics
from api.access import Access, Grant
from api.asgi import GoneError, Incoming, Receive, Scope, Send, answer, answer_problem, header, read_body
from api.cors import Origins
from api.ingest import statements
from api.ingest.intake import Intake, respond
from api.ingest.kinds import topic_of_kind, topic_within
from api.ingest.splitting import split
from api.problems import ProblemError
from api.settings import ApiSettings
from api.token_book import TokenBook
from api.tokens import INGEST
from dataflows.kafka.topics import CLICKSTREAM
from ingest.formats.adapters import ADAPTERS, AdapterName
from ingest.formats.jsonl import topic_of

TRACK: Final = ("/v1/track", "/track")
KINDS: Final = "/api/events/"
XAPI: Final = "/v1/xapi/statements"
CALIPER: Final = "/v1/caliper"
METHODS: Final = {XAPI: {"POST", "PUT"}}

Topics = Callable[[dict[str, Any]], str]
Route = Callable[[Scope, Receive], Awaitable[tuple[int, bytes, dict[str, str]]]]

log = structlog.get_logger()


class Track:
    """The routes and what they need."""

    def __init__(self, intake: Intake, access: Access, book: TokenBook, api: ApiSettings) -> None:
        """Takes the parts of the gateway."""
        self._intake, self._access, self._book, self._api = intake, access, book, api
        self._origins = Origins(api.api_origins)

    def route(self, path: str) -> tuple[str, Route] | None:
        """Returns the name and the handler of a path, None where it brings no events."""
        if path in TRACK:
            return TRACK[0], partial(self._events, CLICKSTREAM, topic_of)
        if path.startswith(KINDS):
            return KINDS, partial(self._of_kind, path.removeprefix(KINDS))
        if path == XAPI:
            return XAPI, self._xapi
        if path == CALIPER:
            return CALIPER, self._caliper
        return None

    async def handle(self, name: str, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request that brings events, whatever goes wrong in it."""
        if scope["method"] == "OPTIONS":
            await answer(send, 204, b"", headers=self._origins.preflight(scope).items())
            return
        allowed, incoming = self._origins.headers(scope), Incoming(receive)
        try:
            if scope["method"] not in METHODS.get(name, {"POST"}):
                raise ProblemError(405, "method", "Events are sent with POST.")
            status, body, headers = await route(scope, incoming.receive)
        except ProblemError as problem:
            status = problem.status
            await incoming.discard()
            await answer_problem(send, problem, allowed.items())
        except GoneError:
            status = 499
        else:
            await answer(send, status, body, headers=(*headers.items(), *allowed.items()))
        metrics.REQUESTS.labels(name, str(status)).inc()

    async def _of_kind(self, kind: str, scope: Scope, receive: Receive) -> tuple[int, bytes, dict[str, str]]:
        topic = topic_of_kind(kind)
        topics = topic_of if topic == CLICKSTREAM else partial(topic_within, topic)
        return await self._events(topic, topics, scope, receive)

    async def _events(
        self, topic: str, topics: Topics, scope: Scope, receive: Receive
    ) -> tuple[int, bytes, dict[str, str]]:
        grant, body = await self._body(scope, receive)
        began_s = time.monotonic()
        found = split(body, header(scope, b"content-type"), self._api.api_max_events)
        grant.spend(len(found.values))
        entries = await self._intake.take(found.values, topics, topic, found.sent_at)
        said = respond(entries)
        metrics.ACK.observe(time.monotonic() - began_s)
        return said

    async def _body(self, scope: Scope, receive: Receive) -> tuple[Grant, bytes]:
        if not self._access.knows(scope):
            await self._book.refresh_for_unknown()
        grant = self._access.grant(scope)
        grant.require(INGEST)
        return grant, await read_body(scope, receive, self._api.api_max_body_bytes, self._api.api_body_timeout_s)

    async def _xapi(self, scope: Scope, receive: Receive) -> tuple[int, bytes, dict[str, str]]:
        """Takes statements, all or none, as xAPI says; answers their ids, a PUT with nothing."""
        said = {"x-experience-api-version": statements.check_version(scope)}
        wanted = statements.statement_id(scope) if scope["method"] == "PUT" else ""
        grant, body = await self._body(scope, receive)
        began_s = time.monotonic()
        body = statements.with_id(body, wanted) if wanted else body
        _document, parts = self._parts("xapi", body, scope)
        if wanted:
            statements.only_part(parts, wanted)
        await self._take_parts(parts, grant, None, atomic=True)
        metrics.ACK.observe(time.monotonic() - began_s)
        return (204, b"", said) if wanted else (200, _encode([part.part_id for part in parts]), said)

    async def _caliper(self, scope: Scope, receive: Receive) -> tuple[int, bytes, dict[str, str]]:
        """Takes an envelope, each event for itself; `sendTime` says when it was sent."""
        grant, body = await self._body(scope, receive)
        began_s = time.monotonic()
        document, parts = self._parts("caliper", body, scope)
        sent_at = document.get("sendTime") if isinstance(document, dict) else None
        await self._take_parts(parts, grant, sent_at, atomic=False)
        metrics.ACK.observe(time.monotonic() - began_s)
        accepted = sum(part.status in {"ok", "spooled", "duplicate"} for part in parts)
        return 200, _encode({"accepted": accepted, "results": [part.result() for part in parts]}), {}

    def _parts(self, name: AdapterName, body: bytes, scope: Scope) -> tuple[object, list[statements.Document]]:
        kind = header(scope, b"content-type")
        return statements.parts_of(ADAPTERS[name], body, kind, self._api.api_max_events)

    async def _take_parts(
        self, parts: list[statements.Document], grant: Grant, sent_at: object, *, atomic: bool
    ) -> None:
        grant.spend(len(parts))
        entries = [entry for part in parts for entry in part.entries]
        if not (atomic and any(part.refused for part in parts)):
            await self._intake.take_entries(entries, topic_of, CLICKSTREAM, sent_at, atomic=atomic)
        statements.settled(parts, atomic=atomic)


_encode: Final = msgspec.json.Encoder().encode
