"""The `lake` flow: every record into files, and the files into the manifest `lake_files`.

Read top-down: source → decode → consent → time → files → sink. Its state is places only: a task begins where
`task_progress` says, whatever a snapshot holds, and what it had gathered and not written is gathered again. A file is
written and synced first; then its row of the manifest is committed in the one transaction that moves the task's places.
So a file that no manifest names does not exist, and there is no second commit protocol (ADR 34).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
import psycopg

from dataflows import metrics
from dataflows.archive.consents import known_consents
from dataflows.archive.flow import Batch, said_of
from dataflows.archive.rows import event_rows
from dataflows.batch import Records, TaskBatch
from dataflows.events.full import Full, decode_full
from dataflows.kafka.topics import CLICKSTREAM_ALIAS, INPUT_TOPICS
from dataflows.lake.files import Name
from dataflows.lake.known import known_ids
from dataflows.lake.pending import PendingFiles
from dataflows.lake.store import Store
from dataflows.operators import builder, consent, snapshot
from dataflows.operators.consent import GateConsent, names_any
from dataflows.operators.dedupe import SeenByTopic
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import Watermarks
from dataflows.settings import Settings
from dataflows.sink.changes import Changes

FLOW: Final = "lake"
TOPICS: Final = INPUT_TOPICS
OPTIONAL_TOPICS: Final = (CLICKSTREAM_ALIAS,)
PLACES_ONLY: Final = True
"""Snapshots are not gone on from: what a task had gathered is read again."""


def steps(settings: Settings) -> dict[str, Any]:
    """Returns, by step id and in the order of the pipeline, what makes the operator of a task."""
    store = Store(settings)
    return {
        "consent": lambda _task: GateConsent(FLOW, settings, said_of, has_duties=True),
        "files": lambda _task: KeepFiles(settings, store),
    }


def states_at(
    connection: psycopg.Connection[Any], task: int, marks: dict[str, int], settings: Settings
) -> dict[str, bytes]:
    """Returns the operators' snapshots where a task's places stand: nothing waits, the newest files know the ids."""
    seen = known_ids(connection, Store(settings), task, marks, settings.repeat_s * 1000)
    return {
        "consent": snapshot.dumps(known_consents(connection, task)),
        "files": snapshot.dumps({"marks": marks, "seen": seen}),
    }


def decode(batch: TaskBatch, settings: Settings) -> Batch:
    """Returns the batch with its records as the columns of `events`."""
    return Batch(batch, builder.decoded(FLOW, batch, decode_full, settings))


def gather(batch: Batch) -> list[Changes]:
    """Returns the rows of the manifest, when files are written."""
    return batch.changes


class KeepFiles:
    """Gathers a task's events and records, and writes them as files every few minutes, or when they are many."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Starts without a watermark."""
        self._marks = Watermarks()
        self._seen = SeenByTopic(settings.repeat_s * 1000)
        self._most_bytes = settings.lake_file_mb * 1_000_000
        self._begin: dict[str, int] | None = None
        self._pending = PendingFiles(settings, store)
        self._consents: list[pl.DataFrame] = []

    def process(self, batch: Batch) -> Batch:
        """Takes a batch; writes the files when they are due, and returns the manifest's rows."""
        source = batch.source
        if self._begin is None:
            self._begin = dict(source.claimed)
        for records, (topic, full) in zip(source.records, batch.decoded, strict=True):
            self._take(batch, records, topic, full)
        batch.decoded = []
        # They are due with the places behind them: until then they wait, as the events do.
        self._consents += batch.rows.values()
        if source.flush:
            metrics.note_watermarks(source.task, self._marks.marks)
        if source.writes_history or (source.writes and self._pending.size >= self._most_bytes):
            batch.changes = [self._write(source)]
        return batch

    def _take(self, batch: Batch, records: Records, topic: str, full: Full) -> None:
        event_ms, append_ms = full.frame["event_ms"].to_numpy(), full.frame["append_ms"].to_numpy()
        before = self._marks.advance(topic, event_ms, append_ms)
        is_event = ~full.frame["is_tick"].to_numpy()
        refused, hidden = [reject.offset for reject in full.rejects], list[int]()
        if batch.forgets is not None:
            hidden += [reject.offset for reject in full.rejects if names_any(reject.payload, batch.forgets)]
        if topic in batch.withheld:
            is_event &= ~batch.withheld[topic]
            hidden += full.frame["offset"].to_numpy()[batch.withheld[topic]].tolist()
        first = self._first(topic, full.frame, is_event, before)
        self._pending.add(event_rows(full, before, batch.source.floor.get(topic, 0), first))
        self._pending.add_raw(records, refused, hidden)

    def _first(self, topic: str, frame: pl.DataFrame, is_event: Bools, before: Ints) -> Bools:
        """Returns which rows are the first records of events, as `archive` does: ticks are none."""
        hi, lo, event_ms = (frame[name].to_numpy()[is_event] for name in ("id_hi", "id_lo", "event_ms"))
        first = is_event.copy()
        first[is_event] = self._seen.of(topic).first_of(hi, lo, event_ms, before[is_event])
        return first

    def _write(self, source: TaskBatch) -> Changes:
        changes = Changes.of(FLOW, source, dict(self._marks.marks), np.empty(0, np.int64))
        begin = self._begin or {}
        spans = {topic: (begin.get(topic, 0), upto) for topic, upto in source.offsets.items()}
        first, upto = (sum(span[end] for span in spans.values()) for end in (0, 1))
        rows = self._pending.write(Name(source.task, source.generation, first, upto), spans)
        if len(rows):
            changes.rows["lake_files"] = rows
        if self._consents:
            changes.rows[consent.TABLE] = pl.concat(self._consents)
            self._consents = []
        self._begin = dict(source.offsets)
        return changes

    def state(self) -> None:
        """Keeps nothing: places are in the database."""

    def restore(self, state: dict[str, Any] | None) -> None:
        """Continues from a task's places (`states_at`); a snapshot of our own holds nothing."""
        if state is not None:
            self._marks = Watermarks(state["marks"])
            self._seen.restore(state["seen"])
