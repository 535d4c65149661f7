"""`classpulse replay`: publish a log to Kafka, in event-time order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dataflows.settings import Settings
    from ingest.formats import Item, Reader
    from ingest.formats.log import FormatName, Log
    from ingest.formats.moodle.reading import Options

app = typer.Typer(add_completion=False)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 (one parameter an option)
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Plain, gzip, bzip2, xz, or a zip of one file; oulad: directories."),
    ],
    log_format: Annotated[
        Literal["jsonl", "moodle", "edx", "xapi", "caliper", "oulad"],
        typer.Option("--format", help="The files' format."),
    ],
    speed: Annotated[float, typer.Option(min=0, help="0 = as fast as possible, 1 = as it happened.")] = 0,
    close: Annotated[bool, typer.Option("--close", help="End with ticks that make every window final.")] = False,
    as_if_now: Annotated[
        bool, typer.Option("--as-if-now", help="Shift the log so that it ends now (with --close: 65 min ago).")
    ] = False,
    keep_order: Annotated[bool, typer.Option("--keep-order", help="As the file lies, not by event time.")] = False,
    topic: Annotated[str | None, typer.Option(help="One topic for all (without prefix), not by content.")] = None,
    class_id: Annotated[
        str | None, typer.Option("--class", help="The class of events of other platforms that name none.")
    ] = None,
    course_id: Annotated[
        str | None, typer.Option("--course", help="Moodle: the course of rows that name none by its id.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--tz", help="Moodle: the zone of the file's times; else CLASSPULSE_TIMEZONE.")
    ] = None,
    date_order: Annotated[
        Literal["dmy", "mdy", "ymd"] | None,
        typer.Option("--date-order", help="Moodle: what 04/05/21 begins with; else the file decides."),
    ] = None,
    year: Annotated[
        int | None, typer.Option(min=2000, max=2099, help="Moodle: the year of dates that have none.")
    ] = None,
) -> None:
    """Publish a log to Kafka, keyed by student; every line is published or reported as skipped.

    Exit codes: 0 published, 1 Kafka did not take all of it, 3 refused, and nothing was published.

    Example: classpulse replay moodle-log.csv.gz --format moodle --tz Europe/Berlin --close
    """
    from dataflows.events.text import tidy
    from dataflows.settings import Settings
    from ingest.formats.moodle.reading import Options
    from ingest.replay import moved_to_now, prepare

    settings = Settings()
    options = Options(
        timezone=_zone(timezone or settings.timezone),
        class_id=class_id and tidy(class_id),
        course_id=course_id and tidy(course_id),
        date_order=date_order,
        year=year,
    )
    _check_kinds(files, log_format)
    log = _load(files, log_format, options, keep_order=keep_order, topic=topic)
    if as_if_now:
        log = moved_to_now(log, settings, close=close)
    prepare(log, settings)
    raise typer.Exit(_publish(log, settings, speed=speed, close=close))


def _check_kinds(files: list[Path], log_format: FormatName) -> None:
    for path in files:
        if path.is_dir() and log_format != "oulad":
            text = f"{path} is a directory; only --format oulad reads one"
            raise typer.BadParameter(text, param_hint="FILES")


def _zone(name: str) -> str:
    from dataflows.clock_settings import known_zone

    try:
        return known_zone(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--tz") from None


def _load(files: list[Path], log_format: FormatName, options: Options, *, keep_order: bool, topic: str | None) -> Log:
    from dataclasses import replace

    from ingest import account
    from ingest.formats import FormatError
    from ingest.formats.log import read_log, reader_of

    reader = _watched(reader_of(log_format, options))
    log = read_log(files, reader, keep_order=keep_order, newest_first=log_format == "moodle")
    if not log.entries:
        _say(account.skipped(log))
        message = f"nothing was published: no event was found in {', '.join(map(str, files))}"
        raise FormatError(message)
    if topic is None:
        return log
    return replace(log, entries=[replace(entry, topic=topic) for entry in log.entries])


def _watched(reader: Reader) -> Reader:
    """Returns a reader that shows how far it has come."""
    from cli.progress import Progress

    def read(path: Path) -> Iterator[Item]:
        with Progress(f"reading {path.name}", unit="records") as progress:
            for done, item in enumerate(reader(path), 1):
                if not done & 2047:
                    progress.at(done)
                yield item

    return read


def _publish(log: Log, settings: Settings, *, speed: float, close: bool) -> int:
    from cli.progress import Progress
    from ingest import account
    from ingest.replay import publish

    def interrupted() -> None:
        typer.echo("interrupted: what was sent is being flushed", err=True)

    with Progress("publishing", len(log.entries)) as progress:
        done = publish(log, settings, progress.at, interrupted, speed=speed, close=close)
    _say(account.lines(log, done))
    if done.failed:
        typer.echo(f"Kafka did not take {done.failed:,} records: {done.error}", err=True)
    return 130 if done.interrupted else 0 if done.is_complete else 1


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
