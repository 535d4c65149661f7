"""`classpulse features build`: rows to learn from, by what was known when each day ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)


class Clock(StrEnum):
    """When an event was known."""

    WALL = "wall"
    DATA = "data"


@app.callback()
def features() -> None:
    """Rows to learn from: a student, a course and a day, without a look into the future."""


@app.command()
def build(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="Local time. Nothing that was known later is in it. Default: as late as events are read.",
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="So many local days, the last one that of --as-of.")] = 28,
    out: Annotated[Path, typer.Option(help="The file; .csv gives CSV, anything else Parquet.")] = Path(
        "features.parquet"
    ),
    clock: Annotated[
        Clock, typer.Option(help="wall: known when it came. data: of a replayed log, by the log's own time.")
    ] = Clock.WALL,
) -> None:
    """Build features: a row is a student x course x local day, by what was known when the day ended.

    Events come from the lake and from table events, so it makes no difference when they are done: a day that is over
    has the same row today and in a year. An event that came late is in the rows of the days from which on it was known,
    and in none before; enrolments and items are as they were then. docs/features.md lists the columns.

    Example: classpulse features build --as-of 2026-11-30 --days 60 --out features.parquet
    """
    from zoneinfo import ZoneInfo

    from dataflows.lake.store import in_words
    from dataflows.settings import Settings
    from dataflows.sink.connection import APPLICATION, connect
    from models.features.build import build as build_features

    settings = Settings()
    cut = None if as_of is None else as_of.replace(tzinfo=ZoneInfo(settings.timezone))
    form = "csv" if out.suffix == ".csv" else "parquet"
    with in_words(), connect(settings.database_url.get_secret_value(), f"{APPLICATION}-features") as connection:
        done = build_features(
            connection,
            settings,
            out,
            as_of=cut,
            days=days,
            clock=clock.value,
            form=form,  # type: ignore[arg-type]
        )
    typer.echo(
        f"{out}: {done.rows:,} rows of {done.students:,} students, as known at {done.as_of:%Y-%m-%d %H:%M:%S %Z}"
    )
    if not done.rows and clock is Clock.WALL:
        typer.echo("of a replayed log all was known only when it was replayed: try --clock data", err=True)
