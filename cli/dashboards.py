"""`classpulse dashboards`: write the boards' JSON, or check it; tell Grafana who may see which folder."""

from __future__ import annotations

import typer

from dataflows.errors import UserError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The dashboards: their JSON, and who sees them.")


@app.callback()
def main() -> None:
    """The dashboards: their JSON, and who sees them."""


@app.command()
def build(
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 if a file differs from its source."),
) -> None:
    """Write the dashboards' JSON below grafana/dashboards, and the chart's copies.

    Example: classpulse dashboards build --check
    """
    from grafana import chart_copies
    from grafana.catalogue import outdated, rendered, write
    from grafana.thresholds import Thresholds

    limits = Thresholds()
    changed = outdated(limits) if check else write(limits)
    changed += chart_copies.outdated() if check else chart_copies.write()
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path}")
    if check and changed:
        typer.echo("run `classpulse dashboards build` and commit the result", err=True)
        raise typer.Exit(1)
    if not changed:
        typer.echo(f"{len(rendered(limits))} dashboard(s) up to date")


@app.command()
def permit() -> None:
    """Give each folder in the Grafana at GRAFANA_URL to its own team: Teachers, Administrators, Operators.

    Example: classpulse dashboards permit
    """
    from alerting.server import Server, ServerSettings
    from grafana import permissions

    settings = ServerSettings()
    if not settings.url:
        message = "GRAFANA_URL is not set; it names the Grafana whose folders these are"
        raise UserError(message)
    for line in permissions.permit(Server(settings)):
        typer.echo(line)
