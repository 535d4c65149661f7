"""Ticking for ever: every partition once a second, and not before producers have caught up after an outage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dataflows.kafka.producer import Publisher
from dataflows.kafka.ticks import send_ticks, tick_targets
from dataflows.kafka.topics import TopicError, UnreachableError
from dataflows.settings import Settings

Say = Callable[[str], None]

# a topic that is created later is ticked from then on
REFRESH_S = 60.0
# producers that kept events back while Kafka was away go first, or their events would be late
SETTLE_S = 10.0
DELIVERY_S = 5.0


def quiet(_line: str) -> None:
    """Says nothing."""


def run_ticks(  # noqa: PLR0913
    settings: Settings,
    stop: threading.Event,
    say: Say = quiet,
    warn: Say = quiet,
    *,
    every_s: float = 1.0,
    rounds: int = 0,
    settle_s: float = SETTLE_S,
) -> int:
    """Ticks until `stop` is set, or for so many rounds; returns how many rounds were delivered.

    Args:
        settings: How Kafka is reached, and the topics' prefix.
        stop: Ends the loop within one round.
        say: Is told what is ticked.
        warn: Is told when Kafka goes and comes.
        every_s: Seconds between two rounds.
        rounds: 0 for no end.
        settle_s: Seconds to keep still after Kafka came back.

    Raises:
        TopicError: If Kafka answers but holds no input topic.
    """
    # a tick that waits for Kafka is worth nothing, so it is given up early
    publisher = Publisher(settings, {"delivery.timeout.ms": int(DELIVERY_S * 1000), "linger.ms": 0})
    targets: list[tuple[str, int]] = []
    refreshed = -REFRESH_S
    done = 0
    while not stop.is_set() and (not rounds or done < rounds):
        began = time.monotonic()
        if began - refreshed >= REFRESH_S:
            found = _targets(settings, stop, warn, settle_s)
            if len(found) != len(targets):
                say(f"ticking {len(found)} partitions every {every_s:g} s")
            targets, refreshed = found, began
        if _round(publisher, targets):
            done += 1
        else:
            refreshed = -REFRESH_S
        stop.wait(max(0.0, began + every_s - time.monotonic()))
    publisher.flush(DELIVERY_S)
    say(f"stopped after {done} rounds")
    return done


def _round(publisher: Publisher, targets: list[tuple[str, int]]) -> bool:
    if not targets:
        return False
    failed = publisher.failed
    send_ticks(publisher, targets, time.time_ns() // 1_000_000)
    left = publisher.flush(DELIVERY_S + 1)
    return not left and publisher.failed == failed


def _targets(settings: Settings, stop: threading.Event, warn: Say, settle_s: float) -> list[tuple[str, int]]:
    """Asks Kafka what to tick; holds while it is away, and then until producers had time to catch up.

    Returns:
        Nothing if stopped meanwhile.
    """
    held = False
    while not stop.is_set():
        try:
            targets = tick_targets(settings, timeout_s=3.0)
        except UnreachableError:
            if not held:
                warn(f"Kafka at {settings.kafka_bootstrap_servers} is unreachable: ticks are held")
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
            warn(f"Kafka answers: ticking in {settle_s:g} s")
            stop.wait(settle_s)
        return targets
    return []
