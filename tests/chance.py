"""The chance to pass by the calibration that is shipped for `ebbinghaus`, by hand."""

from __future__ import annotations

from math import exp, log


def chance(score: float, retention: float, mark: float = 70) -> float:
    kept = 0.001 + 0.998 * retention
    return 1 / (1 + exp(-(0.80 + 0.13 * log(kept / (1 - kept)) + 0.58 * (score - mark) / 10)))
