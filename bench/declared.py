"""What a declared flow costs beyond decode, beside the built-in `engagement`: `classpulse bench declared`.

The same batches of one task go through each flow in turn, without Kafka and database. CPU time, rows included; decode
is told apart. Best of several rounds over the same log: what a neighbour on the core adds is left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import cProfile  # noqa: E402
import pstats  # noqa: E402
import time  # noqa: E402
from typing import Any, Final  # noqa: E402

from bench import batches  # noqa: E402
from dataflows import flows  # noqa: E402
from dataflows.batch import TaskBatch  # noqa: E402
from dataflows.operators.aggregates import Count, Distinct, Last, TopK  # noqa: E402
from dataflows.operators.flow import WindowedFlow  # noqa: E402
from dataflows.operators.windows import MINUTE, Hopping, Session, Sliding, Tumbling  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.worker import calm_garbage_collector  # noqa: E402

SEARCHES: Final = {"event_name": "search"}
BY_CLASS: Final[dict[str, Any]] = {"searches": Count(), "students": Distinct("student_id")}


def _flow(name: str, **given: Any) -> WindowedFlow:  # noqa: ANN401
    by_default: dict[str, Any] = {"key": ("class_id",), "window": Tumbling(10 * MINUTE), "aggregates": BY_CLASS}
    return WindowedFlow(name=name, topic="clickstream_events", table=f"{name}_windows", **(by_default | given))


FLOWS: Final = (
    _flow("searches", filters=SEARCHES),
    _flow("all_events"),
    _flow("hopping", window=Hopping(size_s=10 * MINUTE, hop_s=MINUTE)),
    _flow("last_and_top", aggregates={"events": Count(), "chapter": Last("chapter_id"), "top": TopK("event_name", 3)}),
    _flow("sessions", key=("student_id",), window=Session(30 * MINUTE), aggregates={"events": Count()}),
    _flow("sliding", key=("student_id",), window=Sliding(10 * MINUTE), filters=SEARCHES, aggregates={"n": Count()}),
)
"""The tutorial's flow first; the others count every event, or show what other windows and aggregates cost."""


def measure(log: list[TaskBatch], settings: Settings, flow: Any) -> tuple[float, float, int]:  # noqa: ANN401
    """Returns the CPU seconds of decode, those of all that follows, and the rows."""
    operators = [make(0) for make in flow.steps(settings).values()]
    decode_s = rest_s = 0.0
    rows = 0
    for batch in log:
        started = time.process_time()
        item = flow.decode(batch, settings)
        decoded = time.process_time()
        for operator in operators:
            item = operator.process(item)
        for changes in flow.gather(item):
            rows += sum(map(len, changes.rows.values()))
        rest_s += time.process_time() - decoded
        decode_s += decoded - started
    return decode_s, rest_s, rows


def run(
    *, events: int = 500_000, per_s: float = 2000, rounds: int = 5, flush_every: int = 6, functions: int = 0
) -> dict[str, Any]:
    """Measures and returns the figures.

    Args:
        events: Events of the one task.
        per_s: Density: events a second of event time, over four tasks.
        rounds: Rounds over the same log; the lowest time counts.
        flush_every: Batches between two writes.
        functions: Print so many of the functions that take most in the tutorial's flow.
    """
    settings = Settings(_env_file=None)
    calm_garbage_collector()
    log = list(batches.batches(events, per_s=per_s, batch_records=settings.batch_records, flush_every=flush_every))
    definitions = {flow.name: flow for flow in FLOWS} | {"engagement": flows.named("engagement").load()}
    best: dict[str, tuple[float, float, int]] = {}
    for _round in range(rounds):
        for name, flow in definitions.items():
            decode_s, rest_s, rows = measure(log, settings, flow)
            before = best.get(name, (decode_s, rest_s, rows))
            best[name] = min(decode_s, before[0]), min(rest_s, before[1]), rows
    if functions:
        profiler = cProfile.Profile()
        profiler.runcall(measure, log, settings, FLOWS[0])
        pstats.Stats(profiler).sort_stats("tottime").print_stats(functions)
    built_in = best["engagement"][1]
    return {
        "events": events,
        "events_a_s_of_event_time": per_s,
        "flows": {
            name: {
                "decode_us_an_event": round(decode_s / events * 1e6, 3),
                "beyond_decode_us_an_event": round(rest_s / events * 1e6, 3),
                "events_a_cpu_s_beyond_decode": round(events / rest_s),
                "times_as_fast_as_engagement": round(built_in / rest_s, 2),
                "rows": rows,
            }
            for name, (decode_s, rest_s, rows) in best.items()
        },
    }
