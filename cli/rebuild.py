"""`classpulse rebuild`: results recomputed from what is kept."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dataflows import flows as flows_of
from dataflows.errors import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from dataflows.rebuild.shadow import Report
    from dataflows.settings import Settings

FLOWS = tuple(flow.name for flow in flows_of.FLOWS if flow.can_be_rebuilt)

app = typer.Typer(add_completion=False)


@app.command()
def command(
    flows: Annotated[
        list[str] | None,
        typer.Argument(help=f"Which flows: {', '.join(FLOWS)}. Without any: those that have run.", metavar="[FLOW...]"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare: exit 1 when a row differs, change nothing.")
    ] = False,
    include_late: Annotated[
        bool, typer.Option("--include-late", help="With --day: count the events of that day that came late.")
    ] = False,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The local day that --include-late makes again.")
    ] = None,
) -> None:
    """Recompute results into a shadow schema and replace the rows that differ.

    engagement: from the archive (table events), the lake for what the archive no longer holds, then the topics; what
    they fully cover is replaced. Lateness is judged by the watermark that each event met when it came, so the result
    equals what live gave. Meanwhile the lake is not compacted.

    content: likewise. Late events that `classpulse nightly` has added to their days stay added.

    With --include-late --day 2026-09-01 nothing is recomputed but what the late events of that day touch, as
    `classpulse nightly` does for every day; the workers may run.

    memory: curves and signals from quiz_attempts, with the models that are set now; run it after a change of
    CLASSPULSE_MEMORY_MODEL or CLASSPULSE_MEMORY_MODELS_BY_DOMAIN. Nothing is published.

    Stop the flow's workers first: those that still run are fenced and end. Each task's state is left in the database:
    a worker without a recovery store goes on from there. The table tells how many rows differed.

    Example: classpulse rebuild engagement --dry-run
    """
    from rich.console import Console

    from dataflows.events.scanner import loading
    from dataflows.settings import Settings

    unknown = [flow for flow in flows or [] if flow not in FLOWS]
    if unknown:
        text = f"cannot rebuild {', '.join(unknown)}; there are: {', '.join(FLOWS)}"
        raise typer.BadParameter(text, param_hint="FLOW")
    if include_late != (day is not None) or (include_late and "memory" in (flows or [])):
        text = "say `rebuild --include-late --day YYYY-MM-DD`: the two belong together; facts of memory are never late"
        raise typer.BadParameter(text, param_hint="--include-late")
    settings = Settings()
    if settings.scanner:
        loading.prepare(settings.scanner_dir)
    if day is not None:
        _include_late(settings, flows, day.date(), dry_run=dry_run)
        return
    differs = False
    for flow in dict.fromkeys(flows or _flows_that_ran(settings)):
        report = _rebuild(flow, settings, dry_run=dry_run)
        _print(Console(), report)
        differs |= any(t.changed or t.added or t.removed for t in report.tables)
    if dry_run and differs:
        raise typer.Exit(Exit.WRONG)


def _include_late(settings: Settings, flows: list[str] | None, day: date, *, dry_run: bool) -> None:
    from rich.console import Console

    from cli.nightly import add_late

    add_late(Console(), settings, [day], flows=flows, dry_run=dry_run)


def _flows_that_ran(settings: Settings) -> list[str]:
    """Returns the flows that have written something; `engagement` where none has, for its advice."""
    from dataflows.sink.connection import APPLICATION, connect

    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-rebuild") as connection:
        ran = {flow for (flow,) in connection.execute("SELECT DISTINCT flow FROM task_progress").fetchall()}
    return [flow for flow in FLOWS if flow in ran] or ["engagement"]


def _rebuild(flow: str, settings: Settings, *, dry_run: bool) -> Report:
    from cli import marks
    from cli.progress import Progress

    rebuild = flows_of.named(flow).rebuilder()
    marked = nullcontext() if dry_run else marks.rebuilding(flow)
    with marked, Progress(f"rebuild {flow}") as progress:
        return rebuild(settings, progress.of, dry_run=dry_run)


def _print(console: Console, report: Report) -> None:
    from rich.table import Table

    from dataflows.rebuild.shadow import describe

    table = Table("table", "same", "changed", "added", "removed", "kept")
    for t in report.tables:
        table.add_row(t.table, *(f"{n:,}" for n in (t.same, t.changed, t.added, t.removed, t.kept)))
    console.print(table)
    console.print(f"read {report.events:,} events; holds from {describe(report.covers_from)}")
