"""The item that flows: a micro-batch of raw Kafka records of one task."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one topic-partition in log order; the lists have equal length.

    Attributes:
        topic: The topic's name on the broker, prefix included.
        partition: Its partition, which is the task's number.
        offsets: Kafka offsets, ascending.
        append_ms: Append times (topics use `LogAppendTime`), epoch milliseconds.
        keys: Keys as they lie in the log.
        values: Values; `None` for a tick (and for a tombstone, which is a reject).
        ticks: The tick's time in epoch milliseconds for a tick record, else `None`; an empty list when
            the batch holds no tick.
    """

    topic: str
    partition: int
    offsets: list[int] = field(default_factory=list)
    append_ms: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    ticks: list[int | None] = field(default_factory=list)
