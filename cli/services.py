"""`classpulse services`: the real parts on free loopback ports, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.services_parts.kafka import Kafka
    from cli.services_parts.postgres import Postgres

app = typer.Typer(no_args_is_help=True, help="Start and stop the real parts on loopback, without Docker.")

Directory = Annotated[Path, typer.Option("--dir", help="Folder of the parts' data, logs and state.")]
EnvFile = Annotated[Path, typer.Option(help="Where the addresses are written.")]
DIRECTORY = Path(".services")
ENV_FILE = Path(".services.env")


def parts(directory: Path, partitions: int = 4) -> tuple[Kafka, Postgres]:
    """Returns the parts of one folder; nothing is started yet."""
    from cli.services_parts.kafka import Kafka
    from cli.services_parts.postgres import Postgres

    return Kafka(directory, typer.echo, partitions=partitions), Postgres(directory, typer.echo)


@app.command()
def up(
    directory: Directory = DIRECTORY,
    env_file: EnvFile = ENV_FILE,
    partitions: Annotated[int, typer.Option(min=1, help="Default partitions of a new topic.")] = 4,
    require: Annotated[str, typer.Option(help="Parts without which to fail: kafka,postgres,timescale.")] = "",
) -> None:
    """Start what this machine has, wait until it answers, write the addresses."""
    from cli.services_parts.part import PartFailedError, PartMissingError, exclusive

    kafka, postgres = parts(directory, partitions)
    lines: list[str] = []
    have: set[str] = set()
    failed = False
    with exclusive(directory):
        for part, variable in ((kafka, "KAFKA_BOOTSTRAP_SERVERS"), (postgres, "DATABASE_URL")):
            try:
                lines.append(f"{variable}={part.start()}")
                have.add(part.name)
            except PartMissingError as error:
                typer.secho(f"{part.name}: left out: {error}", fg="yellow", err=True)
            except PartFailedError as error:
                failed = True
                typer.secho(str(error), fg="red", err=True)
        if "postgres" in have and postgres.has_timescaledb:
            have.add("timescale")
        env_file.touch(mode=0o600)
        env_file.write_text("".join(f"{line}\n" for line in lines))
    missing = {name.strip() for name in require.split(",") if name.strip()} - have
    if missing:
        typer.secho(f"required, and not here: {', '.join(sorted(missing))}", fg="red", err=True)
    if missing or failed or not lines:
        raise typer.Exit(1)
    typer.echo(f"addresses are in {env_file}; use them with: set -a; . ./{env_file}; set +a")


@app.command()
def down(directory: Directory = DIRECTORY, env_file: EnvFile = ENV_FILE) -> None:
    """End the parts and remove their data."""
    from cli.services_parts.part import exclusive

    if directory.exists():
        with exclusive(directory):
            for part in parts(directory):
                typer.echo(f"{part.name}: {'stopped' if part.destroy() else 'was not running'}")
    env_file.unlink(missing_ok=True)


@app.command()
def status(directory: Directory = DIRECTORY) -> None:
    """Say which parts answer; exit 1 if any does not."""
    silent = False
    for part in parts(directory):
        running = part.process() is not None
        answers = running and part.answers()
        silent |= not answers
        where = f"127.0.0.1:{part.state()['port']}, log {part.log_file}" if running else "not running"
        typer.echo(f"{part.name}: {'answers' if answers else 'does not answer'} ({where})")
    if silent:
        raise typer.Exit(1)
