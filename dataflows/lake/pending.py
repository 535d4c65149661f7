"""What a task has gathered for its next files, and how these are written."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any, Final

import polars as pl
import structlog

from dataflows import metrics
from dataflows.backoff import delay_s
from dataflows.batch import Records
from dataflows.errors import UnavailableError
from dataflows.kafka.partition import stopping
from dataflows.lake.files import Name, json_lines, parquet, raw_lines
from dataflows.lake.store import FAILURES, Store
from dataflows.settings import Settings

_BACKOFF_S: Final = (0.2, 10.0)
_TIME: Final = pl.Datetime("ms")
_MANIFEST: Final[dict[str, Any]] = {
    "path": pl.String,
    "zone": pl.String,
    "events": pl.Int64,
    "size_bytes": pl.Int64,
    "first_event": _TIME,
    "last_event": _TIME,
    "first_append": _TIME,
    "last_append": _TIME,
    "known_at": _TIME,
}

log = structlog.get_logger()


class PendingFiles:
    """Events and raw records that no file holds yet.

    Attributes:
        size: Bytes that they take in memory.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        """Starts empty."""
        self._store = store
        self._compression, self._raw_compression = settings.lake_compression, settings.lake_raw_compression
        self._events: list[pl.DataFrame] = []
        self._raw: list[pl.DataFrame] = []
        self.size = 0

    def add(self, events: pl.DataFrame) -> None:
        """Takes rows of `events`."""
        self._keep(self._events, events)

    def add_raw(self, records: Records, refused: list[int], withheld: list[int]) -> None:
        """Takes records as they came, but ticks, which say nothing.

        Args:
            records: Records of one topic.
            refused: Places of those that decode refused.
            withheld: Places of those that are not kept: their students have withdrawn consent, or were erased.
        """
        lines = raw_lines(records, refused)
        if withheld:
            kept = pl.Series(records.offsets, dtype=pl.Int64)
            if records.ticks:
                kept = kept.filter(pl.Series([tick is None for tick in records.ticks]))
            lines = lines.filter(~kept.is_in(withheld))
        self._keep(self._raw, lines)

    def write(self, name: Name, spans: dict[str, tuple[int, int]]) -> pl.DataFrame:
        """Writes the files, and starts anew; returns their rows of the manifest.

        Args:
            name: What they are called after.
            spans: By topic, the first place that they hold and the place after the last.
        """
        rows = [*self._write_events(name), *self._write_raw(name)]
        self._events, self._raw, self.size = [], [], 0
        moved = {topic: span for topic, span in spans.items() if span[0] < span[1]}
        return pl.DataFrame(rows, schema=_MANIFEST, orient="row").with_columns(
            task=pl.lit(name.task), generation=pl.lit(name.generation), places=pl.lit(json.dumps(moved))
        )

    def _keep(self, frames: list[pl.DataFrame], frame: pl.DataFrame) -> None:
        if len(frame):
            frames.append(frame)
            self.size += int(frame.estimated_size())

    def _write_events(self, name: Name) -> list[tuple[Any, ...]]:
        if not self._events:
            return []
        events = pl.concat(self._events)
        path = name.events_path()
        size = self._put(path, parquet(events, self._compression))
        event, append = events["event_time"], events["ingested_at"]
        known = events.select(pl.max_horizontal("event_time", "watermark_before").max()).item()
        return [(path, "events", len(events), size, event.min(), event.max(), append.min(), append.max(), known)]

    def _write_raw(self, name: Name) -> list[tuple[Any, ...]]:
        """Writes a raw file a day of append time: raw records are deleted by day."""
        if not self._raw:
            return []
        made, compression = [], self._raw_compression
        for (day,), lines in pl.concat(self._raw).group_by(pl.col("appended").dt.date(), maintain_order=True):
            path = name.raw_path(str(day), compression)
            size = self._put(path, json_lines(lines["line"], compression))
            append = lines["appended"]
            made.append((path, "raw", len(lines), size, None, None, append.min(), append.max(), None))
        return made

    def _put(self, path: str, data: bytes) -> int:
        """Writes a file, trying again while the store is away or full: nothing is lost, and Kafka waits.

        Raises:
            UnavailableError: Where the worker is to end meanwhile.
        """
        for attempt in itertools.count():
            started = time.perf_counter()
            try:
                size = self._store.put(path, data)
            except FAILURES as error:
                metrics.LAKE_FAILED.inc()
                if stopping.is_set():
                    text = f"the lake takes no files: {error}"
                    raise UnavailableError(text) from error
                delay = delay_s(attempt, *_BACKOFF_S)
                log.warning("lake unavailable, retrying", path=path, in_s=delay, error=str(error).strip()[:300])
                stopping.wait(delay)
                continue
            metrics.LAKE_WRITE.observe(time.perf_counter() - started)
            metrics.LAKE_BYTES.labels(path.partition("/")[0]).inc(size)
            return size
        raise AssertionError  # attempts do not end
