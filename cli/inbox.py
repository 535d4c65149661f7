"""`classpulse inbox`: what would have gone to Slack, where no Slack is set."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def inbox(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 8025,
) -> None:
    """Take messages for Slack and show the last 200 of them in a page; they are kept in memory only."""
    from alerting.delivery.inbox import Inbox

    typer.echo(f"messages for http://{host}:{port}/slack are shown at http://{host}:{port}/")
    Inbox(host, port).serve_forever()
