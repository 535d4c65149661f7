"""`classpulse adopt`: going on in the same database after Kafka was lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def command(
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Count no more what a flow has counted and the archive does not hold."),
    ] = False,
    lost_end: Annotated[
        bool,
        typer.Option("--lost-end", help="The topics are the same, but lost records that were read: read them again."),
    ] = False,
) -> None:
    """Go on with new topics in the same database, after Kafka, its topics or their end were lost.

    What the archive (table events) holds is what was: every flow is brought to where the archive had come, with its
    watermarks and the ids that it has seen, and goes on at the first record of the new topics, which may have begun
    to fill. Offsets of the new topics are counted on from 1,000,000,000,000, so that both logs are kept apart.

    Make the topics first (`classpulse topics`), with as many partitions as before, and stop all workers. It takes as
    long as `rebuild` of all flows. Broken off, it is run again; where the log is the one that results come from, it
    refuses (exit code 3) and changes nothing.

    Where topics lost their end (an unclean leader election) and workers refuse them, they are kept: with --lost-end
    they are read again from their beginning. What is known of them counts once; their rejects are told again.

    Example: classpulse adopt
    """
    from rich.console import Console

    from cli.progress import Progress
    from dataflows.rebuild.adopt import adopt
    from dataflows.settings import Settings
    from dataflows.worker import record_publisher

    settings = Settings()
    with ExitStack() as steps:

        def note(text: str) -> Callable[[int, int], None]:
            steps.pop_all().close()
            return steps.enter_context(Progress(text)).of

        done = adopt(settings, record_publisher(settings), note, accept_loss=accept_loss, lost_end=lost_end)
    out = Console()
    out.print(f"begun anew: {', '.join(done.topics)}; their records are era {done.era}")
    for flow, count in done.given_up.items():
        out.print(f"{flow}: {count:,} records that the archive did not hold are counted no more")
    if done.remembered:
        out.print(f"memory: {done.remembered:,} events that it had not read came from the archive")
    out.print(
        f"start the workers of {', '.join(done.flows)}: they go on with the new topics, whatever their stores hold"
    )
