"""Chances of a class's students by judged models, and what a teacher sets aside of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from api.access import Grant
from api.problems import ProblemError
from api.reads.answers import Timed
from api.reads.faults import PROBLEMS
from api.reads.noting import Noted
from api.reads.rights import Rights
from api.reads.service import Asking, Service, answered, granted
from dataflows.events.text import tidy

router = APIRouter(prefix="/engagement", tags=["engagement"], responses=PROBLEMS)
ClassInPath = Annotated[str, Path(max_length=200, examples=["7B"])]


class Prediction(BaseModel):
    """What a model said of a student of a course, never without how such chances turned out."""

    student_id: str = Field(examples=["p1_7f3a"])
    display_name: str | None = Field(description="From the roster's directory; null where it has none.")
    course_id: str = Field(examples=["math"])
    week: int = Field(description="Of the term; nothing later than its end went into it.", examples=[6])
    predicted_at: datetime
    probability: float = Field(description="Chance to fail the course or leave it, 0-1.", examples=[0.62])
    came_true: float = Field(description="Of those of whom it said about the same: the share of whom it came true.")
    came_true_of: int = Field(description="How many these were.", examples=[812])
    calibration_error: float = Field(description="Mean distance of what came true from what was said.", examples=[0.05])
    judged_on: str = Field(description="Students that it had not learnt from.", examples=["2014B, 2014J"])
    reasons: list[str] = Field(description="What raises it most, by the model's own weights.")
    changes: list[str] = Field(description="What would lower it, by the model; no promise.")
    model_version: str
    dismissed_by: str | None = Field(description="Who set it aside.")
    dismissed_why: str | None


class Predictions(Timed):
    """The likeliest first; empty where no model beats its baselines yet."""

    class_id: str = Field(examples=["7B"])
    items: list[Prediction]


class Dismissal(BaseModel):
    """What a teacher sets aside, and why."""

    student_id: str = Field(max_length=200, examples=["p1_7f3a"])
    course_id: str = Field(max_length=200, examples=["math"])
    why: str = Field(min_length=1, max_length=1000, examples=["was ill, and I know of it"])


@router.get("/class/{class_id:path}/risk", response_model=Predictions, summary="Who may fail, as known then")
async def risk(request: Request, rights: Asking, reads: Service, noted: Noted, class_id: ClassInPath) -> Response:
    """Returns the chances of a class, why, what would change them, and how such chances turned out."""
    class_id = tidy(class_id)
    rights.seen(class_id)
    await noted(classes=[class_id])

    async def make() -> Predictions:
        fresh, rows = await reads.freshness(), await reads.database.rows("predictions", class_id=class_id, kind="risk")
        return Predictions(**fresh, class_id=class_id, items=[Prediction(**row) for row in rows])

    return await answered(request, class_id, make)


@router.post("/class/{class_id:path}/risk", status_code=204, summary="Set a chance aside, and say why")
async def dismiss(
    grant: Annotated[Grant, Depends(granted)], reads: Service, class_id: ClassInPath, said: Dismissal
) -> Response:
    """Keeps who set a chance aside and why; it stays in the table, and is shown with that."""
    class_id = tidy(class_id)
    Rights.of(grant.scopes).seen(class_id)
    why = tidy(said.why)
    actor = f"{grant.name} ({grant.token_id})"
    if not why or not await reads.database.dismiss("risk", said.student_id, said.course_id, class_id, actor, why):
        raise ProblemError(404, "entry", "There is no such chance now, or no reason was given.")
    return Response(status_code=204)
