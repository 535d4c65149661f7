"""The `archive` flow: events into `events`, rejects into `dead_letters`; who is enrolled and active kept current.

Read top-down: source → decode → consent → time → rows → sink. It reads all input topics, and writes every batch at
once: its rows are facts by key, not values that change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
import psycopg

from dataflows import metrics
from dataflows.archive.consents import known_consents
from dataflows.archive.known import known_ids
from dataflows.archive.rows import course_activity_rows, enrolment_rows, event_rows, reject_records, reject_rows
from dataflows.batch import TaskBatch
from dataflows.events.full import Full, decode_full
from dataflows.events.rejects import Reject
from dataflows.kafka.topics import CLICKSTREAM_ALIAS, INPUT_TOPICS
from dataflows.operators import builder, snapshot
from dataflows.operators.consent import GateConsent, Said, names_any, said_in
from dataflows.operators.dedupe import SeenByTopic
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import Watermarks
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

FLOW: Final = "archive"
TOPICS: Final = INPUT_TOPICS
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)


@dataclass(slots=True)
class Batch:
    """What moves from step to step: decoded records, then rows."""

    source: TaskBatch
    decoded: list[tuple[str, Full]]
    withheld: dict[str, Bools] = field(default_factory=dict)
    forgets: Callable[[str], bool] | None = None
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    changes: list[Changes] = field(default_factory=list)


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    return {
        "consent": lambda _task: GateConsent(FLOW, settings, said_of, has_duties=True),
        "watermark": lambda _task: KeepRows(settings),
    }


def said_of(batch: Batch) -> list[Said]:
    """Returns what the step `consent` reads of a batch."""
    return [said_in(topic, full.frame, "student_id") for topic, full in batch.decoded]


def states_at(
    connection: psycopg.Connection[Any], task: int, marks: dict[str, int], settings: Settings
) -> dict[str, bytes]:
    """Returns the operators' snapshots once everything below the watermarks' offsets is written.

    Nothing waits then, and the ids that are known are those of the newest rows of `events`.
    """
    seen = known_ids(connection, task, marks, settings.repeat_s * 1000)
    return {
        "consent": snapshot.dumps(known_consents(connection, task)),
        "watermark": snapshot.dumps({"marks": marks, "events": [], "rejects": [], "seen": seen}),
    }


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as the columns of `events`."""
    return Batch(batch, builder.decoded(FLOW, batch, decode_full, settings))


def gather(batch: Batch) -> list[Changes]:
    """Returns the batch's rows, which are due at once."""
    return batch.changes


class KeepRows:
    """Stamps every event with the watermark that it met, leaves out those whose event_id is known, and makes the rows.

    While a replay after a crash is still below what the database holds of some topic, rows of topics that are further
    on wait here, so that `task_progress` never goes back.
    """

    def __init__(self, settings: Settings) -> None:
        """Starts without a watermark."""
        self._marks = Watermarks()
        self._seen = SeenByTopic(settings.repeat_s * 1000)
        self._events: list[pl.DataFrame] = []
        self._rejects: list[Reject] = []
        self._live: list[Ints] = []

    def process(self, batch: Batch) -> Batch:
        """Makes the rows of a batch; they are due unless a replay is below the floor."""
        source = batch.source
        for topic, full in batch.decoded:
            event_ms, append_ms = full.frame["event_ms"].to_numpy(), full.frame["append_ms"].to_numpy()
            before = self._marks.advance(topic, event_ms, append_ms)
            floor = source.floor.get(topic, 0)
            is_event = ~full.frame["is_tick"].to_numpy()
            if topic in batch.withheld:
                is_event &= ~batch.withheld[topic]
            self._events.append(event_rows(full, before, floor, self._first(topic, full.frame, is_event, before)))
            forgets = batch.forgets
            self._rejects += [
                r
                for r in full.rejects
                if r.offset >= floor and not (forgets is not None and names_any(r.payload, forgets))
            ]
            metrics.DELIVERY_DELAY.observe_ms((append_ms - event_ms)[is_event])
            self._live.append(append_ms[is_event & (append_ms >= source.live_from_ms)])
        if source.flush:
            metrics.note_watermarks(source.task, self._marks.marks)
        due = batch.decoded or source.flush
        batch.decoded = []
        if due and source.past_floor:
            batch.changes = [self._changes(source)]
            batch.changes[0].rows.update(batch.rows)
        return batch

    def _first(self, topic: str, frame: pl.DataFrame, is_event: Bools, before: Ints) -> Bools:
        """Returns which rows are the first records of events: ticks are none."""
        hi, lo, event_ms = (frame[name].to_numpy()[is_event] for name in ("id_hi", "id_lo", "event_ms"))
        first = is_event.copy()
        first[is_event] = self._seen.of(topic).first_of(hi, lo, event_ms, before[is_event])
        repeats = int((is_event & ~first).sum())
        if repeats:
            metrics.DUPLICATES.labels(FLOW).inc(repeats)
        return first

    def _changes(self, source: TaskBatch) -> Changes:
        live = np.concatenate(self._live) if self._live else np.empty(0, np.int64)
        changes = Changes.of(FLOW, source, dict(self._marks.marks), live)
        if self._events:
            events = pl.concat(self._events)
            if len(events):
                changes.rows["events"] = events
                for name, make in (("enrolments", enrolment_rows), ("course_activity", course_activity_rows)):
                    rows = make(events)
                    if len(rows):
                        changes.rows[name] = rows
        if self._rejects:
            changes.rows["dead_letters"] = reject_rows(self._rejects)
            changes.records["dead_letters"] = reject_records(self._rejects)
        self._events, self._rejects, self._live = [], [], []
        return changes

    def state(self) -> dict[str, Any]:
        """Returns the watermarks, and rows that wait."""
        held = {"marks": self._marks.marks, "events": self._events, "rejects": self._rejects}
        return held | {"seen": self._seen.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot."""
        self._marks = Watermarks(state["marks"])
        self._events, self._rejects = list(state["events"]), list(state["rejects"])
        self._seen.restore(state["seen"])
