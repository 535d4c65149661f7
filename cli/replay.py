"""`classpulse replay`: publish a log to Kafka, in event-time order."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataflows.kafka.producer import Publisher
    from dataflows.settings import Settings
    from ingest.formats import Entry, Reader, Unreadable
    from ingest.formats.log import FormatName, Log
    from ingest.formats.moodle.reading import Options

app = typer.Typer()

SKIPPED_SHOWN = 20


@app.command()
def replay(  # noqa: PLR0913, PLR0917 (one parameter an option)
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Plain or gzip.")],
    log_format: Annotated[Literal["jsonl", "moodle"], typer.Option("--format", help="The files' format.")],
    speed: Annotated[float, typer.Option(min=0, help="0 = as fast as possible, 1 = as it happened.")] = 0,
    close: Annotated[bool, typer.Option("--close", help="End with ticks that make every window final.")] = False,
    as_if_now: Annotated[
        bool, typer.Option("--as-if-now", help="Shift the log so that it ends now (with --close: 65 min ago).")
    ] = False,
    keep_order: Annotated[bool, typer.Option("--keep-order", help="As the file lies, not by event time.")] = False,
    topic: Annotated[str | None, typer.Option(help="One topic for all (without prefix), not by content.")] = None,
    class_id: Annotated[
        str | None, typer.Option("--class", help="Moodle: the class, where no column names it.")
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

    Exit codes: 0 published, 1 refused, or nothing was published (the message says why).

    Example: classpulse replay moodle-log.csv.gz --format moodle --tz Europe/Berlin --close
    """
    from dataflows.events.text import tidy
    from dataflows.kafka.topics import TopicError
    from dataflows.settings import Settings
    from ingest.formats import FormatError
    from ingest.formats.moodle.reading import Options

    settings = Settings()
    options = Options(
        timezone=_zone(timezone or settings.timezone),
        class_id=class_id and tidy(class_id),
        course_id=course_id and tidy(course_id),
        date_order=date_order,
        year=year,
    )
    try:
        log = _load(files, log_format, options, keep_order=keep_order, topic=topic)
        if as_if_now:
            log = _shifted_to_now(log, settings, close=close)
        _prepare(log, settings)
        code = _publish(log, settings, speed=speed, close=close)
    except (TopicError, FormatError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        text = f"there is no time zone {name!r}; one is named like Europe/Berlin"
        raise typer.BadParameter(text, param_hint="--tz") from None


def _load(files: list[Path], log_format: FormatName, options: Options, *, keep_order: bool, topic: str | None) -> Log:
    from dataclasses import replace

    from ingest.formats import FormatError
    from ingest.formats.log import Log, read_log, reader_of

    reader = _watched(reader_of(log_format, options))
    log = read_log(files, reader, keep_order=keep_order, newest_first=log_format == "moodle")
    if not log.entries:
        _report_skipped(log)
        message = f"nothing was published: no event was found in {', '.join(map(str, files))}"
        raise FormatError(message)
    if topic is None:
        return log
    return Log([replace(entry, topic=topic) for entry in log.entries], log.skipped)


def _watched(reader: Reader) -> Reader:
    """Returns a reader that shows how far it has come."""
    from cli.progress import Progress

    def read(path: Path) -> Iterator[Entry | Unreadable]:
        with Progress(f"reading {path.name}", unit="records") as progress:
            for done, item in enumerate(reader(path), 1):
                if not done & 2047:
                    progress.at(done)
                yield item

    return read


def _shifted_to_now(log: Log, settings: Settings, *, close: bool) -> Log:
    from dataflows.kafka.ticks import CLOSE_AFTER_MS
    from ingest.formats.log import moved

    now_ms = time.time_ns() // 1_000_000
    span = log.span(now_ms + settings.max_future_s * 1000)
    if span is None:
        return log
    return moved(log, now_ms - (CLOSE_AFTER_MS if close else 0) - span[1])


def _prepare(log: Log, settings: Settings) -> None:
    """Creates the topics that are missing; refuses those that do not fit or are already past the log's start."""
    from dataflows.kafka.topics import TopicError, create_or_check, require_usable

    statuses = create_or_check(settings)
    require_usable(statuses)
    known = {status.name for status in statuses}
    unknown = {settings.topic(entry.topic) for entry in log.entries} - known
    if unknown and all(status.state != "unknown" for status in statuses):
        message = f"No such topic: {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}"
        raise TopicError(message)
    refuse_if_past(log, settings)


def refuse_if_past(log: Log, settings: Settings) -> None:
    """Raises if a topic holds events newer than the log's first: all that the log adds before them would be late.

    Raises:
        TopicError: Says which topic has come how far, and what to do.
    """
    from dataflows.kafka.tail import newest_event_ms
    from dataflows.kafka.topics import TopicError

    span = log.span(time.time_ns() // 1_000_000 + settings.max_future_s * 1000)
    if span is None:
        return
    topics = {settings.topic(entry.topic) for entry in log.entries}
    past = {name: ms for name, ms in sorted(newest_event_ms(settings, topics).items()) if ms > span[0]}
    if not past:
        return
    message = "\n".join(
        [
            f"The log starts at {_utc(span[0])}, and these topics are already past that:",
            *(f"  {name}: {_utc(ms)}" for name, ms in past.items()),
            "Its events would count as late. Give the log topics of its own: set CLASSPULSE_TOPIC_PREFIX to a new",
            "prefix (here and for `classpulse run`, with a database of its own), or move the log with --as-if-now.",
        ]
    )
    raise TopicError(message)


def _publish(log: Log, settings: Settings, *, speed: float, close: bool) -> int:
    from dataflows.kafka.producer import Publisher

    publisher = Publisher(settings)
    began = time.monotonic()
    sent: Counter[str] = Counter()
    interrupted = False
    try:
        _send_all(log, settings, publisher, speed, sent)
        publisher.flush()
    except KeyboardInterrupt:
        interrupted = True
        typer.echo("interrupted: what was sent is being flushed", err=True)
        publisher.flush()
    ticks = 0
    if close and not interrupted and not publisher.failed:
        ticks = close_log(log, settings, publisher)
    _report(log, sent, publisher, ticks, time.monotonic() - began)
    return 130 if interrupted else 1 if publisher.failed or len(publisher.producer) else 0


def _send_all(log: Log, settings: Settings, publisher: Publisher, speed: float, sent: Counter[str]) -> None:
    from cli.progress import Progress
    from dataflows.kafka.replayed import REPLAYED

    names = {entry.topic: settings.topic(entry.topic) for entry in log.entries}
    first = next((entry.event_ms for entry in log.entries if entry.event_ms is not None), 0)
    with Progress("publishing", len(log.entries)) as progress:
        began = time.monotonic()
        for done, entry in enumerate(log.entries, 1):
            if speed and entry.event_ms is not None:
                due = began + (entry.event_ms - first) / 1000 / speed
                while (wait := due - time.monotonic()) > 0:
                    publisher.producer.poll(min(wait, 0.5))
                    progress.at(done - 1)
            publisher.send(names[entry.topic], entry.key, entry.value, REPLAYED)
            sent[entry.topic] += 1
            if not done & 2047:
                progress.at(done)


def close_log(log: Log, settings: Settings, publisher: Publisher) -> int:
    """Ticks every partition of every input topic far enough to make each window of the log final.

    Returns:
        How many ticks were written.
    """
    from dataflows.kafka.ticks import CLOSE_AFTER_MS, send_ticks, tick_targets

    span = log.span(time.time_ns() // 1_000_000 + settings.max_future_s * 1000)
    if span is None:
        return 0
    targets = tick_targets(settings)
    send_ticks(publisher, targets, span[1] + CLOSE_AFTER_MS)
    publisher.flush()
    return len(targets)


def _report(log: Log, sent: Counter[str], publisher: Publisher, ticks: int, seconds: float) -> None:
    total = sum(sent.values())
    typer.echo(f"published {total - publisher.failed:,} of {len(log.entries):,} events in {seconds:.1f} s")
    for name, count in sent.most_common():
        typer.echo(f"  {name}: {count:,}")
    if ticks:
        typer.echo(f"closed with {ticks} ticks")
    for remark, count in Counter(entry.remark for entry in log.entries if entry.remark).most_common():
        typer.echo(f"{count:,} rows {remark}: kept in events, counted for no student")
    _report_skipped(log)
    if publisher.failed:
        typer.echo(f"Kafka did not take {publisher.failed:,} records: {publisher.last_error}", err=True)


def _report_skipped(log: Log) -> None:
    typer.echo(f"skipped {len(log.skipped):,} unreadable lines")
    for name, item in log.skipped[:SKIPPED_SHOWN]:
        typer.echo(f"  {name}:{item.line}: {item.why}")
    if len(log.skipped) > SKIPPED_SHOWN:
        more = ", ".join(f"{name}:{item.line}" for name, item in log.skipped[SKIPPED_SHOWN:])
        typer.echo(f"  and {more}")


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(sep=" ", timespec="seconds")
