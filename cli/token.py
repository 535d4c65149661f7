"""`classpulse token`: who may send events and read answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Tokens of the gateway.")


@app.command()
def create(
    scope: Annotated[
        list[str],
        typer.Option(
            help="ingest, read:class:ID (* is every class), read:school (numbers only), privacy; repeat it for more."
        ),
    ],
    name: Annotated[str, typer.Option(help="Whose it is.")] = "",
    days: Annotated[float | None, typer.Option(min=0, help="After how many days it expires. [default: never]")] = None,
    events_per_s: Annotated[
        float | None, typer.Option(min=0.001, help="Most events a second. [default: CLASSPULSE_API_EVENTS_PER_S]")
    ] = None,
) -> None:
    """Make a token and print it: only now, since its hash alone is kept.

    To change one without a gap: make another, let clients change over, revoke the first.

    Example: classpulse token create --scope ingest --name Moodle
    """
    from api import tokens

    with _database() as connection:
        typer.echo(tokens.create(connection, scope, name, days=days, events_per_s=events_per_s))


@app.command("list")
def list_tokens() -> None:
    """List the tokens that are valid: ids, never the tokens themselves.

    Example: classpulse token list
    """
    from rich.console import Console
    from rich.table import Table

    from api import tokens

    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "scopes", "made", "expires"):
        table.add_column(heading, no_wrap=heading == "id")
    with _database() as connection:
        for token in tokens.valid(connection):
            expires = "never" if token.expires_at is None else f"{token.expires_at:%Y-%m-%d %H:%M}Z"
            scopes = " ".join(sorted(token.scopes))
            table.add_row(token.token_id, token.name, scopes, f"{token.created_at:%Y-%m-%d %H:%M}Z", expires)
    Console().print(table)


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="As `classpulse token list` shows it.")]) -> None:
    """End a token; gateways follow within five seconds.

    Example: classpulse token revoke 0123456789ab
    """
    from api import tokens

    with _database() as connection:
        tokens.revoke(connection, token_id)
    typer.echo(f"revoked {token_id}")


def _database() -> psycopg.Connection[Any]:
    from dataflows.settings import Settings
    from dataflows.sink.connection import APPLICATION, connect

    return connect(Settings().database_url.get_secret_value(), f"{APPLICATION}-token")
