"""A Prometheus histogram that takes a whole batch at once: one call an event would cost more than the event."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class BulkHistogram(Collector):
    """Counts milliseconds in buckets that are given, and shown, in seconds.

    Example:
        >>> delays = BulkHistogram("delay_seconds", "An example.", (0.5, 2), registry=CollectorRegistry())
        >>> delays.observe_ms(np.array([-20, 500, 501, 90_000]))
        >>> [(bucket.labels["le"], bucket.value) for bucket in next(iter(delays.collect())).samples[:3]]
        [('0.5', 2.0), ('2', 3.0), ('+Inf', 4.0)]
    """

    def __init__(
        self, name: str, text: str, buckets_s: tuple[float, ...], *, registry: CollectorRegistry = REGISTRY
    ) -> None:
        """Starts empty and registers itself; `buckets_s` are upper edges in seconds, ascending."""
        self._name, self._text, self._buckets_s = name, text, buckets_s
        self._edges_ms = np.array([edge * 1000 for edge in buckets_s], np.int64)
        self._counts = np.zeros(len(buckets_s) + 1, np.int64)
        self._sum_ms = 0
        registry.register(self)

    def observe_ms(self, values: npt.NDArray[np.int64]) -> None:
        """Adds one observation an entry, in milliseconds; what is negative (a clock that runs ahead) counts as 0."""
        if len(values):
            values = np.maximum(values, 0)
            self._counts += np.bincount(np.searchsorted(self._edges_ms, values), minlength=len(self._counts))
            self._sum_ms += int(values.sum())

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Yields the histogram."""
        upto = np.cumsum(self._counts).astype(float).tolist()
        names = [*(f"{edge:g}" for edge in self._buckets_s), "+Inf"]
        buckets = list(zip(names, upto, strict=True))
        yield HistogramMetricFamily(self._name, self._text, buckets=buckets, sum_value=self._sum_ms / 1000)
