"""`classpulse schema`: the JSON Schemas of the events that ClassPulse accepts."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command(
    name: Annotated[
        str | None, typer.Argument(help="Event whose schema is printed; without it, all are listed.")
    ] = None,
) -> None:
    """List the events, or print the JSON Schema (draft 2020-12) of one.

    Example: classpulse schema clickstream_event
    """
    from dataflows.events import schema

    if name is None:
        width = max(map(len, schema.NAMES))
        for event in schema.NAMES:
            typer.echo(f"{event:<{width}}  {schema.summary_of(event)}")
        return
    if name not in schema.NAMES:
        typer.echo(f"There is no event {name!r}. Known: {', '.join(schema.NAMES)}", err=True)
        raise typer.Exit(2)
    typer.echo(schema.text_of(name), nl=False)
