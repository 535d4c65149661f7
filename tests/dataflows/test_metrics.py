"""Metrics: what is documented is what there is, and ages grow by themselves."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

import api.metrics
from dataflows import metrics
from dataflows.histogram import BulkHistogram

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_lists_every_metric_and_its_labels() -> None:
    listed = {
        found[1].removesuffix("_total"): tuple(filter(None, (found[2] or "").strip("{}").split(",")))
        for found in re.finditer(r"^\| `([a-z_]+)(\{[a-z_,]+\})?`", PAGE.read_text(), re.MULTILINE)
    }
    labelled = {
        metric._name: metric._labelnames
        for metric in (*vars(metrics).values(), *vars(api.metrics).values())
        if hasattr(metric, "_labelnames") and hasattr(metric, "_name")
    }
    assert listed == {**labelled, "event_delivery_delay_seconds": (), "event_freshness_seconds": ()}


def test_ages_and_lags_grow_while_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    metrics.begin("a flow")
    metrics.note_watermarks(3, {"a topic": round(now * 1000) - 2_000})
    monkeypatch.setattr(time, "time", lambda: now + 40)
    lag = REGISTRY.get_sample_value("watermark_lag_seconds", {"topic": "a topic", "partition": "3"})
    assert lag == pytest.approx(42, abs=0.01)
    assert REGISTRY.get_sample_value("snapshot_age_seconds", {"flow": "a flow"}) == pytest.approx(40)
    assert REGISTRY.get_sample_value("late_events_total", {"flow": "a flow"}) == 0


def test_a_batch_counts_as_its_records_would_one_by_one() -> None:
    registry = CollectorRegistry()
    delays = BulkHistogram("delay_seconds", "d", (0.1, 1, 60), registry=registry)
    for batch in ([100, 101, -5], [], [1_000, 59_999, 10**12]):
        delays.observe_ms(np.array(batch, np.int64))
    shown = generate_latest(registry).decode()
    assert re.findall(r'le="([^"]+)"} ([0-9.]+)', shown) == [
        ("0.1", "2.0"),
        ("1", "4.0"),
        ("60", "5.0"),
        ("+Inf", "6.0"),
    ]
    assert "delay_seconds_count 6.0" in shown
