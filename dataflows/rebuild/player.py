"""One task's past played through its pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from dataflows.kafka.batch import Records, TaskBatch
from dataflows.kafka.source import RefusedError
from dataflows.operators.segments import Ints
from dataflows.operators.shell import Operator
from dataflows.rebuild.history import Piece, archived, from_topic, tick_at
from dataflows.rebuild.past import Goal, Past
from dataflows.settings import Settings
from dataflows.sink.writer import Writer

ARCHIVED_BYTES: Final = 1 << 26
"""What the archive took is taken again, whatever the limit of today."""


@dataclass(frozen=True, slots=True)
class Player:
    """Feeds one task's records to its operators and writes the rows that they make.

    Attributes:
        past: The flow.
        settings: Rules, Kafka.
        goal: How far.
        operators: The operators of the task, in order.
        writer: Writes into the shadow schema.
    """

    past: Past
    settings: Settings
    goal: Goal
    operators: list[Operator[Any]]
    writer: Writer

    def archive_and_topics(self, connection: psycopg.Connection[Any]) -> Iterator[int]:
        """Plays the archive, then the topics from where it ends; yields how many records each batch held."""
        offsets = dict.fromkeys(self.goal.archived, 0)
        yield from self.archive(connection, offsets)
        for topic, end in self.goal.upto.items():
            for piece in from_topic(self.settings, topic, self.goal.task, self.goal.archived[topic], end):
                offsets[topic] = piece.next_offset
                self._step(piece.records, offsets, None, self.settings, beat=True)
                yield len(piece.records.offsets)
            offsets[topic] = end
        self._step(Records("", self.goal.task), offsets, None, self.settings, beat=True)

    def feed(self, piece: Piece) -> None:
        """Plays a piece of the archive on its own, and writes nothing yet."""
        self._step(piece.records, self.goal.archived, piece.before, self._generous, beat=False)

    def finish(self) -> None:
        """Brings all topics to where the archive stands, and writes what follows from the pieces."""
        for topic, mark in self.goal.archived_marks.items():
            tick = tick_at(topic, self.goal.task, self.goal.archived[topic], mark)
            self._step(tick, self.goal.archived, None, self._generous, beat=False)
        self._step(Records("", self.goal.task), self.goal.archived, None, self.settings, beat=True)

    def archive(self, connection: psycopg.Connection[Any], offsets: dict[str, int]) -> Iterator[int]:
        """Plays the archive; `offsets` are brought forward."""
        generous, goal = self._generous, self.goal
        # The shortest first: windows stay open, and in memory, until every topic has been begun.
        for topic, end in sorted(goal.archived.items(), key=lambda item: item[1]):
            for piece in archived(connection, topic, goal.task, end):
                offsets[topic] = piece.next_offset
                self._step(piece.records, offsets, piece.before, generous, beat=True)
                yield len(piece.records.offsets)
            if topic in goal.archived_marks:
                tick = tick_at(topic, goal.task, end, goal.archived_marks[topic])
                self._step(tick, offsets, None, generous, beat=False)
            offsets[topic] = end

    @property
    def _generous(self) -> Settings:
        return self.settings.model_copy(update={"max_event_bytes": ARCHIVED_BYTES})

    def _step(
        self, records: Records, offsets: dict[str, int], before: Ints | None, rules: Settings, *, beat: bool
    ) -> None:
        claim = self.goal.claim
        batch = TaskBatch(
            task=self.goal.task,
            generation=claim.generation,
            floor={},
            records=[records] if records.offsets else [],
            offsets=dict(offsets),
            beat=beat,
            topic_ids=claim.topic_ids,
            cluster_id=claim.cluster_id,
            live_from_ms=1 << 62,
            ends=self.goal.upto,
            settled=self.goal.settled,
        )
        item = self.past.module.decode(batch, rules)
        if before is not None:
            rejects = [reject for _topic, decoded in item.decoded for reject in decoded.rejects]
            if rejects:
                text = f"an archived event is not accepted any more: {rejects[0]}"
                raise RefusedError(text)
            item.before_ms = {records.topic: before}
        for operator in self.operators:
            item = operator.process(item)
        if changes := self.past.module.gather(item):
            self.writer.write_batch([(str(self.goal.task), change) for change in changes])
