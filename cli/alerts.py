"""`classpulse alerts build`: write what Grafana reads of the learning alerts, or check that it is current."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The learning alerts, built from one list.")


@app.callback()
def main() -> None:
    """The learning alerts, built from one list."""


@app.command()
def build(
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 if a file differs from its source."),
) -> None:
    """Write rules, contact points, policies, times and words for Grafana, and the table of the docs."""
    from alerting.built import outdated, write
    from alerting.limits import Limits
    from alerting.rules import RULES
    from alerting.times import Times

    limits, times = Limits(), Times()
    changed = outdated(limits, times) if check else write(limits, times)
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path}")
    if check and changed:
        typer.echo("run `classpulse alerts build` and commit the result", err=True)
        raise typer.Exit(1)
    if not changed:
        typer.echo(f"{len(RULES)} rule(s) up to date")


@app.command()
def route(
    folder: Annotated[
        Path | None, typer.Option(help="Grafana's folder provisioning/alerting; without it, only show the routes.")
    ] = None,
    *,
    complete: Annotated[bool, typer.Option("--complete", help="Put our other files of that folder there too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would hear of what; write nothing.")] = False,
    starting: Annotated[bool, typer.Option("--starting", help="Grafana may be down still: that is no error.")] = False,
) -> None:
    """Send each class's alerts to its own staff (class_staff of the roster), and have Grafana read it."""
    from cli.delivery.route import route as told

    told(folder, complete=complete, dry_run=dry_run, starting=starting)
