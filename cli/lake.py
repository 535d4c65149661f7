"""`classpulse lake`: what the lake holds, questions to it, and its upkeep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

    from dataflows.lake.store import Store
    from dataflows.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Every event as files: list, ask, compact.")


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def ls(
    *,
    files: Annotated[bool, typer.Option("--files", help="Each file with its path, one a line.")] = False,
    layout: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TABLE,
) -> None:
    """List what the lake holds, by day and event; what is not compacted yet stands under its own name.

    Example: classpulse lake ls --files
    """
    from cli.rows import show
    from dataflows.lake.manifest import listed

    with _lake() as (connection, store, _settings):
        show(*listed(connection, store, files=files), layout)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One query in DuckDB's SQL; the table is `events`.", metavar="QUERY")],
    layout: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="So many rows at most.")] = 10_000,
) -> None:
    """Ask the lake in SQL: every event that any file holds, compacted or not, once.

    It has the columns of table events; metadata is JSON text (metadata->>'query'). It reads the lake's files and
    nothing else, and writes nothing.

    Example: classpulse lake sql "select event_name, count(*) from events group by all order by 2 desc"
    """
    from cli.rows import show
    from dataflows.lake.query import ask

    with _lake() as (connection, store, _settings):
        names, rows = ask(connection, store, query, limit + 1)
    show(names, rows[:limit], layout)
    if len(rows) > limit:
        typer.echo(f"only the first {limit:,} rows: give --limit, or count in the query", err=True)


@app.command()
def compact(
    *,
    everything: Annotated[bool, typer.Option("--all", help="The present hour too.")] = False,
    every: Annotated[
        float | None, typer.Option(min=1, help="Go on, once in so many seconds. [default: once, and end]")
    ] = None,
) -> None:
    """Bring closed hours into events/date=…/event_name=…, where DuckDB, Polars and Spark read them; run it hourly.

    Also sweeps what killed workers left behind and deletes what is kept for long enough. Killed at any instant it loses
    nothing; workers may run meanwhile, another compaction may not (exit code 3).

    Example: classpulse lake compact --every 3600
    """
    while True:
        with _lake() as (connection, store, settings):
            _compact(connection, store, settings, everything=everything)
        if every is None:
            return
        time.sleep(every)


def _compact(connection: psycopg.Connection[Any], store: Store, settings: Settings, *, everything: bool) -> None:
    from datetime import UTC, datetime, timedelta

    from dataflows.lake.compact import compact as run

    upto = datetime.now(UTC) + timedelta(days=1) if everything else None
    done = run(connection, store, settings, upto=upto)
    typer.echo(
        f"{done.events:,} events of {done.replaced:,} files compacted into {done.written:,}; "
        f"{done.swept:,} orphans swept, {done.expired:,} files deleted"
    )


@contextmanager
def _lake() -> Iterator[tuple[psycopg.Connection[Any], Store, Settings]]:
    from dataflows.lake.store import Store, in_words
    from dataflows.settings import Settings
    from dataflows.sink.connection import APPLICATION, connect

    settings = Settings()
    with in_words(), connect(settings.database_url.get_secret_value(), f"{APPLICATION}-lake-tool") as connection:
        yield connection, Store(settings), settings
