"""`classpulse bench`: the measurements in `bench/`, on servers of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from dataflows.errors import UserError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The measurements of docs/. Each prints one JSON object."
)

PerS = Annotated[float, typer.Option(min=1, help="Density: events per second of event time, all tasks together.")]
Rate = Annotated[float, typer.Option(min=1, help="Events per second.")]


@app.command()
def throughput(
    events: Annotated[int, typer.Option(min=1000, help="Events of the log.")] = 2_000_000,
    fold_events: Annotated[int, typer.Option(min=1000, help="Events that Bytewax's fold_window gets.")] = 200_000,
    per_s: PerS = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each job runs; medians count.")] = 3,
) -> None:
    """`engagement` with everything on, beside poll and decode alone, the windows alone, and Bytewax's fold_window.

    Example: classpulse bench throughput --rounds 5
    """
    from bench.throughput import measure

    _print(measure(events=events, fold_events=fold_events, per_s=per_s, rounds=rounds))


@app.command()
def engines(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A short log and one round: minutes, and rougher.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A list of engines as JSON instead of the table.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="How often each engine runs, in turns; medians count.")] = 3,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ENGINE", help="Only this engine; say it again for more.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Write table and chart into docs/engines.md.")] = False,
) -> None:
    """Kafka Streams, Flink, Quix Streams, Bytewax and ClassPulse: the same windows over the same log, one core each.

    The other engines are fetched and built once, into the cache folder; one that cannot be had is left out with the
    reason.

    Example: classpulse bench engines --quick
    """
    from bench.engines import page
    from bench.engines.contenders import CONTENDERS
    from bench.engines.run import measure
    from cli.progress import Progress

    names = sorted({contender.engine for contender in CONTENDERS})
    if unknown := [name for name in only or [] if name not in names]:
        text = f"there is no {unknown[0]!r}; there are: {', '.join(names)}"
        raise typer.BadParameter(text, param_hint="--only")
    events, seconds = (400_000, 500.0) if quick else (2_000_000, 1000.0)
    with Progress("engines", unit="runs") as progress:

        def at(done: int, total: int, text: str) -> None:
            progress.at(done, total=total)
            (progress.say or (lambda line: typer.echo(line, err=True)))(text)

        report = measure(events=events, seconds=seconds, rounds=1 if quick else rounds, only=tuple(only or ()), at=at)
    if keep:
        page.keep(report)
    if as_json:
        typer.echo(json.dumps(report["engines"], indent=2))
    else:
        typer.echo(page.sentence(report) + "\n\n" + page.table(report))


@app.command()
def content(
    events: Annotated[int, typer.Option(min=1000, help="Events of the log.")] = 2_000_000,
    per_s: PerS = 200,
    rounds: Annotated[int, typer.Option(min=1, help="How often; medians count.")] = 3,
) -> None:
    """`content` with everything on, one worker, over the log of a school that studies in shifts.

    Example: classpulse bench content --rounds 1
    """
    from bench.content import measure

    _print(measure(events=events, per_s=per_s, rounds=rounds))


@app.command()
def lake(
    events: Annotated[int, typer.Option(min=1000, help="Simulated events.")] = 500_000,
    log: Annotated[Path | None, typer.Option(help="A Moodle log export in their place.")] = None,
) -> None:
    """What the flow `lake` costs: CPU an event, and bytes an event in its files.

    Example: classpulse bench lake --log moodle-log.csv.gz
    """
    from bench.lake import measure

    _print(measure(events=events, log=log))


@app.command()
def rebuild(
    events: Annotated[int, typer.Option(min=1000, help="Simulated events.")] = 2_000_000,
    flow: Annotated[str, typer.Option(help="What is rebuilt.")] = "engagement",
    per_s: PerS = 2000,
) -> None:
    """How many events a minute a flow is rebuilt from, where all of them come from the lake.

    Example: classpulse bench rebuild --flow content
    """
    from bench.rebuild import measure

    _print(measure(events=events, per_s=per_s, flow=flow))


@app.command()
def profile(  # noqa: PLR0913
    flow: Annotated[str, typer.Option(help="engagement, content, stuck or archive.")] = "engagement",
    events: Annotated[int, typer.Option(min=1000, help="Events of the one task.")] = 500_000,
    per_s: PerS = 2000,
    batch_records: Annotated[
        int | None, typer.Option(min=1, help="Records of a batch; by default as when a worker catches up.")
    ] = None,
    flush_every: Annotated[int, typer.Option(min=1, help="Batches between two writes.")] = 6,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the lowest time of a step counts.")] = 5,
    functions: Annotated[int, typer.Option(min=0, help="Also list so many functions by their own time.")] = 0,
) -> None:
    """What an event costs in a flow, step by step, without Kafka and database.

    Example: classpulse bench profile --flow content --functions 20
    """
    from bench.profile import run

    _print(
        run(
            flow=flow,
            events=events,
            per_s=per_s,
            batch_records=batch_records,
            flush_every=flush_every,
            rounds=rounds,
            functions=functions,
        )
    )


@app.command()
def declared(
    events: Annotated[int, typer.Option(min=1000, help="Events of the one task.")] = 500_000,
    per_s: PerS = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the lowest time counts.")] = 5,
    functions: Annotated[int, typer.Option(min=0, help="Also list so many functions by their own time.")] = 0,
) -> None:
    """What declared flows (the tutorial's first) cost beyond decode, beside `engagement`. Needs no server.

    Example: classpulse bench declared
    """
    from bench.declared import run

    _print(run(events=events, per_s=per_s, rounds=rounds, functions=functions))


@app.command()
def freshness(rate: Rate = 5000, seconds: Annotated[float, typer.Option(min=1, help="For so long.")] = 300) -> None:
    """Append to committed row under a steady load, everything on this machine.

    Example: classpulse bench freshness --rate 1000 --seconds 60
    """
    from bench.freshness import measure

    _print(measure(rate=rate, seconds=seconds))


@app.command()
def outage(
    rate: Rate = 5000, away: Annotated[float, typer.Option(min=1, help="Seconds without a database.")] = 60
) -> None:
    """The database stopped under load and started again: is anything lost, how long does it take to catch up?

    Example: classpulse bench outage --away 30
    """
    from bench.outage import measure

    _print(measure(rate=rate, away_s=away))


@app.command()
def writes(
    rate: Rate = 500,
    seconds: Annotated[float, typer.Option(min=1, help="For so long.")] = 200,
    in_turn: Annotated[
        bool, typer.Option("--in-turn", help="In one process, a second at a time: comparable on a busy machine.")
    ] = False,
) -> None:
    """What live events cost the database: WAL an event by table, updates that stay on their page, sizes.

    Example: classpulse bench writes --seconds 60
    """
    from bench import writes, writes_in_turn

    if in_turn:
        _print(writes_in_turn.measure(rate=round(rate), seconds=round(seconds)))
    else:
        _print(writes.measure(rate=rate, seconds=seconds))


@app.command()
def memory_models(
    chart: Annotated[Path | None, typer.Option(help="Write the chart of calibration there, as SVG.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the held-out students and the simulated classes.")] = 4,
) -> None:
    """Which forgetting model forecasts held-out students best: log loss, calibration, AUC. Needs no server.

    Example: classpulse bench memory-models --seed 4
    """
    try:
        from bench.memory_models import measure
    except ModuleNotFoundError as error:
        message = f"{error.name} is missing: it comes with the development tools (`make bench-memory` installs them)."
        raise UserError(message) from error
    _print(measure(chart, seed))


@app.command()
def chapters(
    scale: Annotated[float, typer.Option(min=0.001, help="1 = five million chapter visits a day.")] = 1.0,
    days: Annotated[int, typer.Option(min=1, help="Days of visits.")] = 7,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each query.")] = 20,
    plans: Annotated[Path | None, typer.Option(help="Write the queries' plans into this folder.")] = None,
) -> None:
    """The queries of the chapters board over a week of five million visits a day, and what the data weigh.

    Example: classpulse bench chapters --scale 0.1
    """
    from bench.chapters import measure

    _print(measure(scale=scale, days=days, runs=runs, plans=plans))


@app.command()
def time_on_task(
    log: Annotated[Path | None, typer.Option(help="A Moodle log export; by default that of CLASSPULSE_DATA.")] = None,
) -> None:
    """What caps of 5, 10 and 30 minutes on inferred ends make of a real log. Needs no server.

    Example: classpulse bench time-on-task --log moodle-log.csv
    """
    from bench.time_on_task import measure

    _print(measure(log))


@app.command()
def memory_flow(
    events: Annotated[int, typer.Option(min=200_000, help="Learning events of the one task.")] = 600_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds over the same log; medians count.")] = 3,
    model: Annotated[str, typer.Option(help="The forgetting model.")] = "ebbinghaus",
) -> None:
    """What a learning event costs in `memory` with 100,000 pairs of student and module, and what a pair weighs.

    Example: classpulse bench memory-flow --model fsrs
    """
    from bench.memory import measure

    _print(measure(events=events, rounds=rounds, model=model))


@app.command()
def alerts(
    classes: Annotated[int, typer.Option(min=4, help="Classes of the simulated school.")] = 24,
    weeks: Annotated[
        int, typer.Option(min=1, help="Simulated weeks; from the third on it is known what is usual.")
    ] = 2,
    data: Annotated[Path | None, typer.Option(help="The folder with the real log; by default CLASSPULSE_DATA.")] = None,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the results beside the rules and into docs/backtests.md.")
    ] = False,
) -> None:
    """What the rules that go out at once would have sent over simulated weeks and a real log, against their budget.

    Example: classpulse bench alerts --weeks 4
    """
    from bench.alerts.run import measure

    _print(measure(classes=classes, weeks=weeks, data=data, keep=keep))


@app.command()
def boards(
    scale: Annotated[float, typer.Option(min=0.001, help="1 = 20,000 students.")] = 1.0,
    days: Annotated[int, typer.Option(min=2, help="Days of history.")] = 30,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each query.")] = 20,
    keep: Annotated[Path | None, typer.Option(help="Keep the server running, with its data in this folder.")] = None,
    plans: Annotated[Path | None, typer.Option(help="Write the queries' plans into this folder.")] = None,
) -> None:
    """Every panel's query of every board over 30 days of 20,000 students.

    Example: classpulse bench boards --scale 0.1 --keep filled
    """
    from bench.boards.run import measure

    _print(measure(scale=scale, days=days, runs=runs, keep=keep, plans=plans))


@app.command()
def rules(
    scale: Annotated[float, typer.Option(min=0.001, help="1 = 20,000 students.")] = 1.0,
    days: Annotated[int, typer.Option(min=2, help="Days of history.")] = 30,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each statement.")] = 20,
    keep: Annotated[Path | None, typer.Option(help="A folder that `bench boards --keep` filled.")] = None,
) -> None:
    """Both statements of every learning alert over 20,000 students in 700 classes.

    Example: classpulse bench rules --keep filled
    """
    from bench.rules import measure

    _print(measure(scale=scale, days=days, runs=runs, keep=keep))


@app.command()
def gateway(
    scale: Annotated[float, typer.Option(min=0.01, help="1 = 300,000 events in batches, 20,000 alone.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each load is played; medians count.")] = 3,
) -> None:
    """Events over HTTP until Kafka has them: the gateway, beside the route that a team would first write.

    Example: classpulse bench gateway --rounds 1
    """
    from bench.gateway.run import measure

    _print(measure(rounds=rounds, scale=scale))


def _print(report: dict[str, Any]) -> None:
    typer.echo(json.dumps(report, indent=2))
