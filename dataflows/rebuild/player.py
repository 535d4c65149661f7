"""One task's past played through its pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog

from dataflows.batch import Records, TaskBatch
from dataflows.operators.segments import Ints
from dataflows.operators.shell import Operator
from dataflows.rebuild.history import Piece, from_topic, tick_at
from dataflows.rebuild.kept_events import KeptEvents
from dataflows.rebuild.spec import Goal, RebuildSpec
from dataflows.settings import Settings
from dataflows.sink.writer import Writer

log = structlog.get_logger()

_WRITTEN_EVERY: Final = 8
"""Batches between two writes: about as often as a worker that catches up. What is open is written each time."""


@dataclass(frozen=True, slots=True)
class Player:
    """Feeds one task's records to its operators and writes the rows that they make.

    Attributes:
        spec: The flow.
        settings: Rules, Kafka.
        goal: How far.
        operators: The operators of the task, in order.
        writer: Writes into the shadow schema.
    """

    spec: RebuildSpec
    settings: Settings
    goal: Goal
    operators: list[Operator[Any]]
    writer: Writer

    def kept_and_topics(self, past: KeptEvents) -> Iterator[int]:
        """Plays what is kept, then the topics from where it ends; yields how many records each batch held."""
        offsets = dict.fromkeys(self.goal.archived, 0)
        yield from self.kept(past, offsets)
        for topic, end in self.goal.upto.items():
            for piece in from_topic(self.settings, topic, self.goal.task, self.goal.archived[topic], end):
                offsets[topic] = piece.next_offset
                self._step(piece.records, offsets, None, flush=True)
                yield len(piece.records.offsets)
            offsets[topic] = end
        self._step(Records("", self.goal.task), offsets, None, flush=True)

    def feed(self, piece: Piece) -> None:
        """Plays a piece of the past on its own, and writes nothing yet."""
        self._step(piece.records, self.goal.archived, piece.before, flush=False)

    def finish(self) -> None:
        """Brings all topics to where archive and lake stand, and writes what follows from the pieces."""
        for topic, mark in self.goal.archived_marks.items():
            tick = tick_at(topic, self.goal.task, self.goal.archived[topic], mark)
            self._step(tick, self.goal.archived, None, flush=False)
        self._step(Records("", self.goal.task), self.goal.archived, None, flush=True)

    def kept(self, past: KeptEvents, offsets: dict[str, int]) -> Iterator[int]:
        """Plays what archive and lake hold; `offsets` are brought forward."""
        goal = self.goal
        # The shortest first: windows stay open, and in memory, until every topic has been begun.
        for topic, end in sorted(goal.archived.items(), key=lambda item: item[1]):
            for number, piece in enumerate(past.read(topic, goal.task, end), 1):
                offsets[topic] = piece.next_offset
                self._step(piece.records, offsets, piece.before, flush=number % _WRITTEN_EVERY == 0)
                yield len(piece.records.offsets)
            if topic in goal.archived_marks:
                tick = tick_at(topic, goal.task, end, goal.archived_marks[topic])
                self._step(tick, offsets, None, flush=False)
            offsets[topic] = end

    def _step(self, records: Records, offsets: dict[str, int], before: Ints | None, *, flush: bool) -> None:
        claim = self.goal.claim
        batch = TaskBatch(
            task=self.goal.task,
            generation=claim.generation,
            floor={},
            records=[records] if records.offsets else [],
            offsets=dict(offsets),
            flush=flush,
            topic_ids=claim.topic_ids,
            cluster_id=claim.cluster_id,
            live_from_ms=1 << 62,
            ends=self.goal.upto,
            settled=self.goal.settled,
            erased=claim.erased,
        )
        item = self.spec.module.decode(batch, self.settings)
        if before is not None:
            item.before_ms = {records.topic: _of_accepted(records, item.decoded, before)}
        for operator in self.operators:
            item = operator.process(item)
        if changes := self.spec.module.gather(item):
            self.writer.write_batch([(str(self.goal.task), change) for change in changes])


def _of_accepted(records: Records, decoded: list[tuple[str, Any]], before: Ints) -> Ints:
    """Returns what the accepted ones of archived events met.

    Limits are not asked again. What this version of the code cannot read at all is left out, in words: an event that
    an older version took must not keep everything else from being rebuilt.
    """
    refused = [reject for _topic, one in decoded for reject in one.rejects]
    if not refused:
        return before
    first = f"{refused[0].topic}/{refused[0].partition}/{refused[0].offset}: {refused[0].reason}, {refused[0].detail}"
    log.warning("archived events that this version does not read are left out", count=len(refused), first=first)
    return before[~np.isin(records.offsets, [reject.offset for reject in refused])]
