"""Publishing a log: refused where it would be late, as fast as it goes or as it happened, closed where wished."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dataflows.kafka.producer import Publisher
from dataflows.kafka.replayed import REPLAYED
from dataflows.kafka.tail import newest_event_ms
from dataflows.kafka.ticks import CLOSE_AFTER_MS, send_ticks, tick_targets
from dataflows.kafka.topics import TopicError, create_or_check, require_usable
from dataflows.settings import Settings
from ingest.formats.log import Log, moved

_SHOWN_EVERY = 2048


@dataclass(slots=True)
class Published:
    """What became of a log.

    Attributes:
        sent: Records that were sent, by topic (without prefix).
        failed: How many of them Kafka did not take.
        left: How many were still on their way at the end.
        error: Why it did not take the last of them.
        ticks: How many ticks closed the log.
        seconds: How long it took.
        interrupted: Whether somebody stopped it before its end.
    """

    sent: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    left: int = 0
    error: str = ""
    ticks: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether Kafka has all that was sent."""
        return not self.failed and not self.left


def span_of(log: Log, settings: Settings) -> tuple[int, int] | None:
    """Returns the first and last event time in epoch milliseconds, clocks that run ahead left out; None without any."""
    return log.span(time.time_ns() // 1_000_000 + settings.max_future_s * 1000)


def moved_to_now(log: Log, settings: Settings, *, close: bool) -> Log:
    """Returns the log moved so that it ends now, or, where it shall be closed, as long ago as that takes."""
    span = span_of(log, settings)
    if span is None:
        return log
    return moved(log, time.time_ns() // 1_000_000 - (CLOSE_AFTER_MS if close else 0) - span[1])


def prepare(log: Log, settings: Settings) -> None:
    """Creates the topics that are missing.

    Raises:
        TopicError: Where topics do not fit, or are already past the log's start.
    """
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
    span = span_of(log, settings)
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


def publish(  # noqa: PLR0913
    log: Log,
    settings: Settings,
    show: Callable[[int], None],
    interrupted: Callable[[], None],
    *,
    speed: float = 0,
    close: bool = False,
) -> Published:
    """Publishes a log, each record marked as replayed; Ctrl-C ends it in order.

    Args:
        log: The log.
        settings: How Kafka is reached, and the topics' prefix.
        show: Called now and then with the number of records so far.
        interrupted: Called at Ctrl-C, before what was sent is flushed.
        speed: 0 for as fast as possible, 1 for as it happened.
        close: Whether to end with ticks that make every window of the log final.
    """
    publisher, done, began = Publisher(settings), Published(), time.monotonic()
    try:
        _send_all(log, settings, publisher, speed, done.sent, show)
        publisher.flush()
    except KeyboardInterrupt:
        done.interrupted = True
        interrupted()
        publisher.flush()
    if close and not done.interrupted and not publisher.failed:
        done.ticks = close_log(log, settings, publisher)
    done.failed, done.left, done.error = publisher.failed, len(publisher.producer), publisher.last_error
    done.seconds = time.monotonic() - began
    return done


def _send_all(  # noqa: PLR0913
    log: Log, settings: Settings, publisher: Publisher, speed: float, sent: Counter[str], show: Callable[[int], None]
) -> None:
    names = {entry.topic: settings.topic(entry.topic) for entry in log.entries}
    first = next((entry.event_ms for entry in log.entries if entry.event_ms is not None), 0)
    began = time.monotonic()
    for done, entry in enumerate(log.entries, 1):
        if speed and entry.event_ms is not None:
            due = began + (entry.event_ms - first) / 1000 / speed
            while (wait := due - time.monotonic()) > 0:
                publisher.producer.poll(min(wait, 0.5))
                show(done - 1)
        publisher.send(names[entry.topic], entry.key, entry.value, REPLAYED)
        sent[entry.topic] += 1
        if done % _SHOWN_EVERY == 0:
            show(done)


def close_log(log: Log, settings: Settings, publisher: Publisher) -> int:
    """Ticks every partition of every input topic far enough to make each window of the log final.

    Returns:
        How many ticks were written.
    """
    span = span_of(log, settings)
    if span is None:
        return 0
    targets = tick_targets(settings)
    send_ticks(publisher, targets, span[1] + CLOSE_AFTER_MS)
    publisher.flush()
    return len(targets)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(sep=" ", timespec="seconds")
