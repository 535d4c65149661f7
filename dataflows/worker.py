"""One worker process of one flow's Bytewax cluster: `python -m dataflows.worker engagement`.

`classpulse run`, Compose and Helm all start workers through here, with the same environment.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

# One worker is one process on one core: threads of Polars in it would fight for that core.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# An error's own message says what to do; hundreds of lines of Rust frames above it hide that.
os.environ.setdefault("RUST_BACKTRACE", "0")

import structlog  # noqa: E402
from bytewax._bytewax import cli_main  # noqa: E402
from bytewax.dataflow import Dataflow  # noqa: E402
from bytewax.recovery import RecoveryConfig, init_db_dir  # noqa: E402
from prometheus_client import REGISTRY  # noqa: E402

from dataflows import (  # noqa: E402
    failure,
    flows,
    metrics,  # noqa: E402
    summary,
)
from dataflows.catching_up import journal  # noqa: E402
from dataflows.claim import RefusedError, Seed  # noqa: E402
from dataflows.errors import Exit, UnavailableError  # noqa: E402
from dataflows.events.scanner import loading  # noqa: E402
from dataflows.explain import explain  # noqa: E402
from dataflows.kafka.partition import stopping  # noqa: E402
from dataflows.kafka.producer import Publisher  # noqa: E402
from dataflows.kafka.source import KafkaSource  # noqa: E402
from dataflows.logs import configure_logging  # noqa: E402
from dataflows.operators import builder  # noqa: E402
from dataflows.parent import end_with_parent  # noqa: E402
from dataflows.school_hours import SchoolHours  # noqa: E402
from dataflows.settings import Settings  # noqa: E402
from dataflows.sink.connection import retry_while_unavailable  # noqa: E402
from dataflows.sink.freshness import Freshness  # noqa: E402
from dataflows.sink.jobs import JobWatch  # noqa: E402
from dataflows.sink.progress import claim_task, load_seed, seed_of_progress  # noqa: E402
from dataflows.sink.writer import DatabaseSink  # noqa: E402

RECOVERY_PARTITIONS = 4
HEADINGS = {Exit.REFUSED: "refused", Exit.REPLACED: "fenced", Exit.UNAVAILABLE: "unavailable"}

log = structlog.get_logger()


def flow_of(
    name: str, settings: Settings, freshness: Freshness, *, until_caught_up: bool = False, from_oldest: bool = False
) -> Dataflow:
    """Returns a flow with the real source and sink.

    Args:
        name: A flow of `dataflows.flows`.
        settings: Where Kafka and the database are.
        freshness: Takes the age of live records at their commit.
        until_caught_up: End at the log's end as it is now.
        from_oldest: Allow a first start on a log whose beginning is gone.
    """
    module = flows.named(name).load()
    url = settings.database_url.get_secret_value()
    source = KafkaSource(
        settings,
        name,
        [settings.topic(t) for t in module.TOPICS],
        [settings.topic(t) for t in module.OPTIONAL_TOPICS],
        lambda flow, task: retry_while_unavailable(lambda: claim_task(url, flow, task), "claim", stopping.is_set),
        seed=lambda flow, task, after: retry_while_unavailable(
            lambda: seed_for(settings, flow, task, after), "seed", stopping.is_set
        ),
        until_caught_up=until_caught_up,
        from_oldest=from_oldest,
        # Facts by key do not change, so nothing is gained by gathering them.
        writes_each=hasattr(module, "states_at"),
        keeps_no_state=hasattr(module, "PLACES_ONLY"),
    )
    sink = DatabaseSink(url, name, freshness, record_publisher(settings), stopping.is_set)
    dataflow: Dataflow = builder.build(module, source, sink, settings)
    return dataflow


def seed_for(settings: Settings, flow: str, task: int, after: int) -> Seed | None:
    """Returns from where a task may go on instead of from its snapshot.

    That is what a rebuild left after the snapshot; of a flow without memory, and without a snapshot, its offsets.

    Args:
        settings: The database, and for how long ids are known.
        flow: The flow.
        task: The task.
        after: The generation of the snapshot; below every generation where there is none.
    """
    module, url = flows.named(flow).load(), settings.database_url.get_secret_value()
    if not hasattr(module, "states_at"):
        return load_seed(url, flow, task, after)
    if after >= 0:
        return None
    return seed_of_progress(url, flow, task, lambda *where: module.states_at(*where, settings))


def record_publisher(settings: Settings) -> Callable[[str, list[tuple[bytes, bytes]]], None]:
    """Returns a function that publishes records to an output topic and waits until the broker has them."""
    publisher: list[Publisher] = []

    def publish(topic: str, records: list[tuple[bytes, bytes]]) -> None:
        if not publisher:
            publisher.append(Publisher(settings))
        for key, value in records:
            publisher[0].send(settings.topic(topic), key, value)
        left = publisher[0].flush()
        if left or publisher[0].failed:
            text = f"records of {topic} not taken by Kafka: {publisher[0].last_error}"
            raise UnavailableError(text)

    return publish


def recovery_store(settings: Settings, flow: str, process: int = 0) -> Path:
    """Returns the recovery folder of a process, made where it is missing.

    The first process of a cluster keeps the whole store; the others' folders are empty and stay so. So a cluster of
    any size goes on from one volume that one machine mounts: nothing is shared, and nothing is copied to rescale.

    Raises:
        RefusedError: Where parts of the store are missing.
    """
    if process:
        path = settings.recovery_dir / f".{flow}-{process}"
        path.mkdir(parents=True, exist_ok=True)
        return path
    path = settings.recovery_dir / flow
    begun = path / ".new"
    if begun.exists():  # a worker was killed while it made the store, and nothing has run on it
        for part in path.glob("part-*.sqlite3*"):
            part.unlink()
        shutil.rmtree(begun)
    parts = len(list(path.glob("part-*.sqlite3")))
    if not parts:
        begun.mkdir(parents=True)
        init_db_dir(begun, RECOVERY_PARTITIONS)
        for made in begun.iterdir():
            made.rename(path / made.name)
        begun.rmdir()
    elif parts != RECOVERY_PARTITIONS:
        text = (
            f"the recovery store {path} has {parts} of its {RECOVERY_PARTITIONS} parts: delete it, and what it held is "
            f"made again by `classpulse rebuild {flow}` (archive: by a start)"
        )
        raise RefusedError(text)
    return path


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Runs the worker until the log's end, a signal or an error; returns the exit code."""
    if settings.scanner:
        loading.prepare(settings.scanner_dir)
    freshness = Freshness()
    REGISTRY.register(freshness)
    metrics.begin(args.flow)
    metrics.note_school_hours(SchoolHours.parse(settings.school_hours, settings.timezone))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if args.process == 0:
        JobWatch(settings.database_url.get_secret_value()).start()
    flow = flow_of(args.flow, settings, freshness, until_caught_up=args.until_caught_up, from_oldest=args.from_oldest)
    calm_garbage_collector()
    try:
        cli_main(
            flow,
            workers_per_process=1,
            process_id=args.process if args.addresses else None,
            addresses=args.addresses.split(";") if args.addresses else None,
            epoch_interval=timedelta(seconds=settings.snapshot_interval_s),
            recovery_config=RecoveryConfig(recovery_store(settings, args.flow, args.process), timedelta(0)),
        )
    except BaseException as error:  # noqa: BLE001
        return _explain(error)
    finally:
        write_stats(args, freshness)
        if args.summaries:
            summary.write(args.summaries, args.flow, args.process)
    return 0


def calm_garbage_collector() -> None:
    """Lets the collector look more seldom: a batch is thousands of short-lived objects, none of them in a cycle."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _explain(error: BaseException) -> int:
    """Logs the first cause that an operator can act on, and returns the exit code that says which kind it is."""
    if failure.is_of_a_peer(error):
        log.error("peer gone", reason="another worker of this cluster has ended or was killed: this one ends too")
        return Exit.PEER_GONE
    error = failure.first[0] if failure.first else error
    cause: BaseException | None = error
    while cause is not None:
        if found := explain(cause):
            log.error(HEADINGS[found.code], reason=found.text)
            return found.code
        cause = cause.__cause__ or cause.__context__  # Bytewax keeps what it met as the context of its own error
    log.error("worker failed", error=str(error), exc_info=error)
    return Exit.WRONG


def write_stats(args: argparse.Namespace, freshness: Freshness) -> None:
    """Writes what this process measured to `CLASSPULSE_STATS_FILE.<flow>.<process>`, where that is set."""
    target = os.environ.get("CLASSPULSE_STATS_FILE")
    if not target:
        return
    stats = {
        "freshness_ms": {
            "p50": freshness.quantile_ms(0.5),
            "p99": freshness.quantile_ms(0.99),
            "max": freshness.max_ms,
            "count": freshness.count,
        },
        "events": _total("kafka_events_consumed_total"),
        "rejected": _total("events_rejected_total"),
        "late": _total("late_events_total"),
        "cpu_s": sum(os.times()[:2]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    Path(f"{target}.{args.flow}.{args.process}").write_text(json.dumps(stats))


def _total(name: str) -> int:
    samples = [s for family in REGISTRY.collect() for s in family.samples if s.name == name]
    return int(sum(s.value for s in samples))


def main() -> None:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(prog="python -m dataflows.worker", description=__doc__)
    parser.add_argument("flow", choices=sorted(flows.names()))
    parser.add_argument("--process", type=int, default=0, help="index of this process in the cluster")
    parser.add_argument("--addresses", default="", help="host:port of every process, joined by ;")
    parser.add_argument("--until-caught-up", action="store_true", help="end at the log's end as it is at the start")
    parser.add_argument("--summaries", type=Path, help="folder for what this process did, written at its end")
    parser.add_argument("--from-oldest", action="store_true", help="allow a first start on a log that lost its start")
    parser.add_argument(
        "--parent", type=int, default=0, metavar="PID", help="end when this process, which started this one, is gone"
    )
    args = parser.parse_args()
    if args.parent:
        end_with_parent(args.parent)
    settings = Settings()
    configure_logging(settings, flow=args.flow, process=args.process)
    if args.summaries:
        journal.open(args.summaries, args.flow, args.process)
    code = run(args, settings)
    # Not by way of the interpreter's end: threads of Bytewax or librdkafka that come back to Python meanwhile are ended
    # in the middle of foreign frames, which aborts the process, and its exit code would be lost.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
