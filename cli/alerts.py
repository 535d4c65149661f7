"""`classpulse alerts build`: write what Grafana reads of the learning alerts, or check that it is current."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The learning alerts, built from one list.")


@app.callback()
def main() -> None:
    """The learning alerts, built from one list."""


@app.command()
def build(
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 if a file differs from its source."),
) -> None:
    """Write rules, contact points, policies, times and words for Grafana, and the table of the docs.

    Example: classpulse alerts build --check
    """
    from alerting.limits import Limits
    from alerting.render import outdated, write
    from alerting.rules import RULES
    from alerting.times import Times
    from grafana import chart_copies

    limits, times = Limits(), Times()
    changed = outdated(limits, times) if check else write(limits, times)
    changed += chart_copies.outdated() if check else chart_copies.write()
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
    """Send each class's alerts to its own staff (class_staff of the roster), and have Grafana read it.

    Example: classpulse alerts route --folder grafana/provisioning/alerting --dry-run
    """
    from alerting.delivery.route import route as make_route

    make_route(folder, complete=complete, dry_run=dry_run, starting=starting)


@app.command()
def backtest(  # noqa: PLR0913
    names: Annotated[list[str], typer.Argument(help="Names of rules, as in docs/alerts.md.", metavar="RULE...")],
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=MOMENTS, help="Since when, local time; else all that is stored."),
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=MOMENTS, help="Until when, local time.")] = None,
    limit: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Try another limit: drop_share=0.6. Repeatable.")
    ] = None,
    clock: Annotated[
        str | None, typer.Option(help="`wall`, or `data` for a replayed log; else as the database says.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, or a list for several rules.")
    ] = False,
) -> None:
    """Say when rules would have fired on stored data, and how many messages people would have had.

    The archive (table events) is played through the flows into a PostgreSQL of its own, in a temporary folder that is
    removed at the end; the rules' own SQL is asked there as Grafana would have asked it. Of DATABASE_URL tables are
    read and nothing is written. Roster and timetable are those of today.

    Example: classpulse alerts backtest active_students_drop --from 2026-09-01 --limit drop_share=0.6
    """
    from cli.backtest import backtest as tried

    tried(names, since, until, limit or [], clock, as_json=as_json)


@app.command()
def test(
    *,
    staff: Annotated[
        bool, typer.Option("--staff", help="Each contact point of staff too: teachers get messages.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--patience", min=1, help="Seconds to wait for each step of Alertmanager.")
    ] = 30.0,
) -> None:
    """Send one of each to where alerts go (GRAFANA_URL, ALERTMANAGER_URL) and say whether it was accepted.

    Example: classpulse alerts test --staff
    """
    from alerting.delivery.all_trials import trials

    raise typer.Exit(trials(staff=staff, patience_s=wait))
