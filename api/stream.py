"""`GET /engagement/stream`: each second the numbers of a class or all, one question however many listen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from api.problems import ProblemError
from api.reads.answers import ActiveStudents, Stream
from api.reads.faults import PROBLEMS
from api.reads.headcounts import headcount
from api.reads.service import Asking, OneClass, Reads, Service, with_cookie

CHECKED_EVERY_S: Final = 30.0
"""How long a listener whose token was revoked hears on, at most."""

router = APIRouter(prefix="/engagement", tags=["engagement"], responses=PROBLEMS)


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"model": Stream, "description": "Server-sent events.", "content": {"text/event-stream": {}}}},
    summary="The numbers, each second",
)
async def stream(
    request: Request,
    rights: Asking,
    reads: Service,
    class_id: OneClass,
    last_event_id: Annotated[str | None, Header(description="The id of the last message that was received.")] = None,
) -> StreamingResponse:
    """Sends what `/engagement/active_students` answers, each second; with `Last-Event-ID`, from there on."""
    classes = rights.counted(class_id)

    async def ask() -> ActiveStudents:
        found = await headcount(reads, classes, class_id)
        found.items = []
        return found

    async def messages() -> AsyncIterator[bytes]:
        async with reads.hub.listening((tuple(classes or ()), classes is None, class_id), ask) as channel:
            yield b"retry: 2000\n\n"
            number, checked = channel.first_after(last_event_id), time.monotonic()
            while time.monotonic() - checked < CHECKED_EVERY_S or await _is_still_let_in(reads, request):
                if time.monotonic() - checked >= CHECKED_EVERY_S:
                    checked = time.monotonic()
                news = await channel.after(number)
                number = news[-1].number
                yield b"".join(message.text for message in news)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages(), media_type="text/event-stream", headers=headers)


async def _is_still_let_in(reads: Reads, request: Request) -> bool:
    try:
        await reads.grant_of(with_cookie(request))
    except ProblemError:
        return False
    return True
