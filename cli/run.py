"""`classpulse run`: dataflows as worker processes, each flow its own Bytewax cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dataflows import flows as flows_of
from local.managed_server import free_port

FLOWS = flows_of.names()
_given: set[int] = set()
GRACE_S = 30.0
EXIT_REJECTED = 2
EXIT_PEER_GONE = 5  # of dataflows.worker, whose imports this command does without

app = typer.Typer(add_completion=False)


@dataclass
class Cluster:
    """The processes of one flow."""

    flow: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def exit_code(self) -> int | None:
        """Returns None while all run; the first failure as soon as one fails; 0 when all have ended well."""
        codes = [p.poll() for p in self.processes]
        if failed := sorted((c for c in codes if c), key=_says_little):
            return failed[0]
        return 0 if all(c == 0 for c in codes) else None


def _says_little(code: int) -> bool:
    """Whether a process only failed since another one did: that one's code tells why."""
    return code == EXIT_PEER_GONE


def start(flow: str, workers: int, flags: list[str], metrics_port: int | None) -> Cluster:
    """Starts the processes of one flow's cluster on this machine."""
    ports = _free_ports(workers) if workers > 1 else []
    addresses = ";".join(f"127.0.0.1:{port}" for port in ports)
    cluster = Cluster(flow)
    for index in range(workers):
        env = dict(os.environ)
        # Any value of the variable starts Bytewax's metrics server, even `false`.
        env.pop("BYTEWAX_DATAFLOW_API_ENABLED", None)
        if metrics_port is not None:
            env |= {"BYTEWAX_DATAFLOW_API_ENABLED": "1", "BYTEWAX_DATAFLOW_API_PORT": str(metrics_port + index)}
        command = [
            sys.executable,
            "-m",
            "dataflows.worker",
            flow,
            "--process",
            str(index),
            "--parent",
            str(os.getpid()),
            *flags,
        ]
        if addresses:
            command += ["--addresses", addresses]
        # A group of its own: Ctrl-C reaches this command alone, which then ends the workers in order.
        cluster.processes.append(subprocess.Popen(command, env=env, process_group=0))  # noqa: S603
    return cluster


def _free_ports(count: int) -> list[int]:
    """Returns ports that no process of ours has been given: a worker binds its own a while after it was chosen."""
    ports: list[int] = []
    while len(ports) < count:
        port = free_port()
        if port not in _given:
            _given.add(port)
            ports.append(port)
    return ports


def stop(clusters: list[Cluster], *, now: bool = False) -> None:
    """Ends all processes: cleanly (every one of a cluster must get the signal), or at once."""
    running = [p for c in clusters for p in c.processes if p.poll() is None]
    for process in running:
        process.send_signal(signal.SIGKILL if now else signal.SIGTERM)


def supervise(clusters: list[Cluster]) -> int:
    """Waits for the end of all flows; a failed process ends its whole cluster, and the command with it."""
    stopped_at: float | None = None

    def on_signal(*_: object) -> None:
        nonlocal stopped_at
        stopped_at = stopped_at or time.monotonic()
        stop(clusters)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    result = 0
    while True:
        codes = [c.exit_code() for c in clusters]
        failed = next(iter(sorted((code for code in codes if code), key=_says_little)), 0)
        if failed and (not result or _says_little(result)):
            result = failed if failed > 0 else 128 - failed
            on_signal()
        if all(code is not None for code in codes) and not any(p.poll() is None for c in clusters for p in c.processes):
            return result
        if stopped_at is not None and time.monotonic() - stopped_at > GRACE_S:
            stop(clusters, now=True)
        time.sleep(0.05)


@app.command()
def command(
    flows: Annotated[list[str], typer.Argument(help=f"Which flows: {', '.join(FLOWS)}.", metavar="FLOW...")],
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes a flow; one core each.")] = 1,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            envvar="CLASSPULSE_METRICS_PORT", help="Serve metrics from this port on: one port a process, flow by flow."
        ),
    ] = None,
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="Process what the topics hold now, write it, snapshot and exit.")
    ] = False,
    from_oldest: Annotated[
        bool, typer.Option("--from-oldest", help="Allow a first start on a log whose beginning was deleted.")
    ] = False,
) -> None:
    """Run dataflows until they are stopped (Ctrl-C or SIGTERM end cleanly, with a snapshot).

    Each flow is a Bytewax cluster of its own with its own recovery store (CLASSPULSE_RECOVERY_DIR/<flow>) and consumer
    group (classpulse-<flow>). To rescale, stop it and start it with another --workers: results do not change.

    With --until-caught-up it ends with a table of what was read, kept, rejected and why, late and repeated.

    Exit codes: 0 ended well, 2 more than half of what a flow read was rejected, 3 refused (the log, the snapshot or the
    database do not fit; the message says what to do), 4 another worker has taken over, 5 another worker of the cluster
    is gone, 1 anything else.
    """
    unknown = [flow for flow in flows if flow not in FLOWS]
    if unknown:
        text = f"unknown flow {', '.join(unknown)}; there are: {', '.join(FLOWS)}"
        raise typer.BadParameter(text, param_hint="FLOW")
    flags = ["--until-caught-up"] * until_caught_up + ["--from-oldest"] * from_oldest
    with TemporaryDirectory(prefix="classpulse-run-") as folder:
        if until_caught_up:
            flags += ["--summaries", folder]
        clusters = []
        for number, flow in enumerate(dict.fromkeys(flows)):
            port = None if metrics_port is None else metrics_port + number * workers
            clusters.append(start(flow, workers, flags, port))
        code = supervise(clusters)
        if until_caught_up:
            code = code or account(Path(folder))
    raise typer.Exit(code)


def account(folder: Path) -> int:
    """Prints what the flows did with what they read; returns the exit code that says whether it was mostly refused."""
    from cli.account import mostly_refused, show
    from dataflows.summary import read_all

    found = read_all(folder)
    show(found)
    return EXIT_REJECTED if any(map(mostly_refused, found)) else 0
