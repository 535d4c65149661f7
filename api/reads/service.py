"""What all read routes share: the rights of who asks, one answer a second, validators."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from api.access import Grant
from api.asgi import Scope
from api.reads.audit import Audit
from api.reads.cache import Answers, Kept
from api.reads.database import Database, Row
from api.reads.faults import wrong
from api.reads.hub import Hub
from api.reads.rights import Rights
from dataflows.events.text import tidy
from grafana.thresholds import Thresholds

COOKIE: Final = "classpulse_session"
GrantOf = Callable[[Scope], Awaitable[Grant]]
"""Tells what the one who asks may, or raises a problem."""


@dataclass(slots=True)
class Reads:
    """What the read routes need of the gateway, which has it as `reads`.

    Attributes:
        database: Where the answers come from.
        grant_of: Tells what a request's token allows.
        answers: Those of the last second.
        counts: The numbers of every class of the last second.
        hub: The streams.
        audit: Who read which students.
        thresholds: From when on the pipeline counts as stalled, and how few are too few to say.
    """

    database: Database
    grant_of: GrantOf
    answers: Answers = field(default_factory=Answers)
    counts: Kept[list[Row]] = field(default_factory=Kept)
    hub: Hub = field(default_factory=Hub)
    audit: Audit = field(init=False)
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        """Lets the audit write where the answers come from."""
        self.audit = Audit(self.database)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keeps connections to the database while the gateway runs; it need not be there yet."""
        await self.database.open()
        try:
            yield
        finally:
            self.hub.close()
            await self.database.close()

    async def freshness(self) -> dict[str, Any]:
        """Returns `now`, `as_of`, `lag_seconds` and `is_replay`; asked first, since the rest is as of that now."""
        return await self.database.row("freshness")


def reads_of(request: Request) -> Reads:
    """Returns what the gateway has for read routes."""
    reads: Reads = request.app.state.gateway.reads
    return reads


def with_cookie(request: Request) -> Scope:
    """Returns a request's scope in which the live page's cookie stands as a header, where it sent no token itself."""
    token = request.cookies.get(COOKIE)
    if token is None or "authorization" in request.headers:
        return request.scope
    return {**request.scope, "headers": [*request.scope["headers"], (b"authorization", f"Bearer {token}".encode())]}


async def granted(request: Request) -> Grant:
    """Returns what the token of a request allows, and counts the request.

    Raises:
        ProblemError: It has none (401), or asks too often (429).
    """
    grant = await reads_of(request).grant_of(with_cookie(request))
    grant.spend()
    return grant


async def reading(grant: Annotated[Grant, Depends(granted)]) -> Rights:
    """Returns what the one who asks may read."""
    return Rights.of(grant.scopes)


def class_asked(class_id: Annotated[str | None, Query(max_length=200, examples=["7B"])] = None) -> str | None:
    """Returns the class of the query, spelled as events and rosters are."""
    return tidy(class_id) if class_id is not None else None


Asking = Annotated[Rights, Depends(reading)]
Service = Annotated[Reads, Depends(reads_of)]
OneClass = Annotated[str | None, Depends(class_asked)]
Limit = Annotated[int, Query(ge=1, le=500, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")]


def moment(value: object, path: str) -> datetime:
    """Returns a time that a cursor or a parameter gives.

    Raises:
        ProblemError: It is none (422).
    """
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise wrong(path, "a time like 2026-03-02T10:00:00Z")
    return found


async def answered(request: Request, key: Hashable, make: Callable[[], Awaitable[BaseModel]]) -> Response:
    """Returns the second's answer, or 304 to who has the same already."""
    answer = await reads_of(request).answers.to((request.scope["route"].path, key), make)
    headers = {"ETag": answer.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if answer.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(answer.body, headers=headers, media_type="application/json")
