"""`classpulse services`: the real parts on free loopback ports, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from local.alertmanager import Alertmanager
    from local.kafka import Kafka
    from local.postgres import Postgres
    from local.prometheus import Prometheus

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Start and stop the real parts on loopback, without Docker."
)

Directory = Annotated[Path, typer.Option("--dir", help="Folder of the parts' data, logs and state.")]
EnvFile = Annotated[Path, typer.Option(help="Where the addresses are written.")]
DIRECTORY = Path(".services")
ENV_FILE = Path(".services.env")


def parts(
    directory: Path, partitions: int = 4, scrape: tuple[str, ...] = ()
) -> tuple[Kafka, Postgres, Alertmanager, Prometheus]:
    """Returns the parts of one folder; nothing is started yet."""
    from local.alertmanager import Alertmanager
    from local.kafka import Kafka
    from local.postgres import Postgres
    from local.prometheus import Prometheus

    return (
        Kafka(directory, typer.echo, partitions=partitions),
        Postgres(directory, typer.echo),
        Alertmanager(directory, typer.echo),
        Prometheus(directory, typer.echo, targets=scrape),
    )


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
    from dataflows.explain import explain
    from local.managed_server import PartMissingError, exclusive

    targets = tuple(f"127.0.0.1:{port.strip()}" for port in scrape.split(",") if port.strip())
    kafka, postgres, alertmanager, prometheus = parts(directory, partitions, targets)
    addresses = (
        (kafka, "KAFKA_BOOTSTRAP_SERVERS"),
        (postgres, "DATABASE_URL"),
        (alertmanager, "ALERTMANAGER_URL"),
        (prometheus, "PROMETHEUS_URL"),
    )
    lines: list[str] = []
    have: set[str] = set()
    failed = False
    with exclusive(directory):
        for server, variable in addresses:
            if server is prometheus and "alertmanager" in have:
                prometheus.alertmanagers = (alertmanager.url.removeprefix("http://"),)
            try:
                lines.append(f"{variable}={server.start()}")
                have.add(server.name)
            except PartMissingError as error:
                typer.secho(f"{server.name}: left out: {error}", fg="yellow", err=True)
            except Exception as error:
                found = explain(error)
                if found is None:
                    raise
                failed = True
                typer.secho(f"{server.name}: {found.text}", fg="red", err=True)
        if "postgres" in have and postgres.has_timescaledb:
            have.add("timescale")
        elif "postgres" in have:
            typer.secho(
                "timescale: left out: no TimescaleDB for this PostgreSQL; plain tables do", fg="yellow", err=True
            )
        env_file.touch(mode=0o600)
        env_file.write_text("".join(f"{line}\n" for line in lines))
    missing = {name.strip() for name in require.split(",") if name.strip()} - have
    if missing:
        names = ", ".join(sorted(missing))
        typer.secho(f"left out: {names}. Install it, or do without: --require ''", fg="red", err=True)
    if missing or failed or not lines:
        raise typer.Exit(1)
    typer.echo(f"addresses are in {env_file}; use them with: set -a; . ./{env_file}; set +a")


@app.command()
def down(directory: Directory = DIRECTORY, env_file: EnvFile = ENV_FILE) -> None:
    """End the parts and remove their data.

    Example: classpulse services down
    """
    from local.managed_server import exclusive

    if directory.exists():
        with exclusive(directory):
            for server in parts(directory):
                typer.echo(f"{server.name}: {'stopped' if server.destroy() else 'was not running'}")
    env_file.unlink(missing_ok=True)


@app.command()
def status(directory: Directory = DIRECTORY) -> None:
    """Say which parts answer; exit 1 if any does not.

    Example: classpulse services status
    """
    silent = False
    for server in parts(directory):
        running = server.process() is not None
        answers = running and server.answers()
        silent |= not answers
        where = f"127.0.0.1:{server.state()['port']}, log {server.log_file}" if running else "not running"
        typer.echo(f"{server.name}: {'answers' if answers else 'does not answer'} ({where})")
    if silent:
        raise typer.Exit(1)
