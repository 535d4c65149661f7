"""Records that were fetched and not emitted yet, by topic, and how many more fit into the batch."""

from __future__ import annotations

from typing import Any, Final

from dataflows import metrics
from dataflows.batch import Records
from dataflows.kafka.replayed import is_replayed
from dataflows.kafka.ticks import tick_of

_MEAN_BYTES: Final = 1024
"""What a record is taken to hold before the first ones have come."""


class Pending:
    """The batch that a task is gathering.

    Attributes:
        count: How many records it holds.
        last_append_ms: The append time of the record that came last, of this batch or one before it.
    """

    def __init__(self, flow: str, task: int, bases: dict[str, int], most_records: int, most_bytes: int) -> None:
        """Starts empty.

        Args:
            flow: The flow, for metrics.
            task: The task, which is the partition.
            bases: Where the topics' present era begins; places are offsets from there on.
            most_records: How many records a batch may hold.
            most_bytes: How many bytes of values it may hold.
        """
        self._flow, self._task, self._bases = flow, task, bases
        self._most_records, self._most_bytes = most_records, most_bytes
        self._records: dict[str, Records] = {}
        self._bytes, self._mean_bytes = 0, _MEAN_BYTES
        self.count, self.last_append_ms = 0, 0

    def room(self) -> int:
        """Returns how many records still fit, of the size that the last ones had; none if it is full."""
        bytes_left = self._most_bytes - self._bytes
        if bytes_left <= 0:
            return 0
        return min(self._most_records - self.count, 1 + bytes_left // self._mean_bytes)

    def append(self, topic: str, messages: list[Any]) -> int:
        """Takes messages of one topic, at least one, in log order; returns the place after the last one."""
        records = self._records.get(topic)
        if records is None:
            records = self._records[topic] = Records(topic, self._task)
        values = [m.value() for m in messages]
        base = self._bases.get(topic, 0)
        records.offsets.extend([m.offset() + base for m in messages])
        records.append_ms.extend([m.timestamp()[1] for m in messages])
        records.keys.extend([m.key() for m in messages])
        if None in values:
            metrics.TICKS_CONSUMED.labels(topic, self._flow).inc(values.count(None))
            records.ticks.extend([None] * (len(records.values) - len(records.ticks)))
            records.ticks.extend([tick_of(m) if v is None else None for m, v in zip(messages, values, strict=True)])
        elif records.ticks:
            records.ticks.extend([None] * len(values))
        headers = [m.headers() for m in messages]
        if any(headers) or records.replayed:
            records.replayed.extend([False] * (len(records.values) - len(records.replayed)))
            records.replayed.extend(map(is_replayed, headers))
        records.values.extend(values)
        size = sum(len(value) for value in values if value is not None)
        self._bytes += size
        self._mean_bytes = max(1, size // len(values))
        self.count += len(values)
        self.last_append_ms = records.append_ms[-1]
        metrics.EVENTS_CONSUMED.labels(topic, self._flow).inc(len(messages))
        return records.offsets[-1] + 1

    def take(self) -> list[Records]:
        """Returns the records, one entry a topic that has any, and starts the next batch."""
        records, self._records = list(self._records.values()), {}
        self.count, self._bytes = 0, 0
        return records
