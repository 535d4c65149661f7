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
        TopicError: If Kafka answers but holds no input topic.
    """
    from dataflows.kafka.producer import Publisher

    # a tick that waits for Kafka is worth nothing, so it is given up early
    publisher = Publisher(settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000), "linger.ms": 0})
    targets: list[tuple[str, int]] = []
    refreshed = -REFRESH_S
    done = 0
    while not stop.is_set() and (not rounds or done < rounds):
        began = time.monotonic()
        if began - refreshed >= REFRESH_S:
            found = _targets(settings, stop, settle_s)
            if len(found) != len(targets):
                typer.echo(f"ticking {len(found)} partitions every {every_s:g} s")
            targets, refreshed = found, began
        if _round(publisher, targets):
            done += 1
        else:
            refreshed = -REFRESH_S
        stop.wait(max(0.0, began + every_s - time.monotonic()))
    publisher.flush(DELIVERY_S)
    typer.echo(f"stopped after {done} rounds")
    return done


def _round(publisher: Publisher, targets: list[tuple[str, int]]) -> bool:
    from dataflows.kafka.ticks import send_ticks

    if not targets:
        return False
    failed = publisher.failed
    send_ticks(publisher, targets, time.time_ns() // 1_000_000)
    left = publisher.flush(DELIVERY_S + 1)
    return not left and publisher.failed == failed


def _targets(settings: Settings, stop: threading.Event, settle_s: float) -> list[tuple[str, int]]:
    """Asks Kafka what to tick; holds while it is away, and then until producers had time to catch up.

    Returns:
        Nothing if stopped meanwhile.
    """
    from dataflows.kafka.ticks import tick_targets
    from dataflows.kafka.topics import TopicError, UnreachableError

    held = False
    while not stop.is_set():
        try:
            targets = tick_targets(settings, timeout_s=3.0)
        except UnreachableError:
            if not held:
                typer.echo(f"Kafka at {settings.kafka_bootstrap_servers} is unreachable: ticks are held", err=True)
            held = True
            stop.wait(1.0)
            continue
        except TopicError:
            # a broker that has just come back may not know its topics yet
            if not held:
                raise
            stop.wait(1.0)
            continue
        if held:
            typer.echo(f"Kafka answers: ticking in {settle_s:g} s", err=True)
            stop.wait(settle_s)
        return targets
    return []
