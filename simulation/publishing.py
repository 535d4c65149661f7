"""A simulated day on its way to Kafka: each record when its time has come, until it is over or somebody stops it."""

from __future__ import annotations

import csv
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from dataflows.errors import UnavailableError
from dataflows.kafka.producer import Publisher
from dataflows.settings import Settings
from simulation.day import SchoolDay
from simulation.faults import Truth
from simulation.platform import Sent
from simulation.whereabouts import Stay

DELIVERY_S: Final = 30.0
"""How long a record may wait for Kafka; one that waits for longer ends the simulation."""

FLUSH_S: Final = 10.0
"""How long an end waits for what was sent last."""

SLICE_S: Final = 0.5
"""How soon a signal is heard while the end waits for Kafka."""

WAITING: Final = 10_000
"""So many records wait where Kafka is away, and students need not say that they leave."""

Show = Callable[[int, str], object]


def publisher(settings: Settings) -> Publisher:
    """Returns a producer that gives up on a record after `DELIVERY_S`."""
    return Publisher(settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000)})


def publish(  # noqa: PLR0913
    day: SchoolDay,
    publisher: Publisher,
    settings: Settings,
    seconds: float,
    show: Show,
    stopped: Callable[[], object],
) -> None:
    """Publishes a day in real time; Ctrl-C and SIGTERM end it in order, a second one at once.

    Args:
        day: The day.
        publisher: Where it goes.
        settings: The topics' prefix.
        seconds: How long; 0 until somebody stops it.
        show: Called now and then with the number of records so far and a note.
        stopped: Called when somebody stops it, before what was sent is flushed.

    Raises:
        UnavailableError: Kafka did not take all of it.
    """
    with _stop_on_signals() as stop:
        for topic, key, value in in_real_time(day.everything(seconds or None), publisher, show, stop.is_set):
            publisher.send(settings.topic(topic), key, value)
            if publisher.failed:  # a day with holes is no day
                break
        gives_up_s = time.monotonic() + DELIVERY_S + 1
        while not stop.is_set() and publisher.flush(SLICE_S) and time.monotonic() < gives_up_s:
            pass
        if stop.is_set():
            stopped()
            if len(publisher.producer) < WAITING:
                for topic, (_, key, value) in day.leave():
                    publisher.send(settings.topic(topic), key, value)
            publisher.flush(FLUSH_S)


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Yields what the first Ctrl-C or SIGTERM sets, so that none comes between a record and its count.

    Whoever asks again does not wait for what Kafka does not take.
    """
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in watched}
    for number in watched:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number in watched:
            signal.signal(number, before[number])


def require_all_taken(publisher: Publisher) -> None:
    """Does nothing where Kafka has all that was published.

    Raises:
        UnavailableError: It has not.
    """
    if publisher.failed or len(publisher.producer):
        message = (
            f"Kafka did not take {publisher.failed + len(publisher.producer):,} records within {DELIVERY_S:.0f} s: "
            f"{publisher.last_error or 'it does not answer'}. Start it, then simulate again; `classpulse doctor` tells "
            "more."
        )
        raise UnavailableError(message)


def in_real_time(
    records: Iterator[Sent],
    publisher: Publisher,
    show: Show,
    stopping: Callable[[], bool] = lambda: False,
    *,
    look_every_s: float = 0.25,
) -> Iterator[tuple[str, bytes, bytes]]:
    """Yields each record's topic, key and value once the clock has reached its arrival, until it is to stop.

    Args:
        records: In the order of their arrival.
        publisher: Served while nothing is due.
        show: Called now and then with the number of records so far and a note.
        stopping: Whether it is to stop.
        look_every_s: The longest wait between two looks at the clock.
    """
    now_ms = time.time() * 1000
    shown = 0.0
    done = 0
    for done, (topic, (at_ms, key, value)) in enumerate(records, 1):
        while at_ms > now_ms and not stopping():
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
        if stopping():
            return
        yield topic, key, value
    show(done, "")


@contextmanager
def truth_file(path: Path | None) -> Iterator[Callable[[Stay], object] | None]:
    """Gives what writes stretches of time to a csv file; None where none is wanted."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("student_id", "chapter_id", "start_ms", "end_ms"))
        yield rows.writerow


def facts(truth: Truth, publisher: Publisher) -> dict[str, Any]:
    """Returns what was published, for programs."""
    return {
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


def lines(truth: Truth, publisher: Publisher) -> Iterator[str]:
    """Yields what was published, for people."""
    yield (
        f"published {publisher.sent - publisher.failed:,} records: {truth.accepted:,} events ({truth.late:,} late, "
        f"{truth.fast:,} with a fast clock), {truth.duplicates:,} repeats, {truth.broken.total():,} broken"
    )
    yield "  " + ", ".join(f"{name} {count:,}" for name, count in truth.names.most_common())
    if truth.beside:
        yield "beside the clickstream: " + ", ".join(f"{name} {n:,}" for name, n in truth.beside.most_common())
