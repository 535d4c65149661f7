"""A worker that is killed while records arrive."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.e2e.harness import Stack, wait_until

T = TypeVar("T")


@dataclass(frozen=True)
class Feed(Generic[T]):
    """What arrives meanwhile, and how it is published (to a broker, under a prefix)."""

    publish: Callable[[str, str, list[T]], object]
    piece: list[T]

    def send(self, here: Stack, pause_s: float) -> None:
        """Publishes the piece in four gushes, so that a kill strikes between and within them."""
        for gush in range(4):
            part = self.piece[len(self.piece) * gush // 4 : len(self.piece) * (gush + 1) // 4]
            self.publish(here.kafka, here.prefix, part)
            time.sleep(pause_s)


def kill_once(here: Stack, flow: str, rng: random.Random, kill: int, feed: Feed[T]) -> bool:
    """Runs a worker while records are arriving, kills it; returns whether it had committed anything."""
    before = here.offsets(flow)
    feeder = threading.Thread(target=feed.send, args=(here, rng.uniform(0.2, 1.0)))
    feeder.start()
    worker = here.start("run", flow, "--workers", str(1 + kill % 2))
    if rng.random() < 0.8:
        wait_until(lambda: not worker.running or here.offsets(flow) > before, "progress")
        time.sleep(rng.uniform(0.0, 2.5))
    else:
        time.sleep(rng.uniform(0.1, 4.0))
    assert worker.running, f"ended by itself:\n{worker.output[-6000:]}"
    worker.kill()
    feeder.join()
    return here.offsets(flow) > before
