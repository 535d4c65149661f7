"""The database stopped for a minute and started again, under a steady load."""

from __future__ import annotations

import json
import time
from typing import Any

from bench.live import FLOWS, Live, Sample, accounted, live, load_report, publisher, settled, wait_until, watch_while
from bench.stack import machine, say, stack


def measure(*, rate: float = 5000, before_s: float = 60, away_s: float = 60, after_s: float = 120) -> dict[str, Any]:
    """Publishes `rate` events a second throughout and returns how long catching up took, and whether all is there."""
    with stack() as servers:
        facts = machine()
        with live(servers) as running:
            running.begin()
            source = publisher(running.env, rate, before_s + away_s + after_s)
            watch_while(running, lambda: running.now_s < before_s)
            say("stopping PostgreSQL")
            stopped_s = running.now_s
            servers.postgres.stop()
            watch_while(running, lambda: running.now_s < stopped_s + away_s)
            memory_away = running.samples[-1].rss_mb
            say("starting PostgreSQL")
            servers.postgres.start()
            back_s = running.now_s
            caught = _catch_up(running, rate)
            watch_while(running, lambda: source.poll() is None)
            sent = json.loads((source.communicate()[0] or b"{}").splitlines()[-1])
            settled(running)
            result = {"accounted": accounted(running, sent), **load_report(running)}
        return {
            "machine": facts,
            "rate": rate,
            "database_away_s": round(back_s - stopped_s, 1),
            "caught_up_after_s": caught,
            "most_behind": _most(running.samples),
            "rss_mb_while_away": memory_away,
            "publisher": sent,
            "freshness_ms": {flow: running.stats(flow)["freshness_ms"] for flow in FLOWS},
            **result,
        }


def _catch_up(running: Live, rate: float) -> dict[str, float]:
    """Returns, by flow, the seconds from the database's return until it was less than two seconds behind."""
    began, caught = time.monotonic(), dict[str, float]()

    def look() -> bool:
        behind = running.watch().behind or {}
        for flow in FLOWS:
            if flow not in caught and behind.get(flow, 1 << 60) < 2 * rate:
                caught[flow] = round(time.monotonic() - began, 1)
        return len(caught) == len(FLOWS)

    wait_until(look, "the flows to catch up")
    return caught


def _most(samples: list[Sample]) -> dict[str, int]:
    return {flow: max(s.behind[flow] for s in samples if s.behind) for flow in FLOWS}
