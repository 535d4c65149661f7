"""`classpulse access`: who may what in SQL and Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

    from db.access.file import Scope
    from grafana.organisations import Organisations

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Who may what: logins, classes, organisations.")

PASSWORD = "CLASSPULSE_ACCESS_PASSWORD_"  # noqa: S105 - the beginning of a variable's name


@app.callback()
def main() -> None:
    """Who may what: logins, classes, organisations."""


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The access file (docs/access.md).")],
    *,
    prune: Annotated[bool, typer.Option("--prune", help="Remove what an access file made and this one lacks.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and say what it names.")] = False,
) -> None:
    """Make each scope's login with its classes and, where GRAFANA_URL is set, its organisation.

    A new login's password comes from CLASSPULSE_ACCESS_PASSWORD_<LOGIN>, or is made and shown once, on standard output.

    Example: classpulse access apply access.yaml
    """
    import psycopg

    from dataflows.settings import Settings
    from db.access import scopes as logins
    from db.access.file import read

    scopes = read(file)
    url = Settings().database_url.get_secret_value()
    organisations = _organisations()
    with psycopg.connect(url) as connection:
        gone = logins.surplus(connection, scopes)
        if dry_run:
            for scope in scopes:
                typer.echo(f"{scope.name}: {scope.login} sees {', '.join(scope.classes) or scope.sees}")
            typer.echo(f"no longer in the file: {', '.join(gone) or 'none'}")
            return
        for scope in scopes:
            _apply(connection, scope, organisations)
        if prune:
            for name in logins.prune(connection, scopes):
                typer.echo(f"{name}: login dropped")
            if organisations is not None:
                for name in organisations.prune({scope.name for scope in scopes if scope.grafana}):
                    typer.echo(f"{name}: organisation deleted")
        elif gone:
            typer.echo(f"no longer in the file, and still there (--prune removes them): {', '.join(gone)}", err=True)


def _apply(connection: psycopg.Connection[Any], scope: Scope, organisations: Organisations | None) -> None:
    """Applies one scope, each in its own transaction: what went before stays if one fails."""
    import os
    import re
    import secrets

    from db.access import scopes as logins
    from grafana.organisations import SOURCES, Wanted

    given = os.environ.get(PASSWORD + re.sub(r"\W", "_", scope.login).upper())
    has_grafana = organisations is not None and scope.grafana and scope.sees in SOURCES
    is_known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (scope.login,)).fetchone() is not None
    # a password is kept nowhere: a datasource that is to be made needs a new one
    needs = not is_known or (
        has_grafana and organisations is not None and not organisations.has_source(scope.name, scope.sees)
    )
    password = given or (secrets.token_urlsafe(24) if needs else None)
    applied = logins.apply(connection, scope, password)
    connection.commit()
    done = "login made" if applied.is_new else "login as it was" if password is None else "password set"
    added, removed = applied.classes
    typer.echo(f"{scope.name}: {scope.login}, {done}; classes +{added} -{removed}")
    if password and not given:
        typer.echo(f"{scope.login} {password}")
    if has_grafana and organisations is not None:
        number, notes = organisations.apply(
            Wanted(scope.name, scope.sees, scope.login, password, tuple(scope.viewers)), _database(connection)
        )
        typer.echo(f"{scope.name}: organisation {number}")
        for note in notes:
            typer.echo(f"note: {note}", err=True)


def _organisations() -> Organisations | None:
    from alerting.server import Server, ServerSettings
    from grafana.organisations import Organisations

    settings = ServerSettings()
    if not settings.url:
        typer.echo("GRAFANA_URL is not set: logins only", err=True)
        return None
    return Organisations(Server(settings), lambda number: Server(settings, organisation=number))


def _database(connection: psycopg.Connection[Any]) -> Any:  # noqa: ANN401 - imported when called
    """Returns the database as Grafana reaches it; by default as we do."""
    from grafana.organisations import DatabaseSettings

    found, info = DatabaseSettings(), connection.info
    return found.model_copy(
        update={"host": found.host or f"{info.host}:{info.port}", "name": found.name or info.dbname}
    )


@app.command()
def harden() -> None:
    """Take from every login what PostgreSQL and TimescaleDB let it do by default.

    `classpulse migrate` does the same where it may; this is for a superuser, whom DATABASE_URL names.

    Example: classpulse access harden
    """
    import psycopg

    from dataflows.settings import Settings
    from db.access.hardening import harden as close
    from db.access.logins import limit_logins

    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        notes = [*close(connection), *limit_logins(connection)]
    for note in notes:
        typer.echo(note, err=True)
    if notes:
        raise typer.Exit(1)
    typer.echo("no login may lock others out, make jobs or keep things; each has its limits")


@app.command()
def rules() -> None:
    """Print which rows of each view a login of some classes gets, and who sees no student (docs/access.md).

    Example: classpulse access rules
    """
    from db.access.table import table

    typer.echo(table())
