"""`classpulse migrate`: bring the database at DATABASE_URL to the current schema."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from dataflows.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def command() -> None:
    """Bring the database at DATABASE_URL to the current schema; a second call changes nothing.

    With CLASSPULSE_ERASURE_KEY, students who were erased and have come back with a restored backup are erased again.

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
    if settings.erasure_key is not None:
        _erase_again(settings)
    marks.deployed()


def _erase_again(settings: Settings) -> None:
    """Erases students again who came back with a restored backup."""
    from api.settings import ApiSettings
    from cli.student import erase_and_tell
    from dataflows.kafka.topics import TopicError
    from privacy.requests import come_back

    try:
        back = come_back(settings)
    except TopicError as error:
        text = f"the list of erased students was not compared with Kafka's ({error}): migrate again when it answers"
        typer.secho(text, fg="yellow", err=True)
        return
    if back:
        typer.echo(f"{len(back)} erased students have come back with a restored backup: they are erased again")
        erase_and_tell(back, settings, ApiSettings())
