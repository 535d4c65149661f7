"""Freshness under a steady load: append time to committed row, with everything on one machine."""

from __future__ import annotations

import json
from typing import Any

from bench.live import FLOWS, accounted, live, load_report, publisher, settled, watch_while
from bench.stack import machine, say, stack


def measure(*, rate: float = 5000, seconds: float = 300) -> dict[str, Any]:
    """Publishes `rate` events a second for `seconds`, and returns what the workers measured.

    Kafka, TimescaleDB, `run engagement archive`, `tick` and the publisher share the machine.
    """
    with stack() as servers:
        before = machine()
        with live(servers) as running:
            say(f"publishing {rate:,.0f} events/s for {seconds:.0f} s")
            running.begin()
            source = publisher(running.env, rate, seconds)
            watch_while(running, lambda: source.poll() is None)
            sent = json.loads((source.communicate()[0] or b"{}").splitlines()[-1])
            lag_s = settled(running)
            result = {"accounted": accounted(running, sent), "settled_after_s": round(lag_s, 1), **load_report(running)}
        freshness = {flow: running.stats(flow)["freshness_ms"] for flow in FLOWS}
        return {
            "machine": before,
            "rate": rate,
            "seconds": seconds,
            "publisher": sent,
            "freshness_ms": freshness,
            **result,
        }
