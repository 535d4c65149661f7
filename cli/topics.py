"""`classpulse topics`: create or check the Kafka topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dataflows.kafka.topics import TopicStatus

app = typer.Typer(add_completion=False)

_COLOURS = {"created": "green", "ok": "green", "missing": "yellow", "mismatch": "red", "unknown": "dim"}


@app.command()
def topics(
    check: Annotated[bool, typer.Option("--check", help="Only look; exit 3 if anything is wrong.")] = False,
) -> None:
    """Create the topics that are missing, and check those that exist, at KAFKA_BOOTSTRAP_SERVERS.

    Example: classpulse topics --check
    """
    from rich.console import Console

    from dataflows.kafka.topics import create_or_check, require_usable
    from dataflows.settings import Settings

    settings = Settings()
    statuses = create_or_check(settings, create=not check)
    Console().print(_table(statuses, settings.kafka_bootstrap_servers))
    if all(status.state == "unknown" for status in statuses):
        typer.echo("The mock cluster cannot administer topics; it makes each at its first use.")
    require_usable(statuses)


def _table(statuses: list[TopicStatus], servers: str) -> object:
    from rich.table import Table

    table = Table(title=f"Topics at {servers}", title_justify="left", box=None, pad_edge=False, expand=False)
    for heading in ("topic", "partitions", "state", ""):
        table.add_column(heading, no_wrap=heading != "", justify="right" if heading == "partitions" else "left")
    for status in statuses:
        colour = _COLOURS[status.state]
        table.add_row(status.name, str(status.partitions or "-"), f"[{colour}]{status.state}[/]", status.detail)
    return table
