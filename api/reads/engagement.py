"""`/engagement/…`: a class now."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.reads.answers import (
    ActiveStudents,
    Classes,
    ClassItem,
    Heatmap,
    HeatmapChapter,
    LatestEvent,
    LatestEvents,
    Student,
    Students,
    Trend,
    TrendMinute,
)
from api.reads.cursors import decoded, encoded
from api.reads.faults import PROBLEMS, wrong
from api.reads.headcounts import headcount
from api.reads.noting import Noted
from api.reads.rights import Rights
from api.reads.service import Asking, Cursor, Limit, OneClass, Reads, Service, answered, moment
from dataflows.events.text import tidy

router = APIRouter(prefix="/engagement", tags=["engagement"], responses=PROBLEMS)
ClassInPath = Annotated[str, Path(max_length=200, examples=["7B"])]
Window = Annotated[str, Query(description="`1min` to `60min`, or `1h`.", examples=["10min"], max_length=10)]
IN_WINDOW = "query.window"
WINDOW = re.compile(r"([1-9]|[1-5]\d|60)(?:min|m)|1h")


@router.get("/active_students", response_model=ActiveStudents, summary="Who is here, as numbers")
@router.get("/active", response_model=ActiveStudents, summary="The same under its other name")
async def active_students(  # noqa: PLR0913 - parameters of the route
    request: Request, rights: Asking, reads: Service, class_id: OneClass, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Counts active, idle, absent and enrolled students, together and class by class, as of now."""
    classes = rights.counted(class_id)
    [after] = decoded(cursor, 1)

    async def make() -> ActiveStudents:
        found = await headcount(reads, classes, class_id)
        rest = [row for row in found.items if after is None or row.class_id > str(after)]
        found.items = rest[:limit]
        found.next_cursor = encoded(rest[limit - 1].class_id) if len(rest) > limit else None
        return found

    return await answered(request, (tuple(classes or ()), classes is None, class_id, cursor, limit), make)


@router.get("/classes", response_model=Classes, summary="The classes that the token may read")
async def classes(
    request: Request, rights: Asking, reads: Service, cursor: Cursor = None, limit: Limit = 500
) -> Response:
    """Lists classes of the roster and those that were seen, by id."""
    wanted = rights.counted(None)
    [after] = decoded(cursor, 1)

    async def make() -> Classes:
        rows = await reads.database.rows("classes", classes=wanted)
        rest = [row for row in rows if after is None or row["class_id"] > str(after)]
        return Classes(
            items=[ClassItem(**row, sees_students=rights.sees(row["class_id"])) for row in rest[:limit]],
            counts_everybody=rights.counts_everybody,
            next_cursor=encoded(rest[limit - 1]["class_id"]) if len(rest) > limit else None,
        )

    return await answered(request, (rights.key, cursor, limit), make)


@router.get("/trend", response_model=Trend, summary="Active students by minute")
async def trend(
    request: Request, rights: Asking, reads: Service, class_id: OneClass, window: Window = "10min"
) -> Response:
    """Returns the last minutes without gaps; which of them are final, and which still count."""
    classes, minutes = rights.counted(class_id), _minutes(window)

    async def make() -> Trend:
        fresh = await reads.freshness()
        rows = await reads.database.rows("trend", now=fresh["now"], classes=classes, minutes=minutes)
        items = [TrendMinute(**row) for row in rows]
        return Trend(**fresh, class_id=class_id, window_minutes=minutes, items=items)

    return await answered(request, (tuple(classes or ()), classes is None, class_id, minutes), make)


@router.get("/events/latest", response_model=LatestEvents, summary="The latest events")
async def latest_events(  # noqa: PLR0913 - parameters of the route
    request: Request,
    rights: Asking,
    noted: Noted,
    reads: Service,
    class_id: OneClass,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Returns events of the last hour, newest first, of the classes whose students the token may see."""
    classes = rights.seen(class_id)
    await noted(classes=classes)
    at, before_id = decoded(cursor, 2)
    before = None if at is None else moment(at, "query.cursor")

    async def make() -> LatestEvents:
        fresh = await reads.freshness()
        rows = await reads.database.rows(
            "events", now=fresh["now"], classes=classes, before=before, before_id=before_id, limit=limit + 1
        )
        return LatestEvents(
            **fresh,
            items=[LatestEvent(**row) for row in rows[:limit]],
            next_cursor=_next(rows, limit, "event_time", "event_id"),
        )

    return await answered(request, (tuple(classes or ()), classes is None, cursor, limit), make)


@router.get("/class/{class_id:path}/students", response_model=Students, summary="A class's students now")
async def students(  # noqa: PLR0913 - parameters of the route
    request: Request,
    rights: Asking,
    noted: Noted,
    reads: Service,
    class_id: ClassInPath,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Returns who is idle, active and absent; idle longest first, then longest on one item."""
    class_id = tidy(class_id)
    rights.seen(class_id)
    await noted(classes=[class_id])
    place, after = decoded(cursor, 2)

    async def make() -> Students:
        fresh = await reads.freshness()
        rows = await reads.database.rows(
            "people", now=fresh["now"], class_id=class_id, after_place=place, after=after, limit=limit + 1
        )
        return Students(
            **fresh,
            class_id=class_id,
            items=[Student(**{name: row[name] for name in Student.model_fields}) for row in rows[:limit]],
            next_cursor=_next(rows, limit, "place", "student_id"),
        )

    return await answered(request, (class_id, cursor, limit), make)


@router.get("/class/{class_id:path}/heatmap", response_model=Heatmap, summary="A class's chapters by minute")
async def heatmap(
    request: Request, rights: Asking, reads: Service, class_id: ClassInPath, window: Window = "10min"
) -> Response:
    """Returns how many of the class were on which chapter, minute by minute."""
    class_id, minutes = tidy(class_id), _minutes(window)
    rights.counted(class_id)

    async def make() -> Heatmap:
        fresh = await reads.freshness()
        last = fresh["now"].replace(second=0, microsecond=0)
        columns = [last - timedelta(minutes=ago) for ago in reversed(range(minutes))]
        rows = await reads.database.rows("heatmap", now=fresh["now"], class_id=class_id, minutes=minutes)
        return Heatmap(
            **fresh,
            class_id=class_id,
            minutes=columns,
            items=[
                HeatmapChapter(
                    chapter_id=chapter,
                    title=cells[0]["title"],
                    active_5m=[_shown(reads, rights, class_id, counts.get(at, 0)) for at in columns],
                )
                for chapter, cells in _by_chapter(rows)
                for counts in [{cell["minute"]: cell["active_5m"] for cell in cells}]
            ],
        )

    return await answered(request, (class_id, minutes, rights.sees(class_id)), make)


def _by_chapter(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(chapter, list(cells)) for chapter, cells in groupby(rows, key=itemgetter("chapter_id"))]


def _shown(reads: Reads, rights: Rights, class_id: str, count: int) -> int | None:
    """Returns a cell; None where it is of so few that a reader without right to the class could tell who."""
    few = 0 < count < reads.thresholds.students_least
    return None if few and not rights.sees(class_id) else count


def _next(rows: list[dict[str, Any]], limit: int, *columns: str) -> str | None:
    return encoded(*(rows[limit - 1][column] for column in columns)) if len(rows) > limit else None


def _minutes(window: str) -> int:
    found = WINDOW.fullmatch(window)
    if found is None:
        raise wrong(IN_WINDOW, "1min to 60min, or 1h")
    return int(found[1] or 60)
