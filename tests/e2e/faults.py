"""What can go wrong, one function each: it strikes while records arrive, and leaves the parts running again."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import psycopg
from confluent_kafka import KafkaException, Producer

from local.postgres import Postgres
from tests.e2e.brokers import NODES, Brokers
from tests.e2e.harness import Stack, Worker, wait_until

FLOWS: Final = ("engagement", "archive")


@dataclass
class Run:
    """A deployment under faults.

    Attributes:
        here: Its commands.
        cluster: Its three brokers.
        database: Its database server.
        rng: Decides everything.
        workers: Processes a flow, from the next start on.
    """

    here: Stack
    cluster: Brokers
    database: Postgres
    rng: random.Random
    workers: int = 1
    worker: Worker = field(init=False)

    def start(self) -> None:
        """Starts the flows, with one to three processes each."""
        self.workers = self.rng.choice((1, 2, 3))
        self.worker = self.here.start("run", *FLOWS, "--workers", str(self.workers))

    def wait(self, longest_s: float) -> None:
        """Lets time pass, so that a fault strikes at any instant."""
        time.sleep(self.rng.uniform(0.0, longest_s))

    def still_runs(self) -> None:
        """Fails where the flows have ended by themselves."""
        assert self.worker.running, f"ended by itself:\n{self.worker.output[-6000:]}"


def workers_killed(run: Run) -> None:
    """A power cut: all processes at once."""
    run.wait(3)
    run.worker.kill()
    run.start()


def workers_ended(run: Run) -> None:
    """SIGTERM, as a supervisor sends it, and another number of processes."""
    run.wait(3)
    code = run.worker.terminate(120)
    assert code == 0, run.worker.output[-6000:]
    run.start()


def workers_frozen(run: Run) -> None:
    """SIGSTOP for a while."""
    run.wait(2)
    run.worker.send(signal.SIGSTOP)
    run.wait(8)
    run.worker.send(signal.SIGCONT)


def broker_killed(run: Run) -> None:
    """One broker of three is gone for a while: what it led, another leads."""
    number = run.rng.choice(NODES)
    run.cluster.nodes[number].kill()
    run.wait(6)
    run.cluster.start(number)


def transaction_aborted(run: Run) -> None:
    """A producer writes events and takes them back."""
    producer = Producer(
        {
            "bootstrap.servers": run.cluster.bootstrap,
            "transactional.id": f"aborted-{run.rng.randrange(1 << 30)}",
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(60)
    producer.begin_transaction()
    for number in range(run.rng.randrange(1, 50)):
        producer.produce(run.here.topic(), b'{"event_name": "page_view"}', f"gone-{number}".encode())
    producer.flush(30)
    run.wait(2)
    try:
        producer.abort_transaction(60)
    except KafkaException as error:  # the coordinator has taken it back already
        assert error.args[0].retriable() or error.args[0].txn_requires_abort(), error  # noqa: PT017


def database_killed(run: Run) -> None:
    """All processes of the server at once; it recovers from its log."""
    run.wait(2)
    server = run.database.process()
    assert server is not None
    for process in [server, *server.children(recursive=True)]:
        process.kill()
    run.wait(4)
    run.database.start()


def database_restarted(run: Run) -> None:
    """A fast shutdown, and up again."""
    run.wait(2)
    run.database.stop()
    run.wait(4)
    run.database.start()


def database_read_only(run: Run) -> None:
    """It takes no writes for a while."""

    def set_to(value: str) -> None:
        with psycopg.connect(run.database.url("postgres"), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            connection.execute("SELECT pg_reload_conf()")

    set_to("on")
    run.wait(6)
    set_to("off")


def connections_cut(run: Run) -> None:
    """Every session of the flows is ended by the server, some in the middle of a write."""
    for _ in range(run.rng.randrange(1, 4)):
        run.wait(1)
        with psycopg.connect(run.database.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )


def snapshots_lost(run: Run) -> None:
    """The flows are killed and their recovery stores are gone: the log is read again, and nothing is counted twice."""
    run.wait(3)
    run.worker.kill()
    shutil.rmtree(run.here.recovery, ignore_errors=True)
    run.start()


def snapshot_torn(run: Run) -> None:
    """A recovery store lacks a part: refused with the remedy, which works."""
    wait_until(lambda: list(run.here.recovery.rglob("*.sqlite3")), "a recovery store")
    run.wait(3)
    run.worker.kill()
    flow = run.rng.choice(FLOWS)
    stores = sorted((run.here.recovery / flow).rglob("*.sqlite3"))
    if not stores:  # killed before it was made
        run.start()
        return
    stores[-1].unlink()
    refused = run.here.start("run", flow, "--until-caught-up")
    assert refused.wait() == 3, refused.output
    assert "delete it" in " ".join(refused.output.split()), refused.output
    shutil.rmtree(run.here.recovery / flow)
    run.start()


FAULTS: Final[tuple[Callable[[Run], None], ...]] = (
    workers_killed,
    workers_ended,
    workers_frozen,
    broker_killed,
    transaction_aborted,
    database_killed,
    database_restarted,
    database_read_only,
    connections_cut,
    snapshots_lost,
    snapshot_torn,
)
