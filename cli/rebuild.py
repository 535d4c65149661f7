"""`classpulse rebuild`: results recomputed from the archive and the topics."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command(
    flows: Annotated[list[str] | None, typer.Argument(help="Which flows: engagement.", metavar="[FLOW...]")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare: exit 1 when a row differs, change nothing.")
    ] = False,
) -> None:
    """Recompute results into a shadow schema and replace what the archive fully covers.

    Stop the flow's workers first: those that still run are fenced and end. Lateness is judged by the watermark that
    each event met when it came, so the result equals what live gave; the table tells how many rows differed.
    """
    from rich.console import Console
    from rich.table import Table

    from cli.progress import Progress
    from dataflows.kafka.source import RefusedError
    from dataflows.rebuild.engagement import describe, rebuild_engagement
    from dataflows.settings import Settings

    unknown = [flow for flow in flows or [] if flow != "engagement"]
    if unknown:
        text = f"cannot rebuild {', '.join(unknown)}; there is: engagement"
        raise typer.BadParameter(text, param_hint="FLOW")
    console = Console()
    try:
        with Progress("rebuild engagement") as progress:
            report = rebuild_engagement(Settings(), progress.at, dry_run=dry_run)
    except RefusedError as error:
        Console(stderr=True).print(f"[red]refused:[/red] {error}")
        sys.exit(3)
    table = Table("table", "same", "changed", "added", "removed", "kept")
    for t in report.tables:
        table.add_row(t.table, *(f"{n:,}" for n in (t.same, t.changed, t.added, t.removed, t.kept)))
    console.print(table)
    console.print(f"read {report.events:,} events; holds from {describe(report.covers_from)}")
    if dry_run and any(t.changed or t.added or t.removed for t in report.tables):
        sys.exit(1)
