"""`classpulse explain`: how a number came about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.explain.answer import Explanation

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    number: Annotated[str, typer.Argument(help="active_students, idle_share, engagement_score, active_5m, events, …")],
    *,
    scope: Annotated[str, typer.Option(help="all, class:7B, student:ID, …")] = "all",
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"], help="A minute, UTC.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Show the events behind it: they name students.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Explain a number: formula and version, inputs, watermark, late events, final or provisional.

    Example: classpulse explain active_5m --scope class:7B --at 2026-03-02T10:00
    """
    import asyncio

    from api.problems import ProblemError
    from dataflows.errors import UserError

    try:
        found = asyncio.run(_explained(number, scope, at, events=events))
    except ProblemError as problem:
        raise UserError(problem.detail) from problem
    if found.events:
        _note(number, sorted({event.student_id for event in found.events}))
    typer.echo(found.model_dump_json(indent=2) if as_json else _in_words(found))


def _note(number: str, students: list[str]) -> None:
    """Notes who reads of whom, before anything is shown."""
    import psycopg

    from dataflows.settings import Settings
    from db.access import audit

    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        audit.record(connection, reader=connection.info.user, via="explain", what=number, student_ids=students)


async def _explained(number: str, scope: str, at: datetime | None, *, events: bool) -> Explanation:
    from datetime import UTC

    from api.explain.answer import explain, known, parsed_scope
    from api.reads.database import Database
    from dataflows.events.text import tidy
    from dataflows.settings import Settings

    wanted = known(number)
    place = parsed_scope(wanted, tidy(scope))
    database = Database(Settings().database_url.get_secret_value())
    await database.open()
    try:
        minute = at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
        return await explain(database, wanted, place, minute, classes=None if events else [])
    finally:
        await database.close()


def _in_words(found: Explanation) -> str:
    value = "nothing" if found.value is None else f"{found.value:g} {found.definition.unit}"
    lines = [
        f"{found.title} ({found.number}), {found.scope}, {found.at:%Y-%m-%d %H:%M:%S} UTC: {value}",
        "",
        f"  formula    {found.definition.formula} (version {found.definition.version}, view {found.definition.source})",
        *(f"  input      {name} = {value}" for name, value in found.inputs.items()),
        f"  watermark  {found.watermark or 'none yet'}"
        + ("" if found.lag_seconds is None else f", {found.lag_seconds:.1f} s behind the clock"),
        f"  late       {found.late_events_10m} in the last ten minutes, {found.late_added_that_day} added to that day",
        f"  {found.finality}",
    ]
    for event in found.events or []:
        who = event.display_name or event.student_id
        lines.append(
            f"  event      {event.event_time:%H:%M:%S} {who} {event.event_name} {event.chapter_id or ''}".rstrip()
        )
    return "\n".join(lines)
