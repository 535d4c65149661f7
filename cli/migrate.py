"""`classpulse migrate`: bring the database at DATABASE_URL to the current schema."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command() -> None:
    """Bring the database at DATABASE_URL to the current schema; a second call changes nothing.

    Example: classpulse migrate
    """
    from cli import marks
    from dataflows.settings import Settings
    from db.migrate import migrate

    settings = Settings()
    for line in migrate(settings.database_url.get_secret_value(), settings=settings).lines():
        typer.echo(line)
    marks.deployed()
