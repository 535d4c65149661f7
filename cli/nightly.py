"""`classpulse nightly`: late events added to the days that they belong to, and what is old rolled up or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from dataflows.rebuild.nightly import DayReport
    from dataflows.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def command(
    days: Annotated[
        list[datetime] | None,
        typer.Option("--day", formats=["%Y-%m-%d"], help="Only late events of this local day; may be given again."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
) -> None:
    """Add late events to settled days, and roll up or delete what is older than it is kept; run it from cron.

    A device that was offline sends its events hours or days later: too late for live results. Here they are added to
    the days on which they happened, once no worker writes these any more; workers may run meanwhile. Each day is one
    transaction: a run that is interrupted leaves whole days, and the next does the rest; a second run changes nothing.

    In a crontab: 30 4 * * * classpulse nightly

    It does so for engagement and content. Of a flow that `flows new` made, late events stay out, and a rebuild leaves
    them out too; `memory`, `archive` and `lake` are never too late.

    Where there is a lake, five class-days of the last week are recomputed from it (`classpulse verify`).

    Days that have to wait for their watermark are named, and are no error. It refuses (exit code 3) where the archive
    is empty, or a rebuild is at work.

    Example: classpulse nightly --dry-run
    """
    from rich.console import Console

    from dataflows.settings import Settings

    settings = Settings()
    chosen = None if days is None else [day.date() for day in days]
    reports = add_late(Console(), settings, chosen, dry_run=dry_run)
    if days is None:
        _age(Console(), settings, reports, dry_run=dry_run)
        if not dry_run:
            _verify(Console(), settings)


def _age(console: Console, settings: Settings, reports: list[DayReport], *, dry_run: bool) -> None:
    from dataflows.rebuild.nightly import succeeded
    from dataflows.sink.connection import APPLICATION, connect
    from db.ageing import age

    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-nightly") as connection:
        for table, rows in age(connection, settings, dry_run=dry_run):
            console.print(f"{table}: {rows:,} rows {'would be ' if dry_run else ''}deleted, kept for long enough")
        if not dry_run:
            succeeded(connection, reports)


SAMPLE = 5
"""Class-days that are recomputed from the lake each night."""


def _verify(console: Console, settings: Settings) -> None:
    """Recomputes a sample of class-days from the lake, where there is one; what differs is an alert, and no error."""
    from dataflows.errors import UserError
    from dataflows.lake.store import FAILURES, Store
    from dataflows.sink.connection import APPLICATION, connect
    from verify.choice import chosen, note
    from verify.class_day import verify

    with connect(settings.database_url.get_secret_value(), f"{APPLICATION}-nightly") as connection:
        if connection.execute("SELECT FROM lake_files LIMIT 1").fetchone() is None:
            return
        try:
            store = Store(settings)
            pairs = chosen(connection, store, settings, SAMPLE)
            verdicts = [verify(connection, store, settings, class_id, day) for class_id, day in pairs]
        except (UserError, *FAILURES) as error:
            console.print(f"nothing verified: {error}", markup=False)
            return
        note(connection, verdicts)
    differing = sum(not verdict.is_equal for verdict in verdicts)
    console.print(f"{len(verdicts):,} class-days verified against the lake, {differing:,} differ")


def add_late(
    console: Console,
    settings: Settings,
    days: Sequence[date] | None,
    *,
    flows: Sequence[str] | None = None,
    dry_run: bool = False,
) -> list[DayReport]:
    """Adds late events and tells of each day that has any; also what `rebuild --include-late` does.

    Args:
        console: Where it is told.
        settings: Database, time zone, rules.
        days: Only these days; None for all.
        flows: Only these flows; None for all.
        dry_run: Change nothing.

    Returns:
        What became of each day.
    """
    from cli.progress import Progress
    from dataflows.rebuild import nightly

    with Progress("nightly", unit="days") as progress:
        seen: list[tuple[str, date]] = []

        def at(flow: str, day: date) -> None:
            seen.append((flow, day))
            progress.at(len(seen), f"{flow} {day}")

        chosen = nightly.FLOWS if flows is None else flows
        reports = list(nightly.add_late(settings, at, flows=chosen, days=days, dry_run=dry_run))
    _print(console, reports, dry_run=dry_run)
    return reports


def _print(console: Console, reports: list[DayReport], *, dry_run: bool) -> None:
    from rich.table import Table

    if not reports:
        console.print("no late events to add")
        return
    table = Table("flow", "day", "late events", "rows changed", "")
    for report in reports:
        changed = sum(t.changed + t.added + t.removed for t in report.tables)
        done = "would be added" if dry_run else "added"
        table.add_row(report.flow, f"{report.day}", f"{report.added:,}", f"{changed:,}", report.waits or done)
    console.print(table)
