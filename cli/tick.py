"""`classpulse tick`: write progress ticks while ingestion is healthy."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from types import FrameType

    from dataflows.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def tick(
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two ticks.")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Stop after so many rounds; 0 = until SIGTERM.")] = 0,
    release: Annotated[
        str, typer.Option(metavar="INSTANCE", help="Only let a gateway go that died and will not send its spool.")
    ] = "",
) -> None:
    """Write a tick to every partition of every input topic; hold, and say so, while Kafka is unreachable.

    Where gateways run, they tick by themselves (CLASSPULSE_API_TICKS) and wait for what one of them has not sent yet.

    Example: classpulse tick --every 1
    """
    from dataflows.kafka.ticking import run_ticks
    from dataflows.settings import Settings

    if release:
        _release(Settings(), release)
        return
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    run_ticks(Settings(), stop, typer.echo, _warn, every_s=every, rounds=count)


def _release(settings: Settings, instance: str) -> None:
    from api.ingest import fleet
    from dataflows.sink.connection import APPLICATION, connect

    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-tick") as connection:
        fleet.release(connection, instance)
    typer.echo(f"released {instance}: ticks no longer wait for what it has not sent")


def _warn(line: str) -> None:
    typer.echo(line, err=True)
