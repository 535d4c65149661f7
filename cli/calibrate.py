"""`classpulse calibrate`: read what the forgetting models tell as chances, by the quizzes that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataflows.memory.calibrating import Verdict

app = typer.Typer(add_completion=False)


@app.command()
def calibrate(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be adopted; change nothing.")] = False,
) -> None:
    """Fit the chance to pass to your own quizzes, and adopt it where it is better than the present one.

    It is tried on 30 % of the students, whom the fit does not see, and counts from now on; what was shown before keeps
    its version (docs/forgetting.md). Once a term is enough. Example: classpulse calibrate --dry-run
    """
    import psycopg

    from cli.progress import Progress
    from dataflows.memory.calibrating import refit
    from dataflows.settings import Settings

    settings = Settings()
    with psycopg.connect(settings.database_url.get_secret_value()) as connection, Progress("fitting", unit="models"):
        verdicts = refit(connection, settings, dry_run=dry_run)
    for verdict in verdicts:
        for line in lines(verdict, dry_run=dry_run):
            typer.echo(line)
    if not verdicts:
        typer.echo("no scored quiz of a module is stored: the present calibration stays")


def lines(one: Verdict, *, dry_run: bool) -> Iterator[str]:
    """Yields what a person reads of one model."""
    version = one.present[0]
    if one.lack:
        yield f"{one.model}: {one.lack}; version {version} stays"
        return
    yield (
        f"{one.model}: log loss on held-out students {one.fitted_loss:.4f}, present (version {version}) "
        f"{one.present_loss:.4f}, difference ± {one.error:.4f}; {one.forecasts:,} repeated quizzes"
    )
    if one.version is not None:
        yield f"adopted as version {one.version}, from now on"
    elif one.is_better:
        yield "better: it would be adopted" if dry_run else "better"
    else:
        yield f"not better by two standard errors: version {version} stays"
