"""`classpulse flows`: the flows there are, one of them drawn, and a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dataflows.operators.flow import WindowedFlow

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The flows: list them, draw one, or write a new one."
)
ROOT = Path(__file__).parents[1]


@app.callback()
def main() -> None:
    """The flows: list them, draw one, or write a new one."""


@app.command(name="list")
def list_flows() -> None:
    """Show every flow: what it reads, what it writes, whether it can be rebuilt.

    Example: classpulse flows list
    """
    from rich.console import Console
    from rich.table import Table

    from dataflows import flows

    table = Table("flow", "reads", "writes", "rebuild")
    for flow in flows.FLOWS:
        found = flow.load()
        tables = flow.tables or tuple(written.name for written in found.tables)
        table.add_row(flow.name, "\n".join(found.TOPICS), "\n".join(tables), "yes" if flow.can_be_rebuilt else "no")
    Console().print(table)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="The flow, as `classpulse flows list` shows it.", metavar="NAME")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the drawing.")] = False,
) -> None:
    """Draw a flow: the topics that it reads, its steps in order, the tables that it writes. Needs no server.

    Example: classpulse flows describe engagement
    """
    import json

    from dataflows import describe as described
    from dataflows import flows
    from dataflows.settings import Settings

    try:
        flow = flows.named(name)
    except KeyError as error:
        text = f"there is no flow {name!r}; there are: {', '.join(flows.names())}"
        raise typer.BadParameter(text, param_hint="NAME") from error
    found = described.describe(flow, Settings())
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else described.drawn(found))


@app.command()
def new(  # noqa: PLR0913
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and _.", metavar="NAME")],
    topic: Annotated[str, typer.Option(help="The topic that it reads.")] = "clickstream_events",
    keep: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="COLUMN=TEXT[,TEXT...]", help="Count only events that hold one of the texts."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column of the key; say it again for more.")
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="WINDOW", help="tumbling:10m, hopping:10m:1m, sliding:10m or session:30m.")
    ] = "tumbling:10m",
    aggregate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=AGGREGATE",
            help="count, sum:COLUMN, min:, max:, distinct:, last:, top:COLUMN:K; say it again for more.",
        ),
    ] = None,
) -> None:
    """Write a new flow with its migration, view, grants, a test and a page, and list it wherever flows are listed.

    Nothing is written where the name is taken. Without options it counts events of a class in windows of ten minutes.

    Example: classpulse flows new searches --filter event_name=search --key class_id --window tumbling:10m
    --aggregate searches=count --aggregate students=distinct:student_id
    """
    from dataflows import scaffold

    try:
        flow = declared(name, topic, keep or [], tuple(key or ["class_id"]), window, aggregate or [f"{name}=count"])
        edits = scaffold.plan(flow, ROOT)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    scaffold.write(edits, ROOT)
    for edit in edits:
        typer.echo(f"{'written' if edit.is_new else 'listed in'}: {edit.path}")
    typer.echo(
        f"Next: `make test ARGS=tests/dataflows/test_{name}.py`, then `classpulse migrate` and `classpulse run {name}`."
        f" Another key, window or aggregate: say it to `flows new` (dataflows/{name}.py and the table go together)."
    )


def declared(  # noqa: PLR0913
    name: str, topic: str, keep: list[str], key: tuple[str, ...], window: str, aggregates: list[str]
) -> WindowedFlow:
    """Returns the flow that the options declare.

    Raises:
        ValueError: Where they make no sense.
    """
    from dataflows.operators import aggregates as of_aggregates
    from dataflows.operators import windows
    from dataflows.operators.flow import WindowedFlow

    def split(what: str, pairs: list[str]) -> dict[str, str]:
        found = dict(pair.partition("=")[::2] for pair in pairs)
        if wrong := [left for left, right in found.items() if not left or not right]:
            text = f"--{what} {wrong[0]!r}: say NAME=VALUE"
            raise ValueError(text)
        return found

    filters: dict[str, Any] = {
        column: texts if "," not in texts else tuple(texts.split(","))
        for column, texts in split("filter", keep).items()
    }
    return WindowedFlow(
        name=name,
        topic=topic,
        filters=filters,
        key=key,
        window=windows.parse(window),
        aggregates={n: of_aggregates.parse(text) for n, text in split("aggregate", aggregates).items()},
        table=f"{name}_windows",
    )
