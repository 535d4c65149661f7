"""Who is here, as numbers: for the GET route and for the stream alike."""

from __future__ import annotations

from typing import Any, Final

from api.reads.answers import ActiveStudents, ClassHeadcount, State
from api.reads.database import Row
from api.reads.service import Reads

WATCHED_ALONE: Final = 3
"""So many streams are asked for one by one."""


async def headcount(reads: Reads, classes: list[str] | None, class_id: str | None) -> ActiveStudents:
    """Returns the numbers of some classes together and each, as of now; None is everybody."""
    fresh = await reads.freshness()
    total, *named = await _rows(reads, classes, class_id)
    title = named[0]["title"] if class_id is not None and named else None
    return ActiveStudents(
        **_numbers(total),
        **fresh,
        class_id=class_id,
        title=title,
        state=state(total, fresh, reads.thresholds.lag_stalled_s),
        items=[ClassHeadcount(**row) for row in named],
    )


async def _rows(reads: Reads, classes: list[str] | None, class_id: str | None) -> list[Row]:
    """Returns the row of all together and those of each class.

    Everybody costs as much as four classes. Where more are watched, they are taken from one question for everybody: a
    class has the same numbers there, since nobody counts twice in a class.
    """
    alone = class_id is not None and len(reads.hub.channels) <= WATCHED_ALONE
    if alone or (class_id is None and classes is not None):
        return await reads.database.rows("headcount", classes=classes)
    total, *each = await reads.counts.get("all", lambda: reads.database.rows("headcount", classes=None))
    if class_id is None:
        return [total, *each]
    found = [row for row in each if row["class_id"] == class_id]
    return found * 2 or await reads.database.rows("headcount", classes=classes)


def state(total: dict[str, Any], fresh: dict[str, Any], stalled_s: float) -> State:
    """Returns what the numbers are numbers of; the boards say the same (`_state.sql`).

    Args:
        total: The row of all together.
        fresh: How far the flow is.
        stalled_s: From which lag on the numbers say nothing about the class.
    """
    if fresh["as_of"] is None:
        return State.NO_DATA
    if fresh["lag_seconds"] >= stalled_s:
        return State.STALLED
    if total["present"] == 0:
        if total["enrolled"] == 0 and total["last_active_at"] is None:
            return State.UNKNOWN
        return State.QUIET
    return State.NO_ROSTER if total["enrolled"] == 0 else State.LIVE


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"class_id", "title", "grade"}}
