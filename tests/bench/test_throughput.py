"""The summary of a throughput measurement."""

from __future__ import annotations

from typing import Any

from bench.throughput import summary


def test_medians_are_taken_and_the_start_of_a_worker_is_left_out() -> None:
    def runs(*cpu_s: float, events: int = 1000) -> list[dict[str, Any]]:
        return [{"events": events, "cpu_s": s, "wall_s": 2 * s, "rows": {}} for s in cpu_s]

    report = summary(
        {
            "poll_decode": runs(1, 9, 2),
            "windows": runs(4, 4, 4),
            "fold_window": runs(100, 100, 100),
            "fold_window_fed": runs(20, 20, 20),
            "engagement": runs(6, 6, 6, events=1200),
            "start": runs(1, 1, 1, events=200),
        }
    )
    assert report["poll_decode"]["events_a_cpu_s"] == 500
    assert report["engagement"]["events_a_cpu_s"] == 200
    assert report["engagement"]["events_a_wall_s"] == 100
    assert report["ratios"]["engagement_to_fold_window"] == 20.0
    assert report["windows_without_poll_and_decode_events_a_cpu_s"] == 500
