"""`classpulse tick`: write progress ticks while ingestion is healthy."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from types import FrameType

    from dataflows.kafka.producer import Publisher
    from dataflows.settings import Settings

app = typer.Typer()

# a topic that is created later is ticked from then on
REFRESH_S = 60.0
# producers that kept events back while Kafka was away go first, or their events would be late
SETTLE_S = 10.0
DELIVERY_S = 5.0


@app.command()
def tick(
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two ticks.")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Stop after so many rounds; 0 = until SIGTERM.")] = 0,
) -> None:
    """Write a tick to every partition of every input topic; hold, and say so, while Kafka is unreachable."""
    from dataflows.kafka.topics import TopicError
    from dataflows.settings import Settings

    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        run_ticks(Settings(), stop, every_s=every, rounds=count)
    except TopicError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def run_ticks(
    settings: Settings, stop: threading.Event, *, every_s: float = 1.0, rounds: int = 0, settle_s: float = SETTLE_S
) -> int:
    """Ticks until `stop` is set, or for so many rounds; returns how many rounds were delivered.

    Args:
        settings: How Kafka is reached, and the topics' prefix.
        stop: Ends the loop within one round.
        every_s: Seconds between two rounds.
        rounds: 0 for no end.
        settle_s: Seconds to keep still after Kafka came back.

    Raises:
        TopicError: If Kafka answers but holds no input topic, or does not answer at the start.
    """
    from dataflows.kafka.producer import Publisher
    from dataflows.kafka.ticks import tick_targets

    # a tick that waits for Kafka is worth nothing, so it is given up early
    publisher = Publisher(settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000), "linger.ms": 0})
    targets = tick_targets(settings)
    typer.echo(f"ticking {len(targets)} partitions every {every_s:g} s")
    refreshed = time.monotonic()
    done = 0
    while not stop.is_set() and (not rounds or done < rounds):
        began = time.monotonic()
        if _round(publisher, targets):
            done += 1
        elif not _wait_for_kafka(settings, stop, settle_s):
            break
        if began - refreshed > REFRESH_S:
            targets, refreshed = tick_targets(settings), began
        stop.wait(max(0.0, began + every_s - time.monotonic()))
    publisher.flush(DELIVERY_S)
    typer.echo(f"stopped after {done} rounds")
    return done


def _round(publisher: Publisher, targets: list[tuple[str, int]]) -> bool:
    from dataflows.kafka.ticks import send_ticks

    failed = publisher.failed
    send_ticks(publisher, targets, time.time_ns() // 1_000_000)
    left = publisher.flush(DELIVERY_S + 1)
    return not left and publisher.failed == failed


def _wait_for_kafka(settings: Settings, stop: threading.Event, settle_s: float) -> bool:
    """Holds until Kafka answers again and producers had time to catch up; False if stopped meanwhile."""
    from dataflows.kafka.ticks import tick_targets
    from dataflows.kafka.topics import TopicError

    typer.echo(f"Kafka at {settings.kafka_bootstrap_servers} is unreachable: ticks are held", err=True)
    while not stop.wait(1.0):
        try:
            tick_targets(settings, timeout_s=3.0)
        except TopicError:
            continue
        typer.echo(f"Kafka answers again: ticking in {settle_s:g} s", err=True)
        return not stop.wait(settle_s)
    return False
