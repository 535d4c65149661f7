"""`classpulse serve`: the gateway and the live page."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at. [default: CLASSPULSE_API_HOST]")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port. [default: CLASSPULSE_API_PORT]")] = None,
) -> None:
    """Serve the gateway: events in at /v1/track, answers, metrics, and the API's description at /docs.

    Until a token was made (`classpulse token create`), whoever is on this machine may send and read without one.
    SIGTERM ends it in order: what was acknowledged is in Kafka or on the spool.

    Example: classpulse serve --port 3001
    """
    from api.server import serve as run
    from api.settings import ApiSettings
    from dataflows.logs import configure_logging
    from dataflows.settings import Settings

    settings, api = Settings(), ApiSettings()
    given = {"api_host": host, "api_port": port}
    api = api.model_copy(update={name: value for name, value in given.items() if value is not None})
    configure_logging(settings)
    run(settings, api)
