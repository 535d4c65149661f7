"""`classpulse member`: one pod of a flow's cluster, whose size may change while it runs."""

from __future__ import annotations

import os
import signal
import socket
import sys
import uuid
from importlib.metadata import version
from typing import Annotated

import typer

from cli.run import FLOWS

app = typer.Typer(add_completion=False)


@app.command()
def command(  # noqa: PLR0913
    flow: Annotated[str, typer.Argument(help=f"Which flow: {', '.join(FLOWS)}.")],
    member: Annotated[
        int | None,
        typer.Option(
            min=0,
            envvar="CLASSPULSE_MEMBER",
            help="Ordinal from 0; by default the number at the end of the host's name.",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(envvar="POD_IP", help="Address at which other members reach this one.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the worker for the other members.")] = 2101,
    metrics_port: Annotated[int, typer.Option(envvar="CLASSPULSE_METRICS_PORT", help="Port of the metrics.")] = 3030,
    probe_port: Annotated[int, typer.Option(help="Port of /livez and /readyz.")] = 8086,
    from_oldest: Annotated[
        bool, typer.Option("--from-oldest", help="Allow a first start on a log whose beginning was deleted.")
    ] = False,
) -> None:
    """Run one worker of a cluster whose members come and go.

    Members meet in the database. When their number has changed and stayed so for three seconds, all stop with a
    snapshot and go on as a cluster of the new size. Member 0 keeps the recovery store (CLASSPULSE_RECOVERY_DIR);
    the others need no volume. SIGTERM gives the seat up and ends cleanly.

    Exit codes: 0 left, 3 refused (the message says what to do), 4 another process has this ordinal.

    Example: classpulse member engagement --member 1
    """
    from dataflows.cluster.formation import Seat
    from dataflows.cluster.member import ClusterMember
    from dataflows.cluster.probes import Probes
    from dataflows.cluster.worker import WorkerProcess
    from dataflows.logs import configure_logging
    from dataflows.settings import Settings
    from dataflows.sink.connection import APPLICATION, connect

    if flow not in FLOWS:
        text = f"unknown flow {flow}; there are: {', '.join(FLOWS)}"
        raise typer.BadParameter(text, param_hint="FLOW")
    ordinal = _ordinal(socket.gethostname()) if member is None else member
    settings = Settings()
    configure_logging(settings, flow=flow, member=ordinal)
    address = f"{host or socket.gethostbyname(socket.gethostname())}:{port}"
    seat = Seat(ordinal, str(uuid.uuid4()), address, os.environ.get("CLASSPULSE_VERSION") or version("classpulse"))
    url = settings.database_url.get_secret_value()
    worker = WorkerProcess(flow, ["--from-oldest"] * from_oldest, metrics_port)
    life = ClusterMember(seat, worker, lambda: connect(url, f"{APPLICATION}-member"), flow)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: life.leaving.set())
    Probes(life, metrics_port).serve(probe_port)
    code = life.run()
    sys.stdout.flush()
    os._exit(code)


def _ordinal(hostname: str) -> int:
    """Returns the number that ends a pod's name.

    Raises:
        typer.BadParameter: Where there is none.
    """
    tail = hostname.rpartition("-")[2]
    if not tail.isdigit():
        text = f"the host's name {hostname!r} ends with no number: say --member N"
        raise typer.BadParameter(text, param_hint="--member")
    return int(tail)
