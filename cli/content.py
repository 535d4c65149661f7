"""`classpulse content load`: courses' items with expected times, due dates and pass marks from CSV or JSON files."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataflows.errors import Exit
from ingest.records import SHOWN_FAULTS, FileError

if TYPE_CHECKING:
    import psycopg

    from db.upsert import Written
    from ingest.contents.files import Content

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def content() -> None:
    """Load what is taught: courses' items, with expected times, due dates and pass marks."""


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSON files with the items of courses.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="The files are all there is of the courses they name: other items go.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
) -> None:
    """Load content files, all of them or none (docs/content.md).

    Example: classpulse content load course.csv --replace
    """
    import psycopg

    from dataflows.settings import Settings

    settings = Settings()
    found = _read(files, settings.timezone)
    with (
        psycopg.connect(settings.database_url.get_secret_value()) as connection,
        connection.transaction(force_rollback=dry_run),
    ):
        done, removed = _write(connection, found, replace=replace)
        notes = _notes(connection, found)
    _show(done, removed, dry_run=dry_run)
    for note in notes:
        typer.echo(note, err=True)


def _read(files: list[Path], timezone: str) -> Content:
    """Returns the items of all files; says every fault, and ends, where there is one."""
    from zoneinfo import ZoneInfo

    from ingest.contents.files import Content

    found, failed = Content(), False
    for path in files:
        try:
            found.add(path, ZoneInfo(timezone))
        except FileError as error:
            failed = True
            typer.echo("\n".join(error.lines(path)), err=True)
    if failed:
        raise typer.Exit(Exit.REFUSED)
    return found


def _write(
    connection: psycopg.Connection[Any], found: Content, *, replace: bool
) -> tuple[list[tuple[Path, Written]], int]:
    """Returns what each file changed, and how many items went."""
    from cli.progress import Progress
    from db.content import remove_others, write

    removed = remove_others(connection, list(found.places)) if replace else 0
    done: list[tuple[Path, Written]] = []
    sent = count(1)
    with Progress("loading", total=len(found.places), unit="items") as progress:
        for path, rows in found.parts.items():
            done.append((path, write(connection, rows, lambda _row: progress.at(next(sent)))))
    return done, removed


def _notes(connection: psycopg.Connection[Any], found: Content) -> list[str]:
    from db.content import unknown_parents

    missing = unknown_parents(connection, sorted({course for course, _item in found.places}))
    if not missing:
        return []
    shown = ", ".join(missing[:SHOWN_FAULTS])
    return [f"note: {len(missing)} parent(s) are named and are no items of their course: {shown}"]


def _show(done: list[tuple[Path, Written]], removed: int, *, dry_run: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "new", "changed", "same", title="would load" if dry_run else "loaded")
    for column in table.columns[1:]:
        column.justify = "right"
    for path, part in done:
        table.add_row(path.name, str(part.new), str(part.changed), str(part.same))
    Console().print(table)
    if removed:
        typer.echo(f"{removed} item(s) {'would be ' if dry_run else ''}removed")
