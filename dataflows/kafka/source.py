"""The micro-batch source: one source partition is one task, partition *p* of every topic that the flow reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from bytewax.inputs import FixedPartitionedSource

from dataflows.batch import TaskBatch
from dataflows.claim import Claim, RefusedError, Seed
from dataflows.failure import records_failure
from dataflows.kafka.flush_timer import FlushTimer
from dataflows.kafka.keys import task_of
from dataflows.kafka.log import LogFacts
from dataflows.kafka.partition import TaskPartition
from dataflows.kafka.start import Start
from dataflows.kafka.topics import TIMESTAMP_TYPE, append_time_advice
from dataflows.kafka.watch import LogWatch
from dataflows.settings import Settings

log = structlog.get_logger()


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
        keeps_no_state: bool = False,
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
            writes_each: Write every batch, not only at a flush.
            keeps_no_state: Go on from what the database says, whatever a snapshot holds.
        """
        self._writes_each, self._keeps_no_state = writes_each, keeps_no_state
        self._settings, self._flow, self._topics = settings, flow, topics
        self._optional = optional_topics
        self._claim, self._seed, self._until, self._from_oldest = claim, seed, until_caught_up, from_oldest
        self._facts: LogFacts | None = None
        self._timer: FlushTimer | None = None

    def _log_facts(self) -> LogFacts:
        if self._facts is None:
            facts = LogFacts.read(self._settings, self._topics, self._optional)
            if facts.own_times:
                names = ", ".join(facts.own_times)
                text = f"{names}: message.timestamp.type is not {TIMESTAMP_TYPE}. "
                raise RefusedError(text + append_time_advice(self._settings, facts.own_times))
            self._facts = facts
            log.info("reading", flow=self._flow, topics=facts.topics, partitions=facts.partitions)
        return self._facts

    @records_failure
    def list_parts(self) -> list[str]:
        """Returns one name a partition number, sorted as Bytewax deals them out."""
        return [f"{task:03d}" for task in range(self._log_facts().partitions)]

    @records_failure
    def build_part(self, step_id: str, for_part: str, resume_state: dict[str, Any] | None) -> TaskPartition:  # noqa: ARG002
        """Claims the task and starts reading where the snapshot left off, or at offset 0."""
        task = task_of(for_part)
        facts = self._log_facts()
        claim = self._claim(self._flow, task)
        if self._keeps_no_state:
            resume_state = None
        # A rebuild that came after the snapshot knows better: what the snapshot holds would undo it.
        left = resume_state is None or claim.has_left(resume_state)
        seed = self._seed(self._flow, task, -1 if left else (resume_state or {}).get("generation", -1))
        state = seed.position if seed else resume_state
        offsets = Start(self._flow, task, facts, claim, state).offsets(from_oldest=self._from_oldest)
        if self._timer is None:
            watch = LogWatch(self._settings, facts)
            self._timer = FlushTimer(self._settings.commit_interval_of(self._flow), watch)
        log.debug("task claimed", flow=self._flow, task=task, generation=claim.generation, offsets=offsets)
        return TaskPartition(
            self._settings,
            self._flow,
            task,
            facts,
            claim,
            offsets,
            self._timer,
            until_caught_up=self._until,
            writes_each=self._writes_each,
            written=state["written"] if state else None,
            epochs=state.get("epochs") if state else None,
            seed=seed.states if seed else None,
        )
