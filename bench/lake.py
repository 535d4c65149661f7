"""What the flow `lake` costs: CPU an event from raw records to synced files, and bytes an event in them.

Without Kafka and database: polling costs what `bench throughput` says, and a commit is one row in five minutes.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.batches import batches
from dataflows.batch import Records, TaskBatch
from dataflows.lake import flow
from dataflows.lake.compact import write
from dataflows.lake.store import Store
from dataflows.settings import Settings
from ingest.formats.log import in_time_order, read_log, reader_of

BATCH: int = 32_768


def measure(*, events: int, log: Path | None = None) -> dict[str, Any]:
    """Returns microseconds and bytes an event.

    Args:
        events: How many simulated events.
        log: A Moodle log in their place.
    """
    with tempfile.TemporaryDirectory(prefix="classpulse-bench-") as folder:
        settings = Settings(_env_file=None, lake_url=folder, max_age_days=0)
        source = list(_of_log(log) if log else batches(events, per_s=2000, batch_records=BATCH, flush_every=1))
        count = sum(len(records.values) for batch in source for records in batch.records)
        raw = sum(len(value or b"") for batch in source for records in batch.records for value in records.values)
        began, wall = _cpu_s(), time.perf_counter()
        files = _play(settings, source)
        cpu, wall = _cpu_s() - began, time.perf_counter() - wall
        fresh = [path for path, zone, _rows, _size in files if zone == "events"]
        kept = sum(rows for _path, zone, rows, _size in files if zone == "events")
        began = _cpu_s()
        made = write(Store(settings), settings, fresh)
        compaction = _cpu_s() - began
    per_event = sum(one.size for one in made) / kept
    return {
        "records": count,
        "events": kept,
        "record_bytes": round(raw / count, 1),
        "us_per_record": round(cpu / count * 1e6, 2),
        "wall_us_per_record": round(wall / count * 1e6, 2),
        "compaction_us_per_event": round(compaction / kept * 1e6, 2),
        "fresh_bytes_per_event": round(sum(size for _p, zone, _r, size in files if zone == "events") / kept, 1),
        "compacted_bytes_per_event": round(per_event, 1),
        "raw_zone_bytes_per_record": round(sum(size for _p, zone, _r, size in files if zone == "raw") / count, 1),
        "gb_a_day_at_200_million": round(per_event * 0.2, 1),
    }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _play(settings: Settings, source: Iterable[TaskBatch]) -> list[tuple[str, str, int, int]]:
    operator = flow.steps(settings)["files"](0)
    files: list[tuple[str, str, int, int]] = []
    *most, last = source
    for batch in [*most, last]:
        item = operator.process(flow.decode(_ending(batch, ends=batch is last), settings))
        for changes in flow.gather(item):
            if "lake_files" in changes.rows:
                files += changes.rows["lake_files"].select("path", "zone", "events", "size_bytes").rows()
    return files


def _ending(batch: TaskBatch, *, ends: bool) -> TaskBatch:
    """Returns the batch as of a worker that writes files by their size, and the rest at the end."""
    return replace(batch, flush=True, history=ends)


def _of_log(log: Path) -> Iterator[TaskBatch]:
    entries = [entry for entry in in_time_order(read_log([log], reader_of("moodle")).entries) if entry.event_ms]
    for first in range(0, len(entries), BATCH):
        some = entries[first : first + BATCH]
        times = [entry.event_ms or 0 for entry in some]
        places = list(range(first, first + len(some)))
        records = Records("clickstream_events", 0, places, times, [e.key for e in some], [e.value for e in some])
        yield TaskBatch(0, 1, {}, [records], {"clickstream_events": first + len(some)}, True, {}, "", 0)  # noqa: FBT003
