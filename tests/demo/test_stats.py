"""The slowest worker speaks for all."""

from __future__ import annotations

import json
from pathlib import Path

from demo.stats import Freshness, read


def left(stem: Path, name: str, p50: float | None, p99: float | None, count: int) -> None:
    figures = {"freshness_ms": {"p50": p50, "p99": p99, "max": p99, "count": count}, "events": count, "rejected": 0}
    stem.with_name(f"{stem.name}.{name}").write_text(json.dumps(figures))


def test_the_slowest_worker_speaks_for_all_and_one_that_measured_nothing_is_left_out(tmp_path: Path) -> None:
    stem = tmp_path / "worker"
    left(stem, "engagement.0", 500.0, 900.0, 10)
    left(stem, "archive.0", 400.0, 1500.0, 12)
    left(stem, "archive.1", None, None, 0)
    assert read(stem) == Freshness(p50=0.5, p99=1.5, worst=1.5, count=22)


def test_workers_that_left_nothing_give_no_figures(tmp_path: Path) -> None:
    assert read(tmp_path / "worker") == Freshness()
