"""Polling one task: partition *p* of every topic that the flow reads, emitted as micro-batches."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from bytewax.inputs import StatefulSourcePartition
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflows import metrics
from dataflows.batch import TaskBatch
from dataflows.catching_up import journal
from dataflows.claim import Claim, RefusedError
from dataflows.failure import records_failure
from dataflows.kafka.clients import client_config
from dataflows.kafka.flush_timer import FlushTimer
from dataflows.kafka.log import LogFacts
from dataflows.kafka.pending import Pending
from dataflows.kafka.start import end_lost, end_replaced, position
from dataflows.kafka.trace import trace
from dataflows.settings import Settings

_POLL_IDLE: Final = timedelta(milliseconds=25)
_POLL_ASKING: Final = timedelta(milliseconds=2)
_LIVE_FETCH: Final = 2000
_NO_SUCH_PLACE: Final = {
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError._LOG_TRUNCATION,
    KafkaError.OFFSET_OUT_OF_RANGE,
}
_TRUNCATED: Final = "log truncation"
_BEHIND_MS: Final = 5000
_FLUSHES_BEHIND: Final = 5

log = structlog.get_logger()

stopping = threading.Event()
"""Set by the worker's signal handler: every source then emits what it has, snapshots and ends."""


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
        timer: FlushTimer,
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
        self._facts, self._claim, self._timer = facts, claim, timer
        self._group = f"classpulse-{flow}"
        self._read = dict(offsets)
        self._emitted = dict(offsets)
        self._pending = Pending(flow, task, claim.bases, settings.batch_records, settings.batch_bytes)
        self._seen_flush = timer.number
        self._ends = claim.places(facts.ends(task))
        self._until, self._writes_each = until_caught_up, writes_each
        self._began, self._goal = sum(offsets.values()), sum(self._ends.values()) - sum(offsets.values())
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
        self._history_at_s = float("-inf")
        self._history_interval_s = settings.history_interval_of(flow)

    @records_failure
    def next_batch(self) -> list[TaskBatch]:
        """Returns at most one batch: when it is full, when a flush is due, or at the end."""
        if self._ended:
            raise StopIteration
        flush = self._timer.now()
        due = flush - self._seen_flush >= (_FLUSHES_BEHIND if self._is_behind() else 1)
        # What may be written goes first: of what is fetched now nobody can be certain until the next answer, and under
        # load something has always come.
        waits = self._timer.asking or stopping.is_set() or (due and self._is_certain())
        got = 0 if waits else self._fetch()
        if not got:
            self._note_position()
        full = self._pending.room() <= 0
        self._ended = self._may_end()
        self._awake = None
        if self._writes_each and full and not self._is_certain():
            self._timer.hasten()
        writes = (self._ended or due or self._writes_each) and self._is_certain()
        has_its_turn = due or full if writes else full and not self._writes_each
        # A seed goes ahead of everything: no snapshot may hold the place that it begins at and not its states.
        if has_its_turn or self._ended or self._seed:
            if due and writes:
                self._seen_flush = flush
                self._report_lag()
            return [self._emit(flush=writes)]
        if got < _LIVE_FETCH:
            self._awake = datetime.now(UTC) + (_POLL_ASKING if self._timer.asking else _POLL_IDLE)
        return []

    def _is_certain(self) -> bool:
        """Whether all that was fetched is of the log that is read, and not of one that was made in its place."""
        return self._timer.watch.is_certain(self._fetched_s)

    def _may_end(self) -> bool:
        """Whether this is the end; what nobody can be certain of then is left for the next worker."""
        if not (stopping.is_set() or self._caught_up()):
            return False
        if not self._is_certain():
            self._timer.watch.wait()
        if stopping.is_set() and not self._is_certain():
            self._read = dict(self._emitted)
            self._pending.take()
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

    def _fetch(self) -> int:
        """Takes what has come; returns how many records that were."""
        room = self._pending.room()
        messages = self._consumer.consume(num_messages=room, timeout=0) if room > 0 else []
        return self._take(messages) if messages else 0

    def _take(self, messages: list[Message]) -> int:
        good = [m for m in messages if m.error() is None]
        topics = {m.topic() for m in good} if len(self._read) > 1 else set(list(self._read)[: bool(good)])
        for topic in topics:
            mine = good if len(topics) == 1 else [m for m in good if m.topic() == topic]
            self._append(str(topic), mine)
        if good:
            self._fetched_s = time.monotonic()
        if len(good) != len(messages):
            self._errors([m for m in messages if m.error() is not None])
        return len(good)

    def _append(self, topic: str, messages: list[Any]) -> None:
        self._read[topic] = self._pending.append(topic, messages)
        epoch = messages[-1].leader_epoch()
        if epoch is not None and epoch >= 0:
            self._epochs[topic] = epoch

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
            log.warning("Kafka reports an error", task=self._task, error=error.str(), retriable=error.retriable())

    def _lost(self, topic: str, error: KafkaError) -> RefusedError:
        """Returns why the log has not what is to be read next: made again, its end lost, or its beginning deleted."""
        self._timer.watch.wait()
        place = self._on_broker(self._read)[list(self._read).index(topic)] if topic in self._read else None
        low, high = (0, 0) if place is None else self._consumer.get_watermark_offsets(place, timeout=5) or (0, 0)
        where = f"{self._flow} task {self._task}"
        if _TRUNCATED in error.str():  # the code is that of any reset
            return RefusedError(f"{where}: {end_replaced(topic, self._read.get(topic))}")
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

    def _is_for_history(self, *, flush: bool) -> bool:
        now_s = time.monotonic()
        due = self._ended or now_s - self._history_at_s >= self._history_interval_s
        if due and flush:
            self._history_at_s = now_s
        return due

    def _emit(self, *, flush: bool) -> TaskBatch:
        self._emitted, self._emitted_epochs = dict(self._read), dict(self._epochs)
        if self._until:
            journal.note(self._task, sum(self._read.values()) - self._began, self._goal)
        trace("source", self._task)
        batch = TaskBatch(
            task=self._task,
            generation=self._claim.generation,
            floor=self._claim.offsets,
            records=self._pending.take(),
            offsets=dict(self._read),
            flush=flush,
            history=self._is_for_history(flush=flush),
            topic_ids=self._facts.topic_ids,
            cluster_id=self._facts.cluster_id,
            live_from_ms=self._live_from_ms,
            ends=self._ends,
            seed=self._seed,
            settled=self._claim.settled,
            claimed=self._claim.offsets,
            partitions=self._facts.partitions,
            erased=self._claim.erased,
        )
        if batch.writes:
            # Committed before the snapshot of this epoch is taken: a database that has less has lost it.
            self._written = batch.offsets
        self._seed = {}
        return batch

    def _is_behind(self) -> bool:
        """Whether what is read is old: while a backlog lasts, rows that change every second are written less often."""
        return self._pending.last_append_ms < time.time() * 1000 - _BEHIND_MS and self._pending.count > 0

    def _caught_up(self) -> bool:
        return self._until and all(self._read[t] >= end for t, end in self._ends.items())

    def _report_lag(self) -> None:
        for topic, offset in self._read.items():
            _low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, self._task), cached=True)
            if high != OFFSET_INVALID and high >= 0:
                left = high + self._claim.bases.get(topic, 0) - offset
                metrics.CONSUMER_LAG.labels(topic, str(self._task), self._group).set(max(0, left))


def _consumer_config(settings: Settings, group: str) -> dict[str, Any]:
    return {
        **client_config(settings),
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
