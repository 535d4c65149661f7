"""What an event costs, step by step, without Kafka: `classpulse bench profile [--flow content]`.

`CLASSPULSE_SCANNER=false` measures what it costs without the scanner.

One task with a quarter of the students, batches as the source emits them. Rows are made after every sixth batch, about
as often as a worker that catches up at 160,000 events/s. CPU time, best of several rounds over the same log: what a
neighbour on the core adds is left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import cProfile  # noqa: E402
import pickle  # noqa: E402
import pstats  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from typing import Any, Final  # noqa: E402

from bench import batches, studying  # noqa: E402
from dataflows import flows  # noqa: E402
from dataflows.batch import TaskBatch  # noqa: E402
from dataflows.events.scanner import loading  # noqa: E402
from dataflows.operators.shell import Operator  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.sink.tables import TABLES  # noqa: E402
from dataflows.sink.writer import to_csv  # noqa: E402
from dataflows.worker import calm_garbage_collector  # noqa: E402


@dataclass
class Costs:
    """CPU seconds by step, and what they bought.

    Attributes:
        cpu_s: CPU seconds by step, in the order of the pipeline.
        events: Records that went through.
        rows: Rows by table.
        csv_bytes: Bytes of COPY by table.
        snapshot_bytes: Bytes of the state at the end, by step.
    """

    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    events: int = 0
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    csv_bytes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    snapshot_bytes: dict[str, int] = field(default_factory=dict)


LOADS: Final = dict(
    engagement=batches.batches, content=studying.batches, stuck=studying.batches, archive=batches.batches
)
_WITH_ROWS: Final = frozenset({"activity", "students", "days", "timeline"})


def measure(log: list[TaskBatch], settings: Settings, flow: str = "engagement") -> Costs:
    """Runs the log through a new pipeline of a flow once."""
    costs, module = Costs(), flows.named(flow).load()
    operators = {name: make(0) for name, make in module.steps(settings).items()}

    def timed(step: str, action: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401
        before = time.process_time()
        result = action(*given)
        costs.cpu_s[step] += time.process_time() - before
        return result

    for batch in log:
        item = timed("decode", module.decode, batch, settings)
        for name, operator in operators.items():
            # Making rows is told apart from folding events: it is paid once a second, not once an event.
            step = f"{name}, with rows" if batch.flush and name in _WITH_ROWS else name
            item = timed(step, operator.process, item)
        for changes in module.gather(item):
            for table, frame in changes.rows.items():
                costs.rows[table] += len(frame)
                data = timed(f"csv {table}", to_csv, frame)
                costs.csv_bytes[table] += len(data)
        costs.events += sum(len(records.values) for records in batch.records)
    for name, operator in operators.items():
        data = timed(f"snapshot {name}", _snapshot, operator)
        costs.snapshot_bytes[name] = len(data)
    return costs


def _snapshot(operator: Operator[Any]) -> bytes:
    return pickle.dumps(operator.state(), protocol=5)


def best(rounds: list[Costs]) -> Costs:
    """Returns the first round's counts with each step's lowest CPU time."""
    result = rounds[0]
    for step in result.cpu_s:
        result.cpu_s[step] = min(r.cpu_s[step] for r in rounds)
    return result


def report(costs: Costs, log: list[TaskBatch]) -> dict[str, Any]:
    """Returns the figures: microseconds an event by step, rows and bytes an event, snapshot sizes."""
    flushes = sum(batch.flush for batch in log)
    each = {
        step: round(cpu_s / costs.events * 1e6, 3)
        for step, cpu_s in costs.cpu_s.items()
        if not step.startswith("snapshot")
    }
    return {
        "events": costs.events,
        "batches": len(log),
        "flushes": flushes,
        "us_an_event": each,
        "us_an_event_all": round(sum(each.values()), 3),
        "rows_an_event": {t: round(n / costs.events, 4) for t, n in costs.rows.items()},
        "csv_bytes_a_row": {t: round(costs.csv_bytes[t] / n) for t, n in costs.rows.items() if n},
        "csv_us_a_row": {
            t: round(costs.cpu_s[f"csv {t}"] / n * 1e6, 3) for t, n in costs.rows.items() if n and t in TABLES
        },
        "snapshot_ms": {s: round(c * 1e3, 1) for s, c in costs.cpu_s.items() if s.startswith("snapshot")},
        "snapshot_bytes": costs.snapshot_bytes,
    }


def run(  # noqa: PLR0913
    *,
    flow: str = "engagement",
    events: int = 500_000,
    per_s: float = 2000,
    batch_records: int | None = None,
    flush_every: int = 6,
    rounds: int = 3,
    functions: int = 0,
) -> dict[str, Any]:
    """Measures and returns the figures.

    Args:
        flow: `engagement`, `content`, `stuck` or `archive`.
        events: Events of the one task.
        per_s: Density: events a second of event time, over four tasks.
        batch_records: Records of a batch; by default as many as a worker that catches up takes.
        flush_every: Batches between two flushes.
        rounds: Rounds over the same log; the lowest time of each step counts.
        functions: Print so many of the functions that take most, by cProfile in one round more.
    """
    settings = Settings(_env_file=None)
    if settings.scanner:
        loading.prepare(settings.scanner_dir, wait=True)
    calm_garbage_collector()
    size = batch_records or settings.batch_records
    log = list(LOADS[flow](events, per_s=per_s, batch_records=size, flush_every=flush_every))
    result = report(best([measure(log, settings, flow) for _ in range(rounds)]), log)
    if functions:
        profiler = cProfile.Profile()
        profiler.runcall(measure, log, settings, flow)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(functions)
    return {"flow": flow, "events_a_s_of_event_time": per_s, "batch_records": size, **result}
