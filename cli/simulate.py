"""`classpulse simulate`: publish a school day in real time."""

from __future__ import annotations

import csv
import json
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataflows.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from dataflows.kafka.producer import Publisher
    from dataflows.settings import Settings
    from simulation.day import SchoolDay
    from simulation.faults import Truth
    from simulation.platform import Sent
    from simulation.whereabouts import Stay

app = typer.Typer(add_completion=False)

# how long a record may wait for Kafka; one that waits for longer ends the simulation
DELIVERY_S = 30.0
# how long an end waits for what was sent last
FLUSH_S = 10.0
# so many records wait where Kafka is away, and students need not say that they leave
WAITING = 10_000


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
    write_roster: Annotated[Path | None, typer.Option(help="Write the school's roster here as csv.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Publish a realistic, reproducible school day to Kafka, in real time, never ahead of the clock.

    The truth is what measured time can be held against: one row (student_id, chapter_id, start_ms, end_ms) for each
    stretch of time that a student was on a chapter, neither idle nor looking at something else.

    The first lesson begins now. Progress ticks are written by `classpulse tick`.

    Example: classpulse simulate --students 500 --rate 200 --seconds 60
    """
    from dataflows.kafka.producer import Publisher
    from dataflows.kafka.topics import create_or_check, require_usable
    from dataflows.settings import Settings
    from simulation.day import SchoolDay
    from simulation.faults import Faults
    from simulation.platform import Platform
    from simulation.school import build_school

    settings = Settings()
    school = build_school(students, seed, fast_clocks=fast_clocks)
    require_usable(create_or_check(settings))
    start_ms = time.time_ns() // 1_000_000
    if write_roster:
        _write_roster(school, write_roster, start_ms, settings)
    faults = Faults(late, duplicates, fast_clocks, broken)
    platform = Platform(chapter_views, learning_events, second_tabs)
    typer.echo(f"{len(school.classes)} classes, {school.students} students, {rate:g} events/s", err=as_json)
    publisher = Publisher(settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000)})
    with _truth_file(truth) as tell:
        day = SchoolDay(school, start_ms, rate, faults=faults, flat=flat, platform=platform, tell=tell)
        _run_until_stopped(day, publisher, settings, seconds, rate)
    _report(day.truth, publisher, as_json=as_json)
    if publisher.failed or len(publisher.producer):
        message = (
            f"Kafka did not take {publisher.failed + len(publisher.producer):,} records within {DELIVERY_S:.0f} s: "
            f"{publisher.last_error or 'it does not answer'}. Start it, then simulate again; `classpulse doctor` tells "
            "more."
        )
        raise UnavailableError(message)


def _write_roster(school: Any, folder: Path, start_ms: int, settings: Settings) -> None:
    from simulation.roster_files import write_roster

    files = write_roster(school, folder, start_ms, settings.timezone)
    typer.echo(f"roster: classpulse roster load {' '.join(str(file) for file in files)}", err=True)


@contextmanager
def _truth_file(path: Path | None) -> Iterator[Callable[[Stay], object] | None]:
    """Gives what writes stretches of time to a csv file; None where none is wanted."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("student_id", "chapter_id", "start_ms", "end_ms"))
        yield rows.writerow


def _run_until_stopped(day: SchoolDay, publisher: Publisher, settings: Settings, seconds: float, rate: float) -> None:
    from cli.progress import Progress

    def on_sigterm(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        with Progress("simulating", seconds * rate or None) as progress:
            for topic, key, value in in_real_time(day.everything(seconds or None), publisher, progress.at):
                publisher.send(settings.topic(topic), key, value)
                if publisher.failed:  # a day with holes is no day
                    break
        publisher.flush(DELIVERY_S + 1)
    except KeyboardInterrupt:
        typer.echo("stopped: what was sent is being flushed", err=True)
        if len(publisher.producer) < WAITING:
            for topic, (_, key, value) in day.leave():
                publisher.send(settings.topic(topic), key, value)
        publisher.flush(FLUSH_S)
    finally:
        # whoever asks again to stop does not wait for what Kafka does not take
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def in_real_time(
    records: Iterator[Sent], publisher: Publisher, show: Any, *, look_every_s: float = 0.25
) -> Iterator[tuple[str, bytes, bytes]]:
    """Yields each record's topic, key and value once the clock has reached its arrival.

    Args:
        records: In the order of their arrival.
        publisher: Served while nothing is due.
        show: Called now and then with the number of records so far and a note.
        look_every_s: The longest wait between two looks at the clock.
    """
    now_ms = time.time() * 1000
    shown = 0.0
    done = 0
    for done, (topic, (at_ms, key, value)) in enumerate(records, 1):
        while at_ms > now_ms:
            now_ms = time.time() * 1000
            if at_ms > now_ms:
                publisher.producer.poll(min(look_every_s, (at_ms - now_ms) / 1000))
                now_ms = time.time() * 1000
        if now_ms - shown > 500:
            publisher.producer.poll(0)
            now_ms = time.time() * 1000
            behind_s = (now_ms - at_ms) / 1000
            waiting = len(publisher.producer)
            notes = [f"{behind_s:.0f} s behind"] * (behind_s > 2) + [f"{waiting:,} wait for Kafka"] * (waiting > 2000)
            show(done, ", ".join(notes))
            shown = now_ms
        yield topic, key, value
    show(done, "")


def _report(truth: Truth, publisher: Publisher, *, as_json: bool) -> None:
    facts = {
        "records": publisher.sent - publisher.failed,
        "accepted": truth.accepted,
        "duplicates": truth.duplicates,
        "late": truth.late,
        "fast_clocks": truth.fast,
        "broken": dict(truth.broken),
        "beside": dict(truth.beside),
        "events": dict(truth.names.most_common()),
        "failed": publisher.failed,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(
        f"published {publisher.sent - publisher.failed:,} records: {truth.accepted:,} events ({truth.late:,} late, "
        f"{truth.fast:,} with a fast clock), {truth.duplicates:,} repeats, {truth.broken.total():,} broken"
    )
    typer.echo("  " + ", ".join(f"{name} {count:,}" for name, count in truth.names.most_common()))
    if truth.beside:
        typer.echo("beside the clickstream: " + ", ".join(f"{name} {n:,}" for name, n in truth.beside.most_common()))
