"""`GET /explain`: how a number came about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.explain.answer import IN_SCOPE, Explanation, explain, known, parsed_scope
from api.reads.faults import PROBLEMS, wrong
from api.reads.noting import Noted
from api.reads.rights import Rights
from api.reads.service import Asking, Reads, Service, answered
from dataflows.events.text import tidy

router = APIRouter(tags=["explain"], responses=PROBLEMS)


@router.get("/explain", response_model=Explanation, summary="How a number came about")
async def explained(  # noqa: PLR0913 - parameters of the route
    request: Request,
    rights: Asking,
    noted: Noted,
    reads: Service,
    number: Annotated[str, Query(max_length=100, examples=["active_5m"])],
    scope: Annotated[str, Query(max_length=300, description="`all`, `class:7B`, …", examples=["class:7B"])] = "all",
    at: Annotated[datetime | None, Query(description="A minute; the last begun one without.")] = None,
) -> Response:
    """Returns the formula with its definition's version, inputs, watermark, late events, and final or provisional.

    The events behind it come with it for who may see the students.
    """
    wanted = known(number)
    kind, scope_id = parsed_scope(wanted, tidy(scope))
    classes = await _allowed(reads, rights, kind, scope_id)
    if kind == "student":
        await noted(students=(scope_id,), explains=True)
    elif classes != []:
        await noted(classes=classes, explains=True)
    at = at if at is None or at.tzinfo else at.replace(tzinfo=UTC)

    async def make() -> Explanation:
        return await explain(reads.database, wanted, (kind, scope_id), at, classes=classes)

    return await answered(request, (number, kind, scope_id, at, rights.key), make)


async def _allowed(reads: Reads, rights: Rights, kind: str, scope_id: str) -> list[str] | None:
    """Returns the classes whose events may be shown; none of them is an empty list, all of them None.

    Raises:
        ProblemError: The number itself is not to be read (403), or there is no such student (422).
    """
    if kind == "student":
        found = [row["class_id"] for row in await reads.database.rows("classes_of_student", student_id=scope_id)]
        if not any(map(rights.sees, found)):
            # who may not see a student does not learn either whether there is one
            raise wrong(IN_SCOPE, "no student of this id in a class that the token may see")
        return None
    class_id = scope_id.partition("/")[0].replace("%2F", "/") if kind in {"class", "class_chapter"} else None
    if class_id is None:
        rights.require_school()
    else:
        rights.counted(class_id)
        return [class_id] if rights.sees(class_id) else []
    return None if rights.classes is None else sorted(rights.classes)
