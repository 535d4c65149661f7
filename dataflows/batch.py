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
        accepted: Whether they are of the archive: what was accepted when it came is not judged again by limits that
            a deployment may set (size, future, age), nor by how deep it is nested.
        replayed: Whether each record is of a replayed log, which may be of any age; an empty list when none is.
    """

    topic: str
    partition: int
    offsets: list[int] = field(default_factory=list)
    append_ms: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    ticks: list[int | None] = field(default_factory=list)
    accepted: bool = False
    replayed: list[bool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settled:
    """How far the time of a task has come in a flow, as the database remembers it (decision 3).

    Attributes:
        upto_ms: Up to when it is settled, epoch milliseconds; None where nothing is.
        begun: Up to when it was settled before the first record of each topic; topics that have not begun are absent.
        at: The offsets at which that was so.
        wrote_ms: Up to when it was settled at the last write that the task's state has made.
    """

    upto_ms: int | None = None
    begun: dict[str, int | None] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    wrote_ms: int | None = None

    def is_reached(self, offsets: dict[str, int]) -> bool:
        """Whether a task that is read again has come as far as it had been."""
        return all(offsets.get(topic, 0) >= place for topic, place in self.at.items())


@dataclass(frozen=True, slots=True)
class TaskBatch:
    """A micro-batch of one task, as the source emits it.

    Attributes:
        task: The task's number: partition *p* of every topic that the flow reads.
        generation: The task's generation when this worker claimed it; a write under an older one is refused.
        floor: Offsets that the database already holds; below them the task writes nothing and remembers.
        records: The records, one entry a topic that has any.
        offsets: Next offset of every topic after this batch.
        flush: Whether what is pending is to be written after this batch (once a second).
        topic_ids: The broker's ids of the topics, which tell a recreated topic.
        cluster_id: The broker cluster's id.
        live_from_ms: Records appended since then count towards the freshness metric.
        ends: Where the topics ended when this worker started: below that the log holds records for sure.
        settled: How far the task's time had come when this worker claimed it.
        claimed: Places that the database held when this worker claimed the task; its first write must find them.
        partitions: How many partitions each topic has; None where nobody asked.
        seed: Snapshots by step id, in the first batch of a task that starts from a rebuild; else empty.
        history: Whether a flush is one for rows of history too (days, sessions, visits, videos, pages): those who read
            them look back, so they are written less often, and wait in the state until then.
        erased: By what students are known who were erased (`consent.digest_of`): nothing of theirs counts.
    """

    task: int
    generation: int
    floor: dict[str, int]
    records: list[Records]
    offsets: dict[str, int]
    flush: bool
    topic_ids: dict[str, str]
    cluster_id: str
    live_from_ms: int
    ends: dict[str, int] = field(default_factory=dict)
    seed: dict[str, bytes] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    claimed: dict[str, int] = field(default_factory=dict)
    partitions: int | None = None
    history: bool = True
    erased: frozenset[bytes] = frozenset()

    @property
    def past_floor(self) -> bool:
        """Whether the replay has reached everything that the database holds."""
        return all(self.offsets.get(topic, 0) >= floor for topic, floor in self.floor.items())

    @property
    def writes(self) -> bool:
        """Whether rows are due: at a flush, once the replay has passed what the database holds."""
        return self.flush and self.past_floor

    @property
    def writes_history(self) -> bool:
        """Whether rows of history are due."""
        return self.writes and self.history
