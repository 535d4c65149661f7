"""`classpulse run`: dataflows as worker processes, each flow its own Bytewax cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dataflows import flows as flows_of
from dataflows.errors import Exit, UnavailableError

FLOWS = flows_of.names()

app = typer.Typer(add_completion=False)


@app.command()
def command(
    flows: Annotated[list[str], typer.Argument(help=f"Which flows: {', '.join(FLOWS)}.", metavar="FLOW")],
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

    A worker that dies is named, and its flow starts again from the last snapshot while the others go on; after five
    failures in five minutes all flows end. A database that is unavailable is waited for, and so is Kafka, except at the
    start.

    With --until-caught-up it ends with a table of what was read, kept, rejected and why, late and repeated, and
    aggregates and summaries are brought up to it.

    Exit codes: 0 ended well, 2 more than half of what a flow read was rejected, 3 refused (the log, the snapshot or the
    database do not fit; the message says what to do), 4 another worker has taken over, 7 Kafka does not answer, 137 a
    worker was killed again and again, 1 anything else.

    Example: classpulse run engagement content memory archive lake --workers 2
    """
    from dataflows.cluster.supervisor import Start, Supervisor
    from dataflows.kafka.topics import admin_client, cluster_metadata
    from dataflows.logs import configure_logging
    from dataflows.settings import Settings

    unknown = [flow for flow in flows if flow not in FLOWS]
    if unknown:
        text = f"unknown flow {', '.join(unknown)}; there are: {', '.join(FLOWS)}"
        raise typer.BadParameter(text, param_hint="FLOW")
    settings = Settings()
    configure_logging(settings)
    if metrics_port is not None:
        _require_free(range(metrics_port, metrics_port + workers * len(set(flows))))
    cluster_metadata(admin_client(settings), settings, START_PATIENCE_S)
    flags = ["--until-caught-up"] * until_caught_up + ["--from-oldest"] * from_oldest
    with TemporaryDirectory(prefix="classpulse-run-") as folder:
        if until_caught_up:
            flags += ["--summaries", folder]
        chosen = list(dict.fromkeys(flows))
        with _progress(Path(folder), len(chosen), shown=until_caught_up) as (look, say):
            starts = []
            for number, flow in enumerate(chosen):
                port = None if metrics_port is None else metrics_port + number * workers
                starts.append(Start(flow, workers, tuple(flags), port, say))
            supervisor = Supervisor(starts, until_caught_up=until_caught_up)
            code = supervisor.run(look)
        if until_caught_up and not code:
            code = account(Path(folder))
            if not supervisor.was_stopped:
                _refresh(settings.database_url.get_secret_value())
    raise typer.Exit(code)


START_PATIENCE_S = 5.0


def _require_free(ports: range) -> None:
    """Refuses ports that are taken: a worker that cannot serve its metrics would only end, and start again.

    Raises:
        UnavailableError: One is taken.
    """
    from dataflows.ports import is_free

    for port in ports:
        if not is_free(port, ""):
            message = f"Port {port}, where metrics would be served, is taken: choose others with --metrics-port."
            raise UnavailableError(message)


@contextmanager
def _progress(
    folder: Path, flows: int, *, shown: bool
) -> Iterator[tuple[Callable[[], None], Callable[[str], None] | None]]:
    """Yields what shows how far the flows are, called again and again, and what prints the workers' lines above it."""
    from cli.progress import Progress
    from dataflows.catching_up import read_all

    if not shown:
        yield lambda: None, None
        return
    with Progress("catching up", unit="records", every_s=0.25) as progress:

        def look() -> None:
            if progress.is_due():
                found = read_all(folder)
                goal = sum(one.goal for one in found.values())
                shares = [f"{one.flow} {100 * one.read // one.goal if one.goal else 100} %" for one in found.values()]
                if len(found) < flows:
                    shares.append(f"{flows - len(found)} starting")
                progress.at(sum(one.read for one in found.values()), ", ".join(shares), total=goal or None)

        yield look, progress.say


def _refresh(database_url: str) -> None:
    """Brings aggregates and summaries up to what was read, so that whoever looks now sees it."""
    from cli.progress import Progress
    from db.refresh import refresh

    with Progress("refreshing", unit="aggregates") as progress:
        done = refresh(database_url, lambda step, of, name: progress.at(step, name, total=of))
    if not done.allowed:
        typer.echo("Summaries follow within five minutes: DATABASE_URL's user may not refresh them now.", err=True)


def account(folder: Path) -> int:
    """Prints what the flows did with what they read; returns the exit code that says whether it was mostly refused."""
    from cli.account import mostly_refused, show
    from dataflows.summary import read_all

    found = read_all(folder)
    show(found)
    return Exit.INPUT if any(map(mostly_refused, found)) else Exit.DONE
