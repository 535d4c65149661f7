"""What a learning event costs in `memory`, and what a pair (student, module) weighs: `classpulse bench memory-flow`.

First one task with 100,000 pairs, batches as the source emits them, without Kafka and database; rows are made and
turned into the bytes of COPY. Then the whole worker, `classpulse run memory`, on real Kafka and TimescaleDB, four
tasks. CPU seconds; the median of several rounds over the same log.
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import pickle  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Final  # noqa: E402

from bench.learning_load import MODULES, STUDENTS, Sent, learning  # noqa: E402
from bench.stack import Stack, machine, run, say, stack  # noqa: E402
from dataflows.batch import Records, TaskBatch  # noqa: E402
from dataflows.kafka.producer import Publisher  # noqa: E402
from dataflows.kafka.replayed import REPLAYED
from dataflows.memory.flow import TOPICS, decode, gather, steps  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.sink.writer import to_csv  # noqa: E402
from dataflows.worker import calm_garbage_collector  # noqa: E402

PAIRS: Final = STUDENTS * MODULES


@dataclass
class Costs:
    """CPU seconds by step over the events that came once every pair was known, and the state at the end.

    Attributes:
        cpu_s: CPU seconds by step.
        events: Events that they bought.
        rows: Rows by table.
        snapshot_bytes: Bytes of the snapshot.
        snapshot_s: CPU seconds that it took.
    """

    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    events: int = 0
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    snapshot_bytes: int = 0
    snapshot_s: float = 0.0


def batches(events: int, batch_records: int, flush_every: int) -> list[TaskBatch]:
    """Returns the log of one task in batches; rows are due after every so many."""
    sent = list(learning(events, int(time.time() * 1000)))
    offsets = dict.fromkeys(TOPICS, 0)
    out = []
    for number, first in enumerate(range(0, len(sent), batch_records), 1):
        records = [_records(topic, piece, offsets) for topic, piece in _by_topic(sent[first : first + batch_records])]
        flush = number % flush_every == 0
        out.append(TaskBatch(0, 1, {}, records, dict(offsets), flush, {}, "", 1 << 62, {}))
    return out


def _by_topic(sent: list[Sent]) -> list[tuple[str, list[Sent]]]:
    found: dict[str, list[Sent]] = {}
    for one in sent:
        found.setdefault(one.topic, []).append(one)
    return list(found.items())


def _records(topic: str, piece: list[Sent], offsets: dict[str, int]) -> Records:
    start = offsets[topic]
    offsets[topic] = start + len(piece)
    return Records(
        topic,
        0,
        list(range(start, offsets[topic])),
        [one.arrives_ms for one in piece],
        [one.key for one in piece],
        [one.value for one in piece],
    )


def once(log: list[TaskBatch], settings: Settings) -> Costs:
    """Runs the log through a new pipeline; what comes before every pair is known is not counted."""
    costs, seen, counts, written = Costs(), 0, False, True
    operators = {name: make(0) for name, make in steps(settings).items()}
    for batch in log:
        seen += (size := sum(len(records.values) for records in batch.records))
        # From the first write after every pair was known on, so that rows are paid by the events that make them.
        counts = counts or (written and seen - size >= PAIRS)
        written = batch.flush
        costs.events += size * counts
        spent = costs.cpu_s if counts else defaultdict(float)
        item = _timed(spent, "decode", decode, batch, settings)
        for name, operator in operators.items():
            item = _timed(spent, f"{name}, with rows" if batch.flush else name, operator.process, item)
        for changes in gather(item):
            for table, frame in changes.rows.items():
                costs.rows[table] += len(frame) * counts
                _timed(spent, "rows as CSV", to_csv, frame)
    before = time.process_time()
    costs.snapshot_bytes = sum(len(pickle.dumps(o.state(), protocol=5)) for o in operators.values())
    costs.snapshot_s = time.process_time() - before
    return costs


def _timed(spent: dict[str, float], step: str, action: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401
    before = time.process_time()
    result = action(*given)
    spent[step] += time.process_time() - before
    return result


def measure(*, events: int = 600_000, rounds: int = 3, model: str = "ebbinghaus") -> dict[str, Any]:
    """Measures and returns the figures.

    Args:
        events: Events of the log.
        rounds: Rounds over the same log; medians count.
        model: The forgetting model.
    """
    settings = Settings(memory_model=model, _env_file=None)
    calm_garbage_collector()
    log = batches(events, settings.batch_records, flush_every=3)
    done = [once(log, settings) for _ in range(rounds)]
    each = {step: statistics.median(c.cpu_s[step] for c in done) / done[0].events * 1e6 for step in done[0].cpu_s}
    total = [sum(c.cpu_s.values()) / c.events for c in done]
    return {
        "machine": machine(),
        "pairs": PAIRS,
        "model": model,
        "events": done[0].events,
        "us_an_event": {step: round(us, 2) for step, us in each.items()},
        "us_an_event_all": round(statistics.median(total) * 1e6, 2),
        "events_a_cpu_s": round(1 / statistics.median(total)),
        "each_round": [round(1 / one) for one in total],
        "rows_an_event": {table: round(n / done[0].events, 3) for table, n in done[0].rows.items()},
        "snapshot_mb": round(done[0].snapshot_bytes / 1e6, 1),
        "snapshot_ms": round(statistics.median(c.snapshot_s for c in done) * 1e3, 1),
        "snapshot_bytes_a_pair": round(done[0].snapshot_bytes / PAIRS),
        "worker": _worker(events, rounds, model),
    }


def _worker(events: int, rounds: int, model: str) -> dict[str, Any]:
    """Runs the whole flow as `classpulse run` does; the start of a worker that finds nothing is taken off."""
    with stack() as servers:
        for prefix in ("empty.", "full."):
            servers.topics(prefix)
        settings = servers.settings("full.")
        publisher = Publisher(settings)
        for one in learning(events, int(time.time() * 1000)):
            publisher.send(settings.topic(one.topic), one.key, one.value, REPLAYED)
        publisher.flush()
        start = statistics.median(_caught_up(servers, "empty.", "start", model)["cpu_s"] for _ in range(rounds))
        done = [_caught_up(servers, "full.", f"round_{number}", model) for number in range(rounds)]
    rates = [one["events"] / (one["cpu_s"] - start) for one in done]
    return {
        "events": done[0]["events"],
        "start_cpu_s": round(start, 2),
        "events_a_cpu_s": round(statistics.median(rates)),
        "each_round": [round(rate) for rate in rates],
    }


def _caught_up(servers: Stack, prefix: str, database: str, model: str) -> dict[str, Any]:
    """Returns what a worker read, and its CPU seconds."""
    servers.database(database)
    env = servers.environment(prefix, database, CLASSPULSE_MEMORY_MODEL=model)
    run(["-m", "cli.main", "run", "memory", "--until-caught-up"], env)
    stats: dict[str, Any] = json.loads(Path(f"{env['CLASSPULSE_STATS_FILE']}.memory.0").read_text())
    say(f"{database}: {stats['events']:,} events, {stats['cpu_s']:.1f} CPU seconds")
    return stats
