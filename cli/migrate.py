"""`classpulse migrate`: bring the database at DATABASE_URL to the current schema."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command() -> None:
    """Bring the database at DATABASE_URL to the current schema; a second call changes nothing."""
    import psycopg
    from rich.console import Console

    from cli import marks
    from dataflows.settings import Settings
    from db.migrate import MigrationReport, migrate
    from db.target import UnsuitableDatabaseError

    settings = Settings()
    try:
        report: MigrationReport = migrate(settings.database_url.get_secret_value(), settings=settings)
    except (UnsuitableDatabaseError, psycopg.Error) as error:
        Console(stderr=True).print(f"migrate: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    for line in report.lines():
        typer.echo(line)
    marks.deployed()
