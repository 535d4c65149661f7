"""`classpulse migrate`: bring the database at DATABASE_URL to the current schema."""

from __future__ import annotations

from itertools import count

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command() -> None:
    """Bring the database at DATABASE_URL to the current schema; a second call changes nothing.

    Example: classpulse migrate
    """
    from cli import marks
    from cli.progress import Progress
    from dataflows.settings import Settings
    from db.migrate import migrate

    settings = Settings()
    done = count(1)
    with Progress("migrating", unit="versions") as progress:
        report = migrate(
            settings.database_url.get_secret_value(),
            settings=settings,
            applied=lambda version: progress.at(next(done), f"{version} applied, views come last"),
        )
    for line in report.lines():
        typer.echo(line)
    marks.deployed()
