"""`classpulse simulate`: publish a school day in real time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dataflows.settings import Settings
    from simulation.school import School

app = typer.Typer(add_completion=False)


@app.command()
def simulate(  # noqa: PLR0913, PLR0917 (one parameter an option)
    students: Annotated[int, typer.Option(min=1, help="How many students the school has.")] = 1000,
    rate: Annotated[float, typer.Option(min=0.1, help="Events per second in a lesson.")] = 100,
    seconds: Annotated[float, typer.Option(min=0, help="How long; 0 = until Ctrl-C or SIGTERM.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 7,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of events that come minutes late.")] = 0.01,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of events that are sent twice.")] = 0.01,
    fast_clocks: Annotated[float, typer.Option(min=0, max=1, help="Share of students with a fast clock.")] = 0.005,
    broken: Annotated[float, typer.Option(min=0, max=1, help="Share of events that will be rejected.")] = 0.002,
    flat: Annotated[bool, typer.Option("--flat", help="Lessons without breaks and nights.")] = False,
    chapter_views: Annotated[bool, typer.Option("--chapter-views", help="Also send each visit of a chapter.")] = False,
    learning_events: Annotated[
        bool, typer.Option("--learning-events", help="Also send logins, quizzes and modules as learning events.")
    ] = False,
    second_tabs: Annotated[
        float, typer.Option(min=0, max=1, help="Share of activities in a second tab, in front of the first.")
    ] = 0,
    truth: Annotated[Path | None, typer.Option(help="Write where each student really was here, as csv.")] = None,
    write_roster: Annotated[Path | None, typer.Option(help="Write the school's roster and content here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Publish a realistic, reproducible school day to Kafka, in real time, never ahead of the clock.

    The truth is what measured time can be held against: one row (student_id, chapter_id, start_ms, end_ms) for each
    stretch of time that a student was on a chapter, neither idle nor looking at something else.

    The first lesson begins now. Progress ticks are written by `classpulse tick`.

    Example: classpulse simulate --students 500 --rate 200 --seconds 60
    """
    from cli.progress import Progress
    from dataflows.kafka.topics import create_or_check, require_usable
    from dataflows.settings import Settings
    from simulation import publishing
    from simulation.day import SchoolDay
    from simulation.faults import Faults
    from simulation.platform import Platform
    from simulation.school import build_school

    settings = Settings()
    school = build_school(students, seed, fast_clocks=fast_clocks)
    require_usable(create_or_check(settings))
    start_ms = time.time_ns() // 1_000_000
    if write_roster:
        _write_files(school, write_roster, start_ms, settings)
    faults = Faults(late, duplicates, fast_clocks, broken)
    platform = Platform(chapter_views, learning_events, second_tabs)
    typer.echo(f"{len(school.classes)} classes, {school.students} students, {rate:g} events/s", err=as_json)
    publisher = publishing.publisher(settings)
    with publishing.truth_file(truth) as tell, Progress("simulating", seconds * rate or None) as progress:
        day = SchoolDay(school, start_ms, rate, faults=faults, flat=flat, platform=platform, tell=tell)
        publishing.publish(day, publisher, settings, seconds, progress.at, _say_stopped)
    if as_json:
        typer.echo(json.dumps(publishing.facts(day.truth, publisher)))
    else:
        for line in publishing.lines(day.truth, publisher):
            typer.echo(line)
    publishing.require_all_taken(publisher)


def _say_stopped() -> None:
    typer.echo("stopped: what was sent is being flushed", err=True)


def _write_files(school: School, folder: Path, start_ms: int, settings: Settings) -> None:
    from simulation.content_files import write_content
    from simulation.roster_files import write_roster

    files = write_roster(school, folder, start_ms, settings.timezone)
    typer.echo(f"roster: classpulse roster load {' '.join(str(file) for file in files)}", err=True)
    typer.echo(f"titles: classpulse content load {write_content(school, folder)}", err=True)
