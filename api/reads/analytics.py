"""`/analytics/…`: the school now and today, and its chapters."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.reads.answers import ChapterInsight, ChapterInsights, Finding, LiveUsers, Share, TopPage, TopPages
from api.reads.cursors import decoded, encoded
from api.reads.faults import PROBLEMS
from api.reads.service import Asking, Cursor, Limit, OneClass, Reads, Service, answered

router = APIRouter(tags=["analytics"], responses=PROBLEMS)
MANY_LEAVE = 0.5
LONGER = 1.5
FAST = 0.25


@router.get("/analytics/live-users", response_model=LiveUsers, summary="Who is on the platform now")
async def live_users(request: Request, rights: Asking, reads: Service, class_id: OneClass) -> Response:
    """Counts active and present students, by device and browser."""
    classes = rights.counted(class_id)
    sees = rights.classes is None or (classes is not None and all(map(rights.sees, classes)))

    async def make() -> LiveUsers:
        places = await reads.database.rows("places", classes=classes)
        fresh = await reads.freshness()
        return LiveUsers(
            **fresh,
            live_users=sum(row["students"] for row in places if row["status"] == "active"),
            present=sum(row["students"] for row in places),
            devices=_shares(reads, sees, "device", places),
            browsers=_shares(reads, sees, "browser", places),
        )

    return await answered(request, (tuple(classes or ()), classes is None, sees), make)


def _shares(reads: Reads, sees: bool, kind: str, places: list[dict[str, Any]]) -> list[Share]:
    """Returns the counts of one kind, the largest first; those of few are added up for who may not see the students."""
    counts: Counter[str] = Counter()
    for row in places:
        counts[row[kind]] += row["students"]
    found = [Share(label=label, students=count) for label, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    few = [] if sees else [share for share in found if share.students < reads.thresholds.students_least]
    rest = [Share(label=None, students=sum(share.students for share in few))] if few else []
    return [share for share in found if share not in few] + rest


@router.get("/analytics/top-pages", response_model=TopPages, summary="The pages seen most")
async def top_pages(  # noqa: PLR0913 - parameters of the route
    request: Request,
    rights: Asking,
    reads: Service,
    day: Annotated[date | None, Query(description="A local day; today where none is given.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Returns the pages of a day by views. A page has no class: this is of the whole school."""
    rights.require_school()
    views, after = decoded(cursor, 2)

    async def make() -> TopPages:
        shown = day or (await reads.database.row("today"))["day"]
        rows = await reads.database.rows("top_pages", day=shown, after_views=views, after=after, limit=limit + 1)
        more = len(rows) > limit
        return TopPages(
            day=shown,
            items=[TopPage(**{name: row[name] for name in TopPage.model_fields}) for row in rows[:limit]],
            next_cursor=encoded(rows[limit - 1]["views"], rows[limit - 1]["page_url"]) if more else None,
        )

    return await answered(request, (day, cursor, limit), make)


@router.get("/v1/analytics/chapter-insights", response_model=ChapterInsights, summary="Chapters, and what they show")
async def chapter_insights(  # noqa: PLR0913 - parameters of the route
    request: Request,
    rights: Asking,
    reads: Service,
    course_id: Annotated[str | None, Query(max_length=200, examples=["math"])] = None,
    chapter_id: Annotated[str | None, Query(max_length=200, examples=["ch3"])] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Returns time, visits and drop-off of chapters. They are of all classes together: of the whole school."""
    rights.require_school()
    after_course, after = decoded(cursor, 2)

    async def make() -> ChapterInsights:
        rows = await reads.database.rows(
            "chapters",
            course_id=course_id,
            chapter_id=chapter_id,
            after_course=after_course,
            after=after,
            limit=limit + 1,
        )
        last = rows[limit - 1] if len(rows) > limit else None
        return ChapterInsights(
            items=[_insight(reads, row) for row in rows[:limit]],
            next_cursor=last and encoded(last["course_id"] or "", last["chapter_id"]),
        )

    return await answered(request, (course_id, chapter_id, cursor, limit), make)


def _insight(reads: Reads, row: dict[str, Any]) -> ChapterInsight:
    return ChapterInsight(**row, findings=findings(row, reads.thresholds.students_least))


def findings(row: dict[str, Any], students_least: int) -> list[Finding]:
    """Returns what a chapter's numbers mean.

    Example:
        >>> row = {"unique_students": 30, "drop_off_rate": 0.6, "median_time_spent": 900, "expected_seconds": 300}
        >>> [str(finding) for finding in findings(row, 10)]
        ['many_leave', 'takes_longer_than_expected']
    """
    if row["unique_students"] < students_least:
        return [Finding.FEW_STUDENTS]
    found = [Finding.MANY_LEAVE] if (row["drop_off_rate"] or 0) >= MANY_LEAVE else []
    median, expected = row["median_time_spent"], row["expected_seconds"]
    if median is not None and expected:
        found += [Finding.TAKES_LONGER] if median > LONGER * expected else []
        found += [Finding.READ_FAST] if median < FAST * expected else []
    return found
