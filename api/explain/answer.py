"""What an explanation is made of, for the route and the command alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from api.explain.numbers import NUMBERS, Number
from api.reads.answers import LatestEvent
from api.reads.database import Database, Row
from api.reads.faults import wrong

IN_NUMBER = "query.number"
IN_SCOPE = "query.scope"
IN_AT = "query.at"
BEHIND = 50
MINUTE = timedelta(minutes=1)


class Definition(BaseModel):
    """By which definition a number was computed."""

    version: int = Field(examples=[2])
    formula: str
    unit: str = Field(examples=["students"])
    source: str = Field(description="The view that has it.", examples=["class_students"])


class Explanation(BaseModel):
    """How a number came about."""

    number: str = Field(examples=["active_5m"])
    title: str
    scope: str = Field(examples=["class:7B"])
    at: datetime | None = Field(description="Of when it is: the minute's start, or the clock's now.")
    value: float | None = Field(examples=[22])
    definition: Definition
    inputs: dict[str, Any] = Field(description="What went into it, settings included.")
    watermark: datetime | None = Field(description="How far the events have been counted.")
    lag_seconds: float | None
    late_events_10m: int = Field(description="Events of the last ten minutes that came too late for their minute.")
    late_added_that_day: int = Field(description="Late events that the nightly run has added to that day.")
    is_final: bool
    finality: str = Field(description="Final or provisional, and until when.")
    events: list[LatestEvent] | None = Field(
        default=None, description="The events behind it, the latest 50; null for who may not see them."
    )


def parsed_scope(number: Number, scope: str) -> tuple[str, str]:
    """Returns a scope's kind and id.

    Raises:
        ProblemError: The number has no such scope (422).

    Example:
        >>> parsed_scope(NUMBERS["present"], "class:7B")
        ('class', '7B')
    """
    kind, _, scope_id = scope.partition(":")
    if kind not in number.scopes or bool(scope_id) == (kind == "all"):
        forms = ", ".join(each if each == "all" else f"{each}:ID" for each in number.scopes)
        raise wrong(IN_SCOPE, f"{number.name} has the scopes {forms}")
    return kind, scope_id or "all"


def known(name: str) -> Number:
    """Returns the number of a name.

    Raises:
        ProblemError: There is none (422).
    """
    if name not in NUMBERS:
        raise wrong(IN_NUMBER, f"one of {', '.join(NUMBERS)}")
    return NUMBERS[name]


async def explain(
    database: Database, number: Number, scope: tuple[str, str], at: datetime | None, *, classes: list[str] | None
) -> Explanation:
    """Explains a number.

    Args:
        database: Where it is.
        number: Which.
        scope: Kind and id.
        at: The minute for what is kept by minute, the last begun one without; None for what is so now.
        classes: Of which classes the events behind it are shown; an empty list for none.
    """
    kind, scope_id = scope
    flow = await database.row("explain_flow", at=at)
    if number.moment == "now":
        if at is not None:
            raise wrong(IN_AT, f"{number.name} is so now; what was is kept by minute: ask active_5m or student_score")
        value, inputs = await _now(database, number, kind, scope_id)
        since, until = flow["now"] - timedelta(seconds=inputs["idle_after_s"]), flow["now"]
        shown, final, words = (
            flow["now"],
            False,
            "Provisional: computed when asked, from what the flow had counted by then.",
        )
    else:
        row = await _kept(database, number, kind, scope_id, (at or flow["now"]).replace(second=0, microsecond=0))
        value, inputs, shown = row["value"], row["inputs"], row["minute"]
        since, until = (shown - 4 * MINUTE if number.name == "active_5m" else shown), shown + MINUTE
        final, words = _finality(row)
    events = await _events(database, kind, scope_id, classes, since, until)
    return Explanation(
        number=number.name,
        title=number.title,
        scope=kind if kind == "all" else f"{kind}:{scope_id}",
        at=shown,
        value=value,
        definition=Definition(version=number.version, formula=number.formula, unit=number.unit, source=number.source),
        inputs=inputs,
        watermark=flow["as_of"],
        lag_seconds=flow["lag_seconds"],
        late_events_10m=flow["late_events_10m"],
        late_added_that_day=flow["late_added"],
        is_final=final,
        finality=words,
        events=events,
    )


async def _now(database: Database, number: Number, kind: str, scope_id: str) -> tuple[float | None, dict[str, Any]]:
    classes = None if kind == "all" else [scope_id]
    total = (await database.rows("headcount", classes=classes))[0]
    settings = await database.row("explain_settings")
    counted = ("active_students", "idle_students", "present", "absent", "enrolled", "last_active_at")
    value = total[number.name]
    return None if value is None else float(value), {name: total[name] for name in counted} | settings


async def _kept(database: Database, number: Number, kind: str, scope_id: str, minute: datetime) -> Row:
    query = "explain_minute" if number.moment == "minute" else "explain_student"
    row = await database.row(query, scope=kind, scope_id=scope_id, minute=minute)
    if number.moment == "minute":
        row["inputs"] = {"events": row["events"], "active_5m": row["active_5m"], **row["inputs"]}
        row["value"] = float(row[number.name])
    return row


def _finality(row: Row) -> tuple[bool, str]:
    until = f"{row['final_at']:%Y-%m-%d %H:%M:%S} UTC"
    if row["is_final"]:
        return True, f"Final: the watermark has passed {until}. Only the nightly run adds late events to such a day."
    return False, f"Provisional: events may still come until the watermark passes {until}."


async def _events(  # noqa: PLR0913 - what bounds the events
    database: Database, kind: str, scope_id: str, classes: list[str] | None, since: datetime, until: datetime
) -> list[LatestEvent] | None:
    """Returns the events behind a number, of the classes that may be seen; views keep the last hour of them."""
    if classes == []:
        return None
    rows = await database.rows(
        "explain_events", scope=kind, scope_id=scope_id, classes=classes, since=since, until=until, limit=BEHIND
    )
    return [LatestEvent(**row) for row in rows]
