"""Whom to go to first in a class, and a teacher's answers, which become events of the student."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from api.access import Grant
from api.problems import ProblemError
from api.reads.answers import Timed
from api.reads.faults import PROBLEMS
from api.reads.noting import Noted
from api.reads.rights import Rights
from api.reads.service import Asking, Reads, Service, answered, granted
from dataflows.events.text import tidy
from dataflows.kafka.topics import CLICKSTREAM
from dataflows.stuck.marks import STAFF
from ingest.formats.jsonl import topic_of

router = APIRouter(prefix="/engagement", tags=["engagement"], responses=PROBLEMS)
ClassInPath = Annotated[str, Path(max_length=200, examples=["7B"])]
NAMES: Final = {"seen": "stuck_seen", "helped": "stuck_helped", "not_stuck": "stuck_not"}
"""What an answer's event is called."""


class StuckStudent(BaseModel):
    """Somebody who looks stuck."""

    place: int = Field(description="1 is whom to go to first.", examples=[1])
    student_id: str = Field(examples=["p1_7f3a"])
    display_name: str | None = Field(description="From the roster's directory; null where it has none.")
    item_id: str = Field(examples=["fractions"])
    item_title: str | None = Field(examples=["Fractions"])
    course_id: str | None = Field(examples=["math"])
    kind: str = Field(description="What it was called for first.", examples=["wrong_answers"])
    since: datetime = Field(description="Since when it goes wrong.")
    began_at: datetime = Field(description="When it was called: the student waits since then.")
    chance: float = Field(description="That the student is truly stuck, 0-1.", examples=[0.5])
    evidence: str = Field(description="Why, in words.", examples=["3 wrong answers in a row (last: question 4)"])
    mates: int = Field(description="Classmates who looked stuck there before.", examples=[6])
    mates_through: int = Field(description="Of these, who got through by themselves.", examples=[4])
    mates_minutes: float | None = Field(description="Median minutes that these needed.", examples=[7])


class Stuck(Timed):
    """Who looks stuck in a class, the likeliest first; never more than `CLASSPULSE_STUCK_AT_ONCE`."""

    class_id: str = Field(examples=["7B"])
    waiting: int = Field(description="How many look stuck, those beyond the list too.", examples=[1])
    items: list[StuckStudent]


class StuckAnswer(BaseModel):
    """What a teacher says of an entry."""

    student_id: str = Field(max_length=200, examples=["p1_7f3a"])
    item_id: str = Field(max_length=500, examples=["fractions"])
    answer: Literal["seen", "helped", "not_stuck"]


@router.get("/class/{class_id:path}/stuck", response_model=Stuck, summary="Whom to go to first")
async def stuck(request: Request, rights: Asking, reads: Service, noted: Noted, class_id: ClassInPath) -> Response:
    """Returns who looks stuck, since when, why, and what classmates needed there."""
    class_id = tidy(class_id)
    rights.seen(class_id)
    await noted(classes=[class_id])

    async def make() -> Stuck:
        fresh, rows = await _now(reads, class_id)
        waiting = rows[0]["waiting"] if rows else 0
        return Stuck(**fresh, class_id=class_id, waiting=waiting, items=[StuckStudent(**row) for row in rows])

    return await answered(request, class_id, make)


@router.post("/class/{class_id:path}/stuck", status_code=204, summary="Seen, helped, or not stuck")
async def answer(
    request: Request,
    grant: Annotated[Grant, Depends(granted)],
    reads: Service,
    class_id: ClassInPath,
    said: StuckAnswer,
) -> Response:
    """Ends an entry of the list; who answered is kept with it. Whoever may see the class may answer."""
    class_id = tidy(class_id)
    Rights.of(grant.scopes).seen(class_id)
    fresh, rows = await _now(reads, class_id)
    if fresh["is_replay"]:
        raise ProblemError(409, "replay", "A replayed log takes no answers: its students are not here.")
    if not any(row["student_id"] == said.student_id and row["item_id"] == said.item_id for row in rows):
        raise ProblemError(404, "entry", "This is not on the list any more.")
    event = msgspec.json.encode(_event(class_id, said, grant))
    [entry] = await request.app.state.gateway.intake.take([event], topic_of, CLICKSTREAM, answers=True)
    if entry.status not in {"ok", "spooled", "duplicate"}:
        raise ProblemError(503, "full", "The answer could not be stored now: try again.", retry_after_s=5)
    return Response(status_code=204)


async def _now(reads: Reads, class_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    fresh = await reads.freshness()
    return fresh, await reads.database.rows("stuck", class_id=class_id)


def _event(class_id: str, said: StuckAnswer, grant: Grant) -> dict[str, Any]:
    """Returns the answer as an event of the student, so that it lies in their partition, in order."""
    return {
        "event_id": str(uuid.uuid4()),
        "event_name": NAMES[said.answer],
        "student_id": said.student_id,
        "role": STAFF,
        "class_id": class_id,
        "timestamp": datetime.now(UTC).isoformat(),
        "metadata": {"item_id": said.item_id, "actor": grant.name, "token": grant.token_id},
    }
