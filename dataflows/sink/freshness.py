"""`event_freshness_seconds`: append time to committed row, observed in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

BUCKETS_S: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
_RESOLUTION_MS: Final = 5
_LONGEST_MS: Final = 600_000


class Freshness(Collector):
    """A histogram of 5 ms cells, fine enough for exact-looking quantiles and cheap enough for every event.

    Example:
        >>> freshness = Freshness()
        >>> freshness.observe(np.array([0, 900]), 1000)
        >>> freshness.quantile_ms(0.5)
        100.0
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._cells = np.zeros(_LONGEST_MS // _RESOLUTION_MS + 1, np.int64)
        self._sum_ms = 0
        self.max_ms = 0

    def observe(self, append_ms: npt.NDArray[np.int64], committed_ms: int) -> None:
        """Adds one observation a record; both in epoch milliseconds."""
        if not len(append_ms):
            return
        age = np.maximum(0, committed_ms - append_ms)
        cells = np.minimum(age, _LONGEST_MS) // _RESOLUTION_MS
        self._cells += np.bincount(cells, minlength=len(self._cells))
        self._sum_ms += int(age.sum())
        self.max_ms = max(self.max_ms, int(age.max()))

    @property
    def count(self) -> int:
        """Records observed."""
        return int(self._cells.sum())

    def quantile_ms(self, q: float) -> float | None:
        """Returns the q-quantile's cell's lower edge in milliseconds; None when nothing was observed."""
        if not self.count:
            return None
        cell = int(np.searchsorted(np.cumsum(self._cells), q * self.count))
        return float(cell * _RESOLUTION_MS)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Yields the Prometheus histogram."""
        below = np.concatenate(([0], np.cumsum(self._cells)))
        buckets = [
            (str(edge), float(below[min(len(below) - 1, int(edge * 1000) // _RESOLUTION_MS)])) for edge in BUCKETS_S
        ]
        buckets.append(("+Inf", float(self.count)))
        family = HistogramMetricFamily(
            "event_freshness_seconds",
            "Append time to committed row, live records.",
            buckets=buckets,
            sum_value=self._sum_ms / 1000,
        )
        yield family
