"""The routes that bring events: bare ASGI, since they are called a thousand times as often as all others."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import structlog

from api import metrics
from api.access import Access
from api.asgi import GoneError, Receive, Scope, Send, answer, answer_problem, header, read_body
from api.ingest.intake import Intake, respond
from api.ingest.kinds import topic_of_kind, topic_within
from api.ingest.splitting import split
from api.problems import ProblemError
from api.settings import ApiSettings
from api.token_book import TokenBook
from api.tokens import INGEST
from dataflows.kafka.topics import CLICKSTREAM
from ingest.formats.jsonl import topic_of

TRACK: Final = ("/v1/track", "/track")
KINDS: Final = "/api/events/"

Topics = Callable[[dict[str, Any]], str]
Route = Callable[[Scope, Receive], Awaitable[tuple[int, bytes, dict[str, str]]]]

log = structlog.get_logger()


class Track:
    """The routes and what they need."""

    def __init__(self, intake: Intake, access: Access, book: TokenBook, api: ApiSettings) -> None:
        """Takes the parts of the gateway."""
        self._intake, self._access, self._book, self._api = intake, access, book, api

    def route(self, path: str) -> tuple[str, Route] | None:
        """Returns the name and the handler of a path, None where it brings no events."""
        if path in TRACK:
            return TRACK[0], partial(self._events, CLICKSTREAM, topic_of)
        if path.startswith(KINDS):
            return KINDS, partial(self._of_kind, path.removeprefix(KINDS))
        return None

    async def handle(self, name: str, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request that brings events, whatever goes wrong in it."""
        try:
            if scope["method"] != "POST":
                raise ProblemError(405, "method", "Events are sent with POST.")
            status, body, headers = await route(scope, receive)
        except ProblemError as problem:
            status = problem.status
            await answer_problem(send, problem)
        except GoneError:
            status = 499
        else:
            await answer(send, status, body, headers=headers.items())
        metrics.REQUESTS.labels(name, str(status)).inc()

    async def _of_kind(self, kind: str, scope: Scope, receive: Receive) -> tuple[int, bytes, dict[str, str]]:
        topic = topic_of_kind(kind)
        topics = topic_of if topic == CLICKSTREAM else partial(topic_within, topic)
        return await self._events(topic, topics, scope, receive)

    async def _events(
        self, topic: str, topics: Topics, scope: Scope, receive: Receive
    ) -> tuple[int, bytes, dict[str, str]]:
        if not self._access.knows(scope):
            await self._book.refresh_for_unknown()
        grant = self._access.grant(scope)
        grant.require(INGEST)
        body = await read_body(scope, receive, self._api.api_max_body_bytes, self._api.api_body_timeout_s)
        began_s = time.monotonic()
        found = split(body, header(scope, b"content-type"), self._api.api_max_events)
        grant.spend(len(found.values))
        entries = await self._intake.take(found.values, topics, topic)
        said = respond(entries)
        metrics.ACK.observe(time.monotonic() - began_s)
        return said
