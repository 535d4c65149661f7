"""What live events cost the database, whatever else the machine does: `classpulse bench writes --in-turn`.

The flows' pipelines in one process, second by second of event time, each second's rows committed as a worker would:
on a busy machine real workers fall behind, and then write fewer rows.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Final  # noqa: E402

import psycopg  # noqa: E402

from bench.stack import machine, say  # noqa: E402
from bench.studying import CLICKS, Shifts  # noqa: E402
from bench.writes import cost, place  # noqa: E402
from dataflows.archive import flow as archive  # noqa: E402
from dataflows.batch import Records, TaskBatch  # noqa: E402
from dataflows.content import flow as content  # noqa: E402
from dataflows.engagement import flow as engagement  # noqa: E402
from dataflows.operators import builder  # noqa: E402
from dataflows.operators.shell import Operator  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.sink.changes import Changes  # noqa: E402
from dataflows.sink.freshness import Freshness  # noqa: E402
from dataflows.sink.progress import claim_task  # noqa: E402
from dataflows.sink.writer import Writer  # noqa: E402
from db.migrate import migrate  # noqa: E402
from local.postgres import Postgres  # noqa: E402

TASKS: Final = 4
_MINUTE_S: Final = 60


class _Flow:
    """One flow's tasks and its writer."""

    def __init__(self, module: Any, url: str, settings: Settings) -> None:  # noqa: ANN401
        self._module, self._settings = module, settings
        self._generations = [claim_task(url, module.FLOW, task).generation for task in range(TASKS)]
        self._operators: list[list[Operator[Any]]] = [builder.pipeline(module, task, settings) for task in range(TASKS)]
        self._writer = Writer(url, module.FLOW, Freshness(), lambda _topic, _records: None, lambda: True)
        self._every_s = round(settings.commit_interval_of(module.FLOW))

    def take(self, second: int, read: list[Records], offsets: list[int]) -> None:
        """Takes a second's records of all tasks, and commits what is due."""
        changes: list[tuple[str, Changes]] = []
        for task, records in enumerate(read):
            batch = TaskBatch(
                task=task,
                generation=self._generations[task],
                floor={},
                records=[records],
                offsets={CLICKS: offsets[task]},
                flush=second % self._every_s == 0,
                topic_ids={CLICKS: "log"},
                cluster_id="bench",
                live_from_ms=0,
                history=second % round(self._settings.history_interval_s) == 0,
            )
            item = self._module.decode(batch, self._settings)
            for operator in self._operators[task]:
                item = operator.process(item)
            changes += [(f"{task:03d}", one) for one in self._module.gather(item)]
        if changes:
            self._writer.write_batch(changes)


def measure(*, rate: int = 500, seconds: int = 60, after: int = 30) -> dict[str, Any]:
    """Returns what a second's events cost the database, by table; see `bench.writes`.

    Args:
        rate: Events per second of event time.
        seconds: For so long, from then on.
        after: Seconds of event time before, which are not counted: nearly all students have come by then.
    """
    settings = Settings(_env_file=None)
    with tempfile.TemporaryDirectory(prefix="classpulse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = Postgres(folder, say, timescaledb=True)
        try:
            url = postgres.start()
            migrate(url)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")
            return {"machine": machine(), "rate": rate, "seconds": seconds} | _run(url, settings, rate, seconds, after)
        finally:
            postgres.destroy()


def _run(url: str, settings: Settings, rate: int, seconds: int, after: int) -> dict[str, Any]:
    flows = [_Flow(module, url, settings) for module in (engagement, archive, content)]
    stamps, offsets = Shifts(seed=1), [0] * TASKS
    # From a whole minute on, so that equal runs meet equally many ends of minutes.
    start_s = (int(time.time() - seconds - after) // _MINUTE_S - 1) * _MINUTE_S
    began, before = place(url), 0
    for second in range(seconds + after):
        if second == after:
            began, before = place(url), sum(offsets) - stamps.repeats
        read = [Records(CLICKS, task) for task in range(TASKS)]
        for number in range(rate):
            now_ms = (start_s + second) * 1000 + number * 1000 // rate
            key, value = stamps.next(now_ms)
            task = sum(key) % TASKS
            read[task].offsets.append(offsets[task])
            read[task].append_ms.append(now_ms)
            read[task].keys.append(key)
            read[task].values.append(value)
            offsets[task] += 1
        for flow in flows:
            flow.take(second + 1, read, offsets)
    return cost(url, sum(offsets) - stamps.repeats - before, began)
