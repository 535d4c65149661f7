"""The micro-batch source: one source partition is one task, partition *p* of every topic that the flow reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflows import metrics
from dataflows.batch import Records, Settled, TaskBatch
from dataflows.failure import noted
from dataflows.kafka.keys import task_of
from dataflows.kafka.log import ANOTHER_LOG, MOVE_ON, LogFacts
from dataflows.kafka.log import RefusedError as RefusedError  # noqa: PLC0414 (told to others from here)
from dataflows.kafka.replayed import is_replayed
from dataflows.kafka.topics import TIMESTAMP_TYPE, append_time_advice
from dataflows.kafka.trace import trace
from dataflows.kafka.watch import LogWatch
from dataflows.settings import Settings

TICK_HEADER: Final = "classpulse-tick"
SNAPSHOT_VERSION: Final = 3
_POLL_IDLE: Final = timedelta(milliseconds=25)
_POLL_ASKING: Final = timedelta(milliseconds=2)
_LIVE_FETCH: Final = 2000
_NO_SUCH_PLACE: Final = {
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError._LOG_TRUNCATION,
    KafkaError.OFFSET_OUT_OF_RANGE,
}
_TRUNCATED: Final = "log truncation"
_BEGIN_AGAIN: Final = "Delete the topics, make them again with `classpulse topics`, then `classpulse adopt`."
_BEHIND_MS: Final = 5000
_BEATS_BEHIND: Final = 5
_MEAN_BYTES: Final = 1024
"""What a record is taken to hold before the first ones have come."""

log = structlog.get_logger()

stopping = threading.Event()
"""Set by the worker's signal handler: every source then emits what it has, snapshots and ends."""


def end_lost(topic: str, end: int, read: int) -> str:
    """Returns what to do about a log that ends before what was read of it."""
    return (
        f"{topic} ends at offset {end}, but offset {read} was already read: another log, or one that has lost its end. "
        f"{_BEGIN_AGAIN}"
    )


def after_loss(flow: str) -> str:
    """Returns what to do about a flow whose last commits the database has lost."""
    if flow == "archive":
        return (
            "Delete the recovery store of archive and start it again: it reads on from where the database ends. Then "
            "`classpulse rebuild` the flows that refuse to start."
        )
    return (
        f"Let archive catch up, delete the recovery store of {flow}, run `classpulse rebuild {flow}`, and start it "
        "again."
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """What claiming a task returned.

    Attributes:
        generation: The generation under which this worker writes.
        offsets: Offsets that the database holds (`task_progress.offsets`); empty before the first commit.
        cluster_id: The cluster that those offsets belong to, or an empty string.
        topic_ids: The topics' ids at that time.
        settled: How far the task's time had come.
        bases: Where the topics' present era begins (`dataflows.eras`); none where Kafka was never lost.
        partitions: How many partitions a topic had when any flow last wrote results of it.
    """

    generation: int
    offsets: dict[str, int]
    cluster_id: str
    topic_ids: dict[str, str]
    bases: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    partitions: dict[str, int] = field(default_factory=dict)

    def places(self, offsets: dict[str, int]) -> dict[str, int]:
        """Returns the places of a broker's offsets."""
        return {topic: offset + self.bases.get(topic, 0) for topic, offset in offsets.items()}

    def has_left(self, position: dict[str, Any]) -> bool:
        """Whether the database has moved on to another log since a snapshot was taken."""
        if not self.cluster_id:
            return False
        others = [t for t, known in position["topic_ids"].items() if self.topic_ids.get(t, known) != known]
        return bool(others) or position["cluster_id"] != self.cluster_id


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a rebuild has come with one task, so that a worker goes on from there without a snapshot of its own.

    Attributes:
        position: As `TaskPartition.snapshot` gives it.
        states: Snapshots of the operators by step id.
    """

    position: dict[str, Any]
    states: dict[str, bytes]


class FlushTimer:
    """The process's once-a-second pulse: all its tasks write in one transaction.

    Before each beat the broker is asked whether the topics are still the same; until it has answered nothing is
    fetched, so that what is written is certain to be of them (`LogWatch`).
    """

    def __init__(self, interval_s: float, watch: LogWatch) -> None:
        """Starts the pulse; `interval_s` in seconds."""
        self._interval, self.watch = interval_s, watch
        self._next = time.monotonic() + interval_s
        self.asking = False
        self.number = 0

    def now(self) -> int:
        """Returns the number of the current beat."""
        if not self.asking and time.monotonic() >= self._next:
            self.asking = True
            self.watch.ask()
        if self.asking and self.watch.is_answered():
            self.asking = False
            self.number += 1
            # Late beats are not made up for: the rows of two beats fit into one.
            self._next = time.monotonic() + self._interval
        return self.number

    def hasten(self) -> None:
        """Lets the next beat begin at once: a task has as much as it may hold."""
        self._next = time.monotonic()


class TaskPartition(StatefulSourcePartition[TaskBatch, dict[str, Any]]):
    """Reads one task's topic-partitions and emits micro-batches."""

    def __init__(  # noqa: PLR0913
        self,
        settings: Settings,
        flow: str,
        task: int,
        facts: LogFacts,
        claim: Claim,
        offsets: dict[str, int],
        beat: FlushTimer,
        *,
        until_caught_up: bool,
        writes_each: bool = False,
        written: dict[str, int] | None = None,
        epochs: dict[str, int] | None = None,
        seed: dict[str, bytes] | None = None,
    ) -> None:
        """Assigns the topic-partitions at `offsets`; the task is already claimed."""
        self._written, self._seed = written or {}, seed or {}
        self._epochs = dict(epochs or {})
        self._emitted_epochs = dict(self._epochs)
        self._settings, self._flow, self._task = settings, flow, task
        self._facts, self._claim, self._beat = facts, claim, beat
        self._group = f"classpulse-{flow}"
        self._read = dict(offsets)
        self._emitted = dict(offsets)
        self._pending: dict[str, Records] = {}
        self._pending_count, self._pending_bytes, self._mean_bytes = 0, 0, _MEAN_BYTES
        self._seen_beat = beat.number
        self._ends = claim.places(facts.ends(task))
        self._until, self._writes_each = until_caught_up, writes_each
        self._live_from_ms = int(time.time() * 1000)
        self._consumer = Consumer(_consumer_config(settings, self._group))
        # With the epoch of what was read last the broker says whether it still has it (KIP-320).
        begin = self._on_broker(offsets)
        self._consumer.assign(
            [TopicPartition(p.topic, p.partition, p.offset, "", self._epochs.get(p.topic, -1)) for p in begin]
        )
        self._fetched_s = float("-inf")
        self._ended = False
        self._awake: datetime | None = None
        self._last_append_ms = 0
        self._history_at_s = float("-inf")

    @noted
    def next_batch(self) -> list[TaskBatch]:
        """Returns at most one batch: when it is full, when a beat is due, or at the end."""
        if self._ended:
            raise StopIteration
        got = 0 if self._beat.asking or stopping.is_set() else self._fetch()
        beat = self._beat.now()
        if not got:
            self._note_position()
        due = beat - self._seen_beat >= (_BEATS_BEHIND if self._behind() else 1)
        full = self._room() <= 0
        self._ended = self._may_end()
        self._awake = None
        if self._writes_each and full and not self._is_certain():
            self._beat.hasten()
        writes = (self._ended or due or self._writes_each) and self._is_certain()
        has_its_turn = due or full if writes else full and not self._writes_each
        # A seed goes ahead of everything: no snapshot may hold the place that it begins at and not its states.
        if has_its_turn or self._ended or self._seed:
            if due and writes:
                self._seen_beat = beat
                self._report()
            return [self._emit(beat=writes)]
        if got < _LIVE_FETCH:
            self._awake = datetime.now(UTC) + (_POLL_ASKING if self._beat.asking else _POLL_IDLE)
        return []

    def _is_certain(self) -> bool:
        """Whether all that was fetched is of the log that is read, and not of one that was made in its place."""
        return self._beat.watch.is_certain(self._fetched_s)

    def _may_end(self) -> bool:
        """Whether this is the end; what nobody can be certain of then is left for the next worker."""
        if not (stopping.is_set() or self._caught_up()):
            return False
        if not self._is_certain():
            self._beat.watch.wait()
        if stopping.is_set() and not self._is_certain():
            self._read, self._pending = dict(self._emitted), {}
            self._pending_count, self._pending_bytes = 0, 0
            return True
        return self._is_certain()

    def next_awake(self) -> datetime | None:
        """Returns when to poll next; None means at once."""
        return self._awake

    def snapshot(self) -> dict[str, Any]:
        """Returns the offsets after the last emitted batch, and tells the consumer group for lag tools."""
        try:
            self._consumer.commit(offsets=self._on_broker(self._emitted), asynchronous=True)
        except KafkaException as error:  # only lag tools read it
            log.warning("group offsets not committed", task=self._task, error=str(error))
        metrics.note_snapshot(self._flow)
        read = position(self._facts, dict(self._emitted), self._written, self._claim.generation)
        return read | {"epochs": dict(self._emitted_epochs)}

    def close(self) -> None:
        """Leaves the broker."""
        self._consumer.close()

    def _on_broker(self, places: dict[str, int]) -> list[TopicPartition]:
        bases = self._claim.bases
        return [TopicPartition(topic, self._task, place - bases.get(topic, 0)) for topic, place in places.items()]

    def _room(self) -> int:
        """Returns how many records still fit into the batch, of the size that the last ones had; none if it is full."""
        settings = self._settings
        bytes_left = settings.batch_bytes - self._pending_bytes
        if bytes_left <= 0:
            return 0
        return min(settings.batch_records - self._pending_count, 1 + bytes_left // self._mean_bytes)

    def _fetch(self) -> int:
        """Takes what has come; returns how many records that were."""
        room = self._room()
        messages = self._consumer.consume(num_messages=room, timeout=0) if room > 0 else []
        return self._take(messages) if messages else 0

    def _take(self, messages: list[Message]) -> int:
        good = [m for m in messages if m.error() is None]
        topics = {m.topic() for m in good} if len(self._read) > 1 else set(list(self._read)[: bool(good)])
        for topic in topics:
            mine = good if len(topics) == 1 else [m for m in good if m.topic() == topic]
            self._append(str(topic), mine)
        self._pending_count += len(good)
        if good:
            self._fetched_s = time.monotonic()
        if len(good) != len(messages):
            self._errors([m for m in messages if m.error() is not None])
        return len(good)

    def _append(self, topic: str, messages: list[Any]) -> None:
        records = self._pending.get(topic)
        if records is None:
            records = self._pending[topic] = Records(topic, self._task)
        values = [m.value() for m in messages]
        base = self._claim.bases.get(topic, 0)
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
        self._pending_bytes += size
        self._mean_bytes = max(1, size // len(values))
        self._read[topic] = records.offsets[-1] + 1
        self._last_append_ms = records.append_ms[-1]
        epoch = messages[-1].leader_epoch()
        if epoch is not None and epoch >= 0:
            self._epochs[topic] = epoch
        metrics.EVENTS_CONSUMED.labels(topic, self._flow).inc(len(messages))

    def _errors(self, messages: list[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is None:
                continue
            if error.code() == KafkaError._PARTITION_EOF:
                self._has_read(str(message.topic()), int(message.offset() or 0))
                continue
            if error.code() in _NO_SUCH_PLACE:
                raise self._lost(message.topic() or "", error)
            log.warning("kafka", task=self._task, error=error.str(), retriable=error.retriable())

    def _lost(self, topic: str, error: KafkaError) -> RefusedError:
        """Returns why the log has not what is to be read next: made again, its end lost, or its beginning deleted."""
        self._beat.watch.wait()
        place = self._on_broker(self._read)[list(self._read).index(topic)] if topic in self._read else None
        low, high = (0, 0) if place is None else self._consumer.get_watermark_offsets(place, timeout=5) or (0, 0)
        where = f"{self._flow} task {self._task}"
        if _TRUNCATED in error.str():  # the code is that of any reset
            text = (
                f"{where}: {topic} has lost its end (a broker that was behind became its leader) and may have grown "
                f"again: what was read before offset {self._read.get(topic)} is not what it holds now. {_BEGIN_AGAIN}"
            )
            return RefusedError(text)
        if place is not None and place.offset > high:
            return RefusedError(f"{where}: {end_lost(topic, high, place.offset)}")
        text = (
            f"{where}: the log no longer has offset {self._read}: {error.str()}; it begins at "
            f"{low}. Run `classpulse rebuild {self._flow}` to compute from the archive what the topics have lost."
        )
        return RefusedError(text)

    def _has_read(self, topic: str, offset: int) -> None:
        """Notes how far the broker says that a topic was read.

        Behind the last record there may be what no application is given: the marks of transactions, the records of
        those that were given up, gaps that compaction left.
        """
        place = offset + self._claim.bases.get(topic, 0)
        if place > self._read.get(topic, place):
            self._read[topic] = place
            self._fetched_s = time.monotonic()

    def _note_position(self) -> None:
        """Asks the consumer how far it has come while it gives nothing: a log may end in records of no application."""
        for part in self._consumer.position([TopicPartition(topic, self._task) for topic in self._read]):
            if part.offset >= 0 and part.error is None:
                self._has_read(part.topic, part.offset)

    def _is_for_history(self, *, beat: bool) -> bool:
        now_s = time.monotonic()
        due = self._ended or now_s - self._history_at_s >= self._settings.history_interval_s
        if due and beat:
            self._history_at_s = now_s
        return due

    def _emit(self, *, beat: bool) -> TaskBatch:
        self._emitted, self._emitted_epochs = dict(self._read), dict(self._epochs)
        trace("source", self._task)
        batch = TaskBatch(
            task=self._task,
            generation=self._claim.generation,
            floor=self._claim.offsets,
            records=list(self._pending.values()),
            offsets=dict(self._read),
            beat=beat,
            history=self._is_for_history(beat=beat),
            topic_ids=self._facts.topic_ids,
            cluster_id=self._facts.cluster_id,
            live_from_ms=self._live_from_ms,
            ends=self._ends,
            seed=self._seed,
            settled=self._claim.settled,
            claimed=self._claim.offsets,
            partitions=self._facts.partitions,
        )
        if batch.writes:
            # Committed before the snapshot of this epoch is taken: a database that has less has lost it.
            self._written = batch.offsets
        self._seed = {}
        self._pending = {}
        self._pending_count, self._pending_bytes = 0, 0
        return batch

    def _behind(self) -> bool:
        """Whether what is read is old: while a backlog lasts, rows that change every second are written less often."""
        return self._last_append_ms < time.time() * 1000 - _BEHIND_MS and self._pending_count > 0

    def _caught_up(self) -> bool:
        return self._until and all(self._read[t] >= end for t, end in self._ends.items())

    def _report(self) -> None:
        for topic, offset in self._read.items():
            _low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, self._task), cached=True)
            if high != OFFSET_INVALID and high >= 0:
                left = high + self._claim.bases.get(topic, 0) - offset
                metrics.CONSUMER_LAG.labels(topic, str(self._task), self._group).set(max(0, left))


def position(facts: LogFacts, offsets: dict[str, int], written: dict[str, int], generation: int) -> dict[str, Any]:
    """Returns what a snapshot says of the log: how far a task has read and, of that, written, and of which log.

    Args:
        facts: The log.
        offsets: How far the task has read.
        written: How far it has written.
        generation: The generation under which it did; that of a rebuild is newer than any snapshot before it.
    """
    return {
        "version": SNAPSHOT_VERSION,
        "generation": generation,
        "offsets": offsets,
        "written": written,
        "cluster_id": facts.cluster_id,
        "topic_ids": dict(facts.topic_ids),
        "partitions": facts.partitions,
    }


def tick_of(message: Any) -> int | None:  # noqa: ANN401
    """Returns the time of a tick record in epoch milliseconds, or None where it is none."""
    for name, value in message.headers() or ():
        if name == TICK_HEADER and value is not None:
            text = value if isinstance(value, bytes) else str(value).encode()
            return int(text) if text.isdigit() and len(text) < 16 else None
    return None


def _consumer_config(settings: Settings, group: str) -> dict[str, Any]:
    return {
        **settings.kafka_config(),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        # The default second of pause after a full queue took a catch-up run from 2.4 s to 7.5 s.
        "fetch.queue.backoff.ms": 10,
        "fetch.wait.max.ms": 100,
        "queued.min.messages": 50000,
        "queued.max.messages.kbytes": 16384,
        "fetch.message.max.bytes": 4194304,
    }


class KafkaSource(FixedPartitionedSource[TaskBatch, dict[str, Any]]):
    """A Bytewax source whose partitions are tasks."""

    def __init__(  # noqa: PLR0913
        self,
        settings: Settings,
        flow: str,
        topics: list[str],
        optional_topics: list[str],
        claim: Callable[[str, int], Claim],
        *,
        seed: Callable[[str, int, int], Seed | None] = lambda _flow, _task, _after: None,
        until_caught_up: bool = False,
        from_oldest: bool = False,
        writes_each: bool = False,
    ) -> None:
        """Keeps what `build_part` needs; nothing is contacted yet.

        Args:
            settings: Where the broker is, batch size, commit interval.
            flow: The flow's name; it names the consumer group and the task's progress.
            topics: Topic names on the broker.
            optional_topics: Topics that are read too where they exist.
            claim: Raises a task's generation in the database and returns what it holds.
            seed: Returns what a rebuild under a later generation than this has left for a task.
            until_caught_up: End when the log's end, as it is at the start, is reached.
            from_oldest: Allow a first start on a log whose beginning has been deleted.
            writes_each: Write every batch, not only at beats.
        """
        self._writes_each = writes_each
        self._settings, self._flow, self._topics = settings, flow, topics
        self._optional = optional_topics
        self._claim, self._seed, self._until, self._from_oldest = claim, seed, until_caught_up, from_oldest
        self._facts: LogFacts | None = None
        self._beat: FlushTimer | None = None

    def _log_facts(self) -> LogFacts:
        if self._facts is None:
            facts = LogFacts.read(self._settings, self._topics, self._optional)
            if facts.own_times:
                names = ", ".join(facts.own_times)
                text = f"{names}: message.timestamp.type is not {TIMESTAMP_TYPE}. "
                raise RefusedError(text + append_time_advice(self._settings, facts.own_times))
            self._facts = facts
        return self._facts

    @noted
    def list_parts(self) -> list[str]:
        """Returns one name a partition number, sorted as Bytewax deals them out."""
        return [f"{task:03d}" for task in range(self._log_facts().partitions)]

    @noted
    def build_part(self, step_id: str, for_part: str, resume_state: dict[str, Any] | None) -> TaskPartition:  # noqa: ARG002
        """Claims the task and starts reading where the snapshot left off, or at offset 0."""
        task = task_of(for_part)
        facts = self._log_facts()
        claim = self._claim(self._flow, task)
        # A rebuild that came after the snapshot knows better: what the snapshot holds would undo it.
        left = resume_state is None or claim.has_left(resume_state)
        seed = self._seed(self._flow, task, -1 if left else (resume_state or {}).get("generation", -1))
        state = seed.position if seed else resume_state
        offsets = self._start_offsets(task, facts, claim, state)
        if self._beat is None:
            watch = LogWatch(self._settings, facts)
            self._beat = FlushTimer(self._settings.commit_interval_of(self._flow), watch)
        log.info("task claimed", flow=self._flow, task=task, generation=claim.generation, offsets=offsets)
        return TaskPartition(
            self._settings,
            self._flow,
            task,
            facts,
            claim,
            offsets,
            self._beat,
            until_caught_up=self._until,
            writes_each=self._writes_each,
            written=state["written"] if state else None,
            epochs=state.get("epochs") if state else None,
            seed=seed.states if seed else None,
        )

    def _start_offsets(self, task: int, facts: LogFacts, claim: Claim, state: dict[str, Any] | None) -> dict[str, int]:
        where = f"{self._flow} task {task}"
        advice = ANOTHER_LOG
        for origin, cluster, ids in (
            ("the database", claim.cluster_id, claim.topic_ids),
            ("the snapshot", (state or {}).get("cluster_id", ""), (state or {}).get("topic_ids", {})),
        ):
            if cluster and cluster != facts.cluster_id:
                text = (
                    f"{where}: {origin} holds results of Kafka cluster {cluster}, this is {facts.cluster_id}. {advice}"
                )
                raise RefusedError(text)
            for topic, topic_id in ids.items():
                if facts.topic_ids.get(topic, topic_id) != topic_id:
                    text = f"{where}: topic {topic} was deleted and made again since {origin} was written. {advice}"
                    raise RefusedError(text)
        if state is not None and state["version"] != SNAPSHOT_VERSION:
            text = (
                f"{where}: the snapshot is of another version of the code. Delete the recovery store and run "
                f"`classpulse rebuild {self._flow}`."
            )
            raise RefusedError(text)
        before = {claim.partitions[topic] for topic in facts.topics if topic in claim.partitions}
        before |= set() if state is None else {state["partitions"]}
        if others := before - {None, facts.partitions}:
            text = (
                f"{where}: the topics had {min(others)} partitions when results were last written and have "
                f"now {facts.partitions}: keys hash to other tasks, and students would live in two. {MOVE_ON}"
            )
            raise RefusedError(text)
        lost = {} if state is None else {t: o for t, o in state["written"].items() if claim.offsets.get(t, 0) < o}
        if lost or (state is not None and state["generation"] >= claim.generation):
            text = (
                f"{where}: the snapshot was taken when the database held results up to {(state or {})['written']}, now "
                f"it holds {claim.offsets}: it lost its last commits, or was restored from an older backup. "
                f"{after_loss(self._flow)}"
            )
            raise RefusedError(text)
        gone = sorted(set(claim.offsets) - set(facts.topics))
        if gone:
            text = f"{where}: results contain topics {', '.join(gone)}, which the broker no longer has. {advice}"
            raise RefusedError(text)
        lows, ends = claim.places(facts.lows(task)), claim.places(facts.ends(task))
        offsets: dict[str, int] = {}
        for topic in facts.topics:
            known = None if state is None else state["offsets"].get(topic)
            start = 0 if known is None else known
            if start < lows[topic]:
                if not (self._from_oldest and known is None and not claim.offsets):
                    text = (
                        f"{where}: the log of {topic} begins at offset {lows[topic]}, results need {start}. "
                        f"Run `classpulse rebuild {self._flow}` (from the archive), or, for a first start that may "
                        f"ignore what came before, `classpulse run {self._flow} --from-oldest`."
                    )
                    raise RefusedError(text)
                start = lows[topic]
            if max(start, claim.offsets.get(topic, 0)) > ends[topic]:
                text = f"{where}: {end_lost(topic, ends[topic], max(start, claim.offsets.get(topic, 0)))}"
                raise RefusedError(text)
            offsets[topic] = start
        return offsets
