"""`classpulse dashboards build`: write the boards' JSON, or check that it is what the source says."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The dashboards' JSON, built in Python.")


@app.callback()
def main() -> None:
    """The dashboards' JSON, built in Python."""


@app.command()
def build(
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 if a file differs from its source."),
) -> None:
    """Write the dashboards' JSON below grafana/dashboards."""
    from grafana.catalogue import outdated, rendered, write
    from grafana.thresholds import Thresholds

    limits = Thresholds()
    changed = outdated(limits) if check else write(limits)
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path}")
    if check and changed:
        typer.echo("run `classpulse dashboards build` and commit the result", err=True)
        raise typer.Exit(1)
    if not changed:
        typer.echo(f"{len(rendered(limits))} dashboard(s) up to date")
