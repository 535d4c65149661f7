"""The figures that workers leave at their exit, put together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Freshness:
    """From append time to committed row, over live records, in seconds; of the slowest worker, not of a mean.

    Attributes:
        p50: The median.
        p99: The 99th percentile.
        worst: The largest.
        count: Live records that were measured.
    """

    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
    count: int = 0


def read(stem: Path) -> Freshness:
    """Reads every `<stem>.<flow>.<process>`; a worker that was killed left none."""
    found = [json.loads(file.read_text())["freshness_ms"] for file in sorted(stem.parent.glob(f"{stem.name}.*"))]
    measured = [one for one in found if one.get("count")]
    if not measured:
        return Freshness()
    return Freshness(
        p50=round(max(one["p50"] for one in measured) / 1000, 3),
        p99=round(max(one["p99"] for one in measured) / 1000, 3),
        worst=round(max(one["max"] for one in measured) / 1000, 3),
        count=sum(one["count"] for one in measured),
    )
