"""The jobs that are compared, each a process: `python -m bench.jobs JOB`, one of `JOBS`.

All run inside Bytewax, one worker, no recovery. Prints one JSON object with the events, and the wall and CPU seconds
from the dataflow's start to its end (imports are left out).
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from typing import Any  # noqa: E402

import bytewax.operators as op  # noqa: E402
import bytewax.operators.windowing as win  # noqa: E402
import msgspec  # noqa: E402
from bytewax._bytewax import cli_main  # noqa: E402
from bytewax.connectors.kafka import KafkaSource as BytewaxKafkaSource  # noqa: E402
from bytewax.dataflow import Dataflow  # noqa: E402
from bytewax.operators.windowing import EventClock, TumblingWindower  # noqa: E402
from bytewax.outputs import DynamicSink, StatelessSinkPartition  # noqa: E402

from dataflows.batch import TaskBatch  # noqa: E402
from dataflows.claim import Claim  # noqa: E402
from dataflows.engagement import flow as engagement  # noqa: E402
from dataflows.engagement.columns import Batch  # noqa: E402
from dataflows.engagement.scopes import scopes_of  # noqa: E402
from dataflows.events.coding import Place  # noqa: E402
from dataflows.events.plain import Plain  # noqa: E402
from dataflows.events.scanner import loading  # noqa: E402
from dataflows.kafka.keys import task_key  # noqa: E402
from dataflows.kafka.source import KafkaSource  # noqa: E402
from dataflows.operators.aggregates import Count, Distinct  # noqa: E402
from dataflows.operators.flow import WindowedFlow  # noqa: E402
from dataflows.operators.shell import stateful  # noqa: E402
from dataflows.operators.windows import Tumbling  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.worker import calm_garbage_collector  # noqa: E402

_DECODER = msgspec.json.Decoder(Plain)
WINDOW_STEPS = ("watermark", "dedupe", "encode", "activity")


class Nowhere(StatelessSinkPartition[Any], DynamicSink[Any]):
    """Takes everything, keeps nothing; counts the items, and carries the count of events."""

    def __init__(self) -> None:
        """Starts at nothing."""
        self.items = 0
        self.events = 0

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Nowhere:  # noqa: ARG002
        """Returns itself: there is one worker."""
        return self

    def write_batch(self, items: list[Any]) -> None:
        """Counts the items."""
        self.items += len(items)


def _decoded(flow: Dataflow, settings: Settings, sink: Nowhere) -> Any:  # noqa: ANN401
    """The head of the real flow: its source and its decode."""

    def decode(batch: TaskBatch) -> tuple[str, Batch]:
        sink.events += sum(len(records.values) for records in batch.records)
        return task_key(batch.task), engagement.decode(batch, settings)

    return op.map("decode", op.input("source", flow, _source(settings)), decode)


def _source(settings: Settings) -> KafkaSource:
    return KafkaSource(
        settings,
        "engagement",
        [settings.topic("clickstream_events")],
        [],
        lambda _flow, _task: Claim(1, {}, "", {}),
        until_caught_up=True,
    )


def poll_decode(flow: Dataflow, settings: Settings, sink: Nowhere) -> None:
    """The ceiling: what reading and decoding alone costs."""
    op.output("sink", op.map("empty", _decoded(flow, settings, sink), lambda item: (item[0], None)), sink)


def windows(flow: Dataflow, settings: Settings, sink: Nowhere) -> None:
    """The window job: watermark, dedupe, students' codes, `activity_windows` in all scopes with their rows."""
    makers = engagement.steps(settings)
    stream = _decoded(flow, settings, sink)
    for step_id in WINDOW_STEPS:
        stream = stateful(step_id, stream, makers[step_id], lambda batch: batch.source)
    op.output("sink", op.map_value("rows", stream, lambda batch: batch.rows), sink)


def declared(flow: Dataflow, settings: Settings, sink: Nowhere) -> None:
    """Two declared flows over one decode: events and students by class, and of all, by the minute, final rows only."""
    by_class, by_all = (_minutes(name, key) for name, key in (("class", ("class_id",)), ("all", ())))

    def decode(batch: TaskBatch) -> tuple[str, Any]:
        sink.events += sum(len(records.values) for records in batch.records)
        return task_key(batch.task), by_class.decode(batch, settings)

    makers = by_class.steps(settings) | {"windows_of_all": by_all.steps(settings)["windows"]}
    stream: Any = op.map("decode", op.input("source", flow, _source(settings)), decode)
    for step_id, maker in makers.items():
        stream = stateful(step_id, stream, maker, lambda batch: batch.source)
    op.output("sink", op.map_value("rows", stream, lambda batch: batch.rows), sink)


def _minutes(name: str, key: tuple[str, ...]) -> WindowedFlow:
    return WindowedFlow(
        name="engagement",
        topic="clickstream_events",
        key=key,
        window=Tumbling(60),
        aggregates={"events": Count(), "students": Distinct("student_id")},
        table=f"{name}_minutes",
        only_final=True,
    )


def fold_window(flow: Dataflow, settings: Settings, sink: Nowhere) -> None:
    """The same windows as Bytewax alone would make them: its Kafka source, a fold keyed by student, sums by scope."""
    topic = settings.topic("clickstream_events")
    messages = op.input("source", flow, BytewaxKafkaSource([settings.kafka_bootstrap_servers], [topic], tail=False))
    _fold(op.map("decode", messages, lambda message: _event(message, sink)), settings, sink)


def fold_window_fed(flow: Dataflow, settings: Settings, sink: Nowhere) -> None:
    """The same, but fed from our source and decode, in large batches, which suits it."""
    _fold(op.flat_map("events", _decoded(flow, settings, sink), lambda item: list(_events(item[1]))), settings, sink)


def _fold(events: Any, settings: Settings, sink: Nowhere) -> None:  # noqa: ANN401
    """Without dedupe, the trailing five minutes and lateness by the log: what they would cost is not counted."""
    clock: EventClock[Any] = EventClock(
        ts_getter=lambda item: item[0], wait_for_system_duration=timedelta(seconds=settings.lateness_s)
    )
    windower = TumblingWindower(align_to=datetime(2020, 1, 1, tzinfo=UTC), length=timedelta(minutes=1))
    students = win.fold_window("fold_window", events, clock, windower, Counter, _count, _add)
    scopes = op.flat_map("scopes", students.down, _by_scope)
    op.output("sink", op.reduce_final("sum", scopes, _sum), sink)


def _event(message: Any, sink: Nowhere) -> tuple[str, tuple[datetime, Place]]:  # noqa: ANN401
    event = _DECODER.decode(message.value)
    sink.events += 1
    stamp: Any = event.timestamp
    place = (event.class_id, event.grade, event.subject_id, event.course_id, event.chapter_id)
    return event.student_id, (datetime.fromtimestamp(stamp / 1000, UTC), place)


def _events(batch: Batch) -> Iterable[tuple[str, tuple[datetime, Place]]]:
    for _topic, coded in batch.decoded:
        columns = (coded.frame[name].to_list() for name in ("event_ms", "student", "place"))
        for event_ms, student, place in zip(*columns, strict=True):
            yield coded.students[student], (datetime.fromtimestamp(event_ms / 1000, UTC), coded.places[place])


def _count(total: Counter[Place], item: tuple[datetime, Place]) -> Counter[Place]:
    total[item[1]] += 1
    return total


def _add(one: Counter[Place], other: Counter[Place]) -> Counter[Place]:
    return one + other


def _by_scope(item: tuple[str, tuple[int, Counter[Place]]]) -> list[tuple[str, tuple[int, int]]]:
    """Returns (events, active students) of one student's minute by window and scope."""
    _student, (window, places) = item
    events: Counter[tuple[str, str]] = Counter()
    for place, count in places.items():
        for scope in scopes_of(place):
            events[scope] += count
    return [(f"{window}/{scope}/{scope_id}", (count, 1)) for (scope, scope_id), count in events.items()]


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


JOBS: dict[str, Callable[[Dataflow, Settings, Nowhere], None]] = {
    "poll_decode": poll_decode,
    "windows": windows,
    "declared": declared,
    "fold_window": fold_window,
    "fold_window_fed": fold_window_fed,
}


def measure(job: str, settings: Settings) -> dict[str, Any]:
    """Runs a job over what the topic holds and returns the figures."""
    flow, sink = Dataflow(job), Nowhere()
    if settings.scanner:
        loading.prepare(settings.scanner_dir, wait=True)
    JOBS[job](flow, settings, sink)
    calm_garbage_collector()
    cpu, wall = time.process_time(), time.monotonic()
    cli_main(flow, workers_per_process=1)
    return {
        "events": sink.events,
        "wall_s": time.monotonic() - wall,
        "cpu_s": time.process_time() - cpu,
        "items_out": sink.items,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=sorted(JOBS))
    args = parser.parse_args()
    print(json.dumps(measure(args.job, Settings())))


if __name__ == "__main__":
    main()
