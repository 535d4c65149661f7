"""`classpulse services`: the real parts on free loopback ports, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Start and stop the real parts on loopback, without Docker."
)

Directory = Annotated[Path, typer.Option("--dir", help="Folder of the parts' data, logs and state.")]
EnvFile = Annotated[Path, typer.Option(help="Where the addresses are written.")]
DIRECTORY = Path(".services")
ENV_FILE = Path(".services.env")


@app.command()
def up(
    directory: Directory = DIRECTORY,
    env_file: EnvFile = ENV_FILE,
    partitions: Annotated[int, typer.Option(min=1, help="Default partitions of a new topic.")] = 4,
    require: Annotated[
        str, typer.Option(help="Parts without which to fail; also timescale, alertmanager, prometheus.")
    ] = "kafka,postgres",
    scrape: Annotated[
        str, typer.Option(help="Ports of workers' metrics that Prometheus scrapes, such as 3030,3031.")
    ] = "",
) -> None:
    """Start what this machine has, wait until it answers, write the addresses.

    Each part that is left out is named, with the reason. Exit code 1 where a part of --require is among them, which are
    Kafka and PostgreSQL unless told.

    Example: classpulse services up --require kafka,postgres
    """
    from local import services

    targets = tuple(f"127.0.0.1:{port.strip()}" for port in scrape.split(",") if port.strip())
    done = services.start(directory, env_file, typer.echo, _left_out, _failed, partitions=partitions, scrape=targets)
    missing = done.missing([name.strip() for name in require.split(",") if name.strip()])
    if missing:
        _failed(f"left out: {', '.join(missing)}. Install it, or do without: --require ''")
    if missing or done.failed or not done.addresses:
        raise typer.Exit(1)
    typer.echo(f"addresses are in {env_file}; use them with: set -a; . ./{env_file}; set +a")


def _left_out(line: str) -> None:
    typer.secho(line, fg="yellow", err=True)


def _failed(line: str) -> None:
    typer.secho(line, fg="red", err=True)


@app.command()
def down(directory: Directory = DIRECTORY, env_file: EnvFile = ENV_FILE) -> None:
    """End the parts and remove their data.

    Example: classpulse services down
    """
    from local import services

    services.stop(directory, env_file, typer.echo)


@app.command()
def status(directory: Directory = DIRECTORY) -> None:
    """Say which parts answer; exit 1 if any does not.

    Example: classpulse services status
    """
    from local import services

    if not services.states(directory, typer.echo):
        raise typer.Exit(1)
