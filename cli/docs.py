"""`classpulse docs`: the pages that say what is in the database, written from the database."""

from __future__ import annotations

import typer

from dataflows.errors import UserError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The pages about views and tables.")


@app.callback()
def main() -> None:
    """The pages about views and tables."""


@app.command()
def build(
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 if a page differs from the database."),
) -> None:
    """Write the tables of docs/sql.md and docs/sql from the comments in the database at DATABASE_URL.

    A comment is changed in db/views, applied by `classpulse migrate`, and then written into the pages by this.

    Example: classpulse docs build --check
    """
    import psycopg

    from dataflows.settings import Settings
    from db import documentation

    if not documentation.pages()[0].is_file():
        message = f"{documentation.DOCS} has no pages: run it in a clone of the repository"
        raise UserError(message)
    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        changed = documentation.outdated(connection)
    for page, text in changed.items():
        if not check:
            page.write_text(text)
        typer.echo(f"{'differs' if check else 'written'}: {page}")
    if check and changed:
        typer.echo("run `classpulse docs build` and commit the result", err=True)
        raise typer.Exit(1)
    if not changed:
        typer.echo(f"{len(documentation.pages())} page(s) up to date")
