"""ClassPulse's and Bytewax's own jobs, each a process: `python -m bench.engines.jobs JOB OUTPUT WARM ALL`.

`poll_decode` writes nothing; the others write rows by class and by all into the topic OUTPUT, as other engines do.
"""

from __future__ import annotations

import sys

from bench.jobs import JOBS, Nowhere  # first: it sets the threads that polars may have

# isort: split
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from bytewax._bytewax import cli_main
from bytewax.dataflow import Dataflow

from dataflows.events.scanner import loading
from dataflows.kafka.producer import Publisher
from dataflows.settings import Settings
from dataflows.summary import Summary
from dataflows.worker import calm_garbage_collector

FOLD_EPOCH_MS: Final = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1000


class Output(Nowhere):
    """Publishes rows, and says when the process is warm and when it has taken all events."""

    def __init__(self, settings: Settings, topic: str, warm: int, everything: int) -> None:
        """`warm` and `everything`: after how many events it says so."""
        self._publisher = Publisher(settings)
        self._topic, self._marks, self._events = topic, sorted({warm, everything}), 0
        super().__init__()

    @property
    def events(self) -> int:
        """Events taken so far."""
        return self._events

    @events.setter
    def events(self, events: int) -> None:
        self._events = events
        while self._marks and events >= self._marks[0]:
            del self._marks[0]
            print(json.dumps({"events": events, "cpu_s": time.process_time()}), flush=True)

    def write_batch(self, items: list[Any]) -> None:
        """Publishes what is by class or by all."""
        for _task, rows in items:
            found = _of_tables(_task, rows) if isinstance(rows, dict) else _of_fold(_task, rows)
            for key, value in found:
                self._publisher.send(self._topic, key.encode(), value.encode())

    def flush(self) -> None:
        """Waits until all is published."""
        self._publisher.flush()


def _of_tables(task: str, rows: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _of_activity(rows)
    for scope, name in (("class", "class_minutes"), ("all", "all_minutes")):
        if name in rows:
            frame = rows[name]
            ids = frame["class_id"].to_list() if scope == "class" else ["all"] * frame.height
            starts = frame["window_start"].dt.epoch("ms").to_list()
            counts = zip(starts, ids, frame["events"].to_list(), frame["students"].to_list(), strict=True)
            for start, scope_id, events, students in counts:
                yield f"{start}/{scope}/{scope_id}/{task}", f"{events}/{students}"


def _of_activity(rows: dict[str, Any]) -> Iterator[tuple[str, str]]:
    frame = rows.get("activity_windows")
    if frame is None or not frame.height:
        return
    chosen = frame.filter(frame["scope"].is_in(["all", "class"]))
    starts = chosen["window_start"].dt.epoch("ms").to_list()
    columns = [chosen[name].to_list() for name in ("scope", "scope_id", "task", "events", "active_students")]
    for start, scope, scope_id, task, events, students in zip(starts, *columns, strict=True):
        yield f"{start}/{scope}/{scope_id}/{task}", f"{events}/{students}"


def _of_fold(key: str, sums: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if sums is None:
        return
    window, scope, scope_id = key.split("/", 2)
    if scope in {"all", "class"}:
        yield f"{FOLD_EPOCH_MS + int(window) * 60_000}/{scope}/{scope_id}", f"{sums[0]}/{sums[1]}"


def main() -> None:
    """Runs a job over what the topic holds."""
    job, output, warm, everything = sys.argv[1:]
    settings = Settings()
    flow, sink = Dataflow(job), Output(settings, output, int(warm), int(everything))
    if settings.scanner:
        loading.prepare(settings.scanner_dir, wait=True)
    JOBS[job](flow, settings, sink)
    calm_garbage_collector()
    cli_main(flow, workers_per_process=1)
    sink.flush()
    # Bytewax's own windows do not say what they drop, and whoever only decodes judges nothing.
    counted = {"late": Summary.of_process("engagement").late} if job in {"declared", "windows"} else {}
    print(json.dumps(counted | {"done_cpu_s": time.process_time()}), flush=True)


if __name__ == "__main__":
    main()
