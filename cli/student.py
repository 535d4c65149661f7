"""`classpulse student`: what students may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Answer a student's request about their data.")


@app.callback()
def student() -> None:
    """Answer a student's request about their data.

    Example: classpulse student export ann
    """


@app.command()
def export(
    student_id: Annotated[str, typer.Argument(metavar="STUDENT", help="The student's id.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new or empty folder; else student-STUDENT.")
    ] = None,
    topics: Annotated[
        bool, typer.Option("--topics/--no-topics", help="Search Kafka's topics too; all records are read.")
    ] = True,
) -> None:
    """Write a copy of all that is kept about a student: JSON and CSV of every table and topic, with a README.

    It reads as the database's owner (DATABASE_URL), since no other role sees every table.

    Example: classpulse student export ann --output for-ann
    """
    import psycopg

    from cli.progress import Progress
    from dataflows.events.text import tidy
    from dataflows.settings import Settings
    from db.access import audit
    from privacy.export import export_student

    folder = output or Path(f"student-{tidy(student_id).replace('/', '_')}")
    with Progress("reading", unit="") as progress:
        made = export_student(
            student_id,
            folder,
            Settings(),
            with_topics=topics,
            progress=lambda what, done, total: progress.at(done, what, total=total),
        )
    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        audit.record(
            connection,
            reader=connection.info.user,
            via="export",
            what="all that is kept of a student",
            student_ids=[tidy(student_id)],
        )
    rows, records = sum(made.tables.values()), sum((made.topics or {}).values())
    typer.echo(f"written: {folder}: {rows:,} rows of {len(made.tables)} tables, {records:,} records of topics")
