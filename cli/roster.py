"""`classpulse roster load`: classes, students, staff, names, terms and timetable from CSV or JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataflows.errors import Exit
from ingest.records import SHOWN_FAULTS, FileError

if TYPE_CHECKING:
    import psycopg

    from db.upsert import Written
    from ingest.rosters.files import Roster

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def roster() -> None:
    """Load who should be there: classes, students, staff, names, terms and timetable."""


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSON files; the kind is told by name or header.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
) -> None:
    """Load roster files, each as a whole or not at all (docs/roster.md).

    Example: classpulse roster load classes.csv students.csv timetable.csv
    """
    from zoneinfo import ZoneInfo

    import psycopg

    from dataflows.settings import Settings
    from ingest.rosters.files import read

    settings = Settings()
    failed, done = False, []
    placed: dict[tuple[str, str], list[str]] = {}
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        for path in files:
            try:
                parsed = read(path, ZoneInfo(settings.timezone))
                done.append((path, _load(connection, parsed, placed, dry_run=dry_run)))
            except FileError as error:
                failed = True
                typer.echo("\n".join(error.lines(path)), err=True)
        warnings = _warnings(connection)
    _show(done, dry_run=dry_run)
    for warning in warnings:
        typer.echo(warning, err=True)
    if failed:
        raise typer.Exit(Exit.REFUSED)


def _load(
    connection: psycopg.Connection[Any], parsed: Roster, placed: dict[tuple[str, str], list[str]], *, dry_run: bool
) -> list[Written]:
    """Writes one file in one transaction.

    Args:
        connection: An open connection.
        parsed: The file.
        placed: The classes of enrolments that files of this call have named: whoever stands in two lists is in both
            classes.
        dry_run: Write nothing.
    """
    from db.roster import KEYS, place, write

    further: dict[tuple[str, str], list[str]] = {}
    for key, row in parsed.tables.get("enrolments", {}).items():
        if "class_id" in row:
            placed[key] = list(dict.fromkeys([*placed.get(key, []), *parsed.classes[key]]))
            row["class_id"] = next(iter(placed[key]), None)
            further[key] = placed[key][1:]
    with connection.transaction(force_rollback=dry_run):
        written = [
            write(connection, table, list(parsed.tables[table].values())) for table in KEYS if table in parsed.tables
        ]
        classes = place(connection, further) if further else None
        return written + ([classes] if classes and (classes.new or classes.same or classes.removed) else [])


def _warnings(connection: psycopg.Connection[Any]) -> list[str]:
    from db.roster import unknown_classes

    missing = unknown_classes(connection)
    if not missing:
        return []
    shown = ", ".join(missing[:SHOWN_FAULTS])
    return [f"note: {len(missing)} class(es) are named but not described in classes: {shown}"]


def _show(done: list[tuple[Path, list[Written]]], *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "table", "new", "changed", "same", "removed", title="would load" if dry_run else "loaded")
    for column in table.columns[2:]:
        column.justify = "right"
    for path, parts in done:
        for part in parts:
            counts = (part.new, part.changed, part.same, part.removed)
            table.add_row(path.name, part.table, *map(str, counts))
    if table.row_count:
        Console().print(table)
