"""`classpulse demo`: the whole path on the embedded default, with a live view."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

OFF_TERMINAL_S = 60.0


@app.command()
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(min=1, help="How long to be live; on a terminal until Ctrl-C, elsewhere 60 s, unless told."),
    ] = None,
    rate: Annotated[float, typer.Option(min=1, max=20000, help="Events per second.")] = 500.0,
    as_json: Annotated[bool, typer.Option("--json", help="The last line is one JSON object.")] = False,
    psql: Annotated[
        bool, typer.Option("--psql", help="Open the last demo's database with psql, and nothing else.")
    ] = False,
) -> None:
    """Show the whole path, from simulated events through Kafka and the dataflows to live numbers, on one machine.

    PostgreSQL comes from a wheel, the broker lives in memory: no Docker, no Java, no root. The data stays in .demo.

    Example: classpulse demo --rate 1000
    """
    if psql:
        from demo.psql import open_kept

        raise typer.Exit(open_kept())

    import json

    from rich.console import Console

    from demo.show import Options, perform

    console = Console()
    limit = seconds if seconds is not None or console.is_terminal else OFF_TERMINAL_S
    figures, closing = perform(Options(rate=rate, seconds=limit), console)
    console.print()
    for line in closing:
        console.print(line, highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
