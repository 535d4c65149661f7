"""`classpulse inbox`: what would have gone to Slack, where no Slack is set."""

from __future__ import annotations

import errno
from typing import Annotated

import typer

from dataflows.errors import UnavailableError

app = typer.Typer(add_completion=False)


@app.command()
def inbox(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 8025,
) -> None:
    """Take messages for Slack and show the last 200 of them in a page; they are kept in memory only.

    Example: classpulse inbox --port 8025
    """
    from alerting.delivery.inbox import Inbox

    try:
        server = Inbox(host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"Port {port} of {host} is taken by another program: choose another one with --port."
        raise UnavailableError(message) from error
    typer.echo(f"messages for http://{host}:{port}/slack are shown at http://{host}:{port}/")
    server.serve_forever()
