"""`classpulse predict`: models outside the flows, judged before they are shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from ingest.formats.log import FormatName

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Models: train, judge, run.")

Trained = Annotated[Literal["stuck", "risk"], typer.Argument(help="Which model.")]
Judged = Annotated[Literal["stuck", "idle", "risk"], typer.Argument(help="Which model.")]
Files = Annotated[
    list[Path], typer.Argument(exists=True, help="The log: its files, as `classpulse replay` takes; risk: a directory.")
]
Format = Annotated[
    Literal["jsonl", "moodle", "edx", "xapi", "caliper"], typer.Option("--format", help="stuck: the files' format.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.callback()
def main() -> None:
    """Models: train them, judge them against plain baselines, run them."""


@app.command()
def train(
    model: Trained,
    files: Files,
    log_format: Format = "jsonl",
    out: Annotated[Path, typer.Option(help="risk: the file to write.")] = Path("risk.json"),
    *,
    as_json: AsJson = False,
) -> None:
    """Learn from a log of yours.

    stuck: counts of each kind of sign how many were truly stuck (docs/stuck.md) and prints the settings; judge them
    first with `predict evaluate stuck`, which counts two fifths of the students and measures on the others.

    risk: a model a week of a directory of OULAD's tables, with its judgement, written to --out
    (docs/model-card-risk.md).

    Example: classpulse predict train stuck autumn.jsonl
    """
    if model == "stuck":
        _train_stuck(files, log_format, as_json=as_json)
    else:
        _train_risk(_one_directory(files), out, as_json=as_json)


@app.command()
def evaluate(
    model: Judged,
    files: Files,
    log_format: Format = "jsonl",
    *,
    as_json: AsJson = False,
) -> None:
    """Judge a model on a log that it has not seen, beside plain baselines.

    stuck: of those whom the queue would have listed, how many were truly stuck (docs/stuck.md), how many minutes before
    the idle rule; on the students that nothing was tuned on. Where a log cannot show it, the answer says why.

    idle: the chance that a silence becomes one of five minutes, said at each whole minute of it and learnt afterwards,
    beside the time since the last action and the minute of the session alone (docs/model-card-idle.md).

    risk: on a directory of OULAD's tables, week by week: trained on presentations that had ended, judged on later ones
    (docs/model-card-risk.md).

    Example: classpulse predict evaluate stuck lesson.jsonl --json
    """
    import json

    if model == "stuck":
        found = _stuck(files, log_format)
        typer.echo(json.dumps(found) if as_json else _words(found))
    elif model == "idle":
        found = _idle(files, log_format)
        typer.echo(json.dumps(found) if as_json else found["answer"])
    else:
        found = _risk(_one_directory(files))
        typer.echo(json.dumps(found) if as_json else _weeks(found))


@app.command()
def run(
    model: Annotated[Literal["risk"], typer.Argument(help="Which model.")],
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="What `predict train risk` wrote, with its judgement."),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(help="By default now, or where a replayed log stands.", formats=["%Y-%m-%dT%H:%M:%S"]),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the chances of a term's students into the table predictions, as known at the end of its last whole week.

    Run it once a week; a second run of a week gives the same rows. A week whose model does not beat its plain
    baselines is written nowhere, so no board shows it (docs/model-card-risk.md). Times of --as-of are UTC.

    Example: classpulse predict run risk risk.json
    """
    import json
    from datetime import UTC

    import psycopg

    from dataflows.settings import Settings
    from models.risk import tables
    from models.risk.files import load
    from models.risk.predicting import model_week, write

    kept = load(file)
    with psycopg.connect(Settings().database_url.get_secret_value(), autocommit=True) as connection:
        known = tables.read(connection, as_of.replace(tzinfo=UTC) if as_of else None)
        written = write(connection, kept, known, known.until)
    spoken = model_week(kept, known.week)
    said = {"model": model, "version": kept.version, "week": known.week, "by_week": spoken, "until": str(known.until)}
    if as_json:
        typer.echo(json.dumps({**said, "written": written}))
    elif spoken is None:
        typer.echo(f"week {known.week}: no model beats its baselines so early, so nothing is said of anybody")
    else:
        typer.echo(f"week {known.week}: {written} chances as known at {known.until:%Y-%m-%d %H:%M %Z}, {kept.version}")


def _one_directory(files: list[Path]) -> Path:
    if len(files) != 1 or not files[0].is_dir():
        text = "risk is judged on one directory with OULAD's tables"
        raise typer.BadParameter(text, param_hint="FILES")
    return files[0]


def _train_stuck(files: list[Path], log_format: FormatName, *, as_json: bool) -> None:
    import json

    from dataflows.settings import Settings
    from models.stuck.evaluation import tune_all
    from models.stuck.log import read

    tuned = tune_all(read(files, log_format, Settings()))
    chances = {kind: tuned.chances[kind] / 1000 for kind in tuned.counted}
    if as_json:
        typer.echo(json.dumps({"chances": chances, "least_chance": tuned.least / 1000, "counted": tuned.counted}))
        return
    for kind, (n, hits) in tuned.counted.items():
        typer.echo(f"# {kind}: {hits} of {n} were truly stuck")
    typer.echo(f"CLASSPULSE_STUCK_CHANCES={json.dumps(chances)}")
    typer.echo(f"CLASSPULSE_STUCK_LEAST_CHANCE={tuned.least / 1000}")


def _train_risk(folder: Path, out: Path, *, as_json: bool) -> None:
    import json

    from models.risk.evaluation import WEEKS, judged_of, trained
    from models.risk.evaluation import evaluate as judge
    from models.risk.files import as_text, load
    from models.risk.oulad import read

    data = read(folder)
    courses = sorted(f"{module}{of}" for module, of, *_ in data.course.iter_rows())
    judged = judged_of(judge(data))
    out.write_text(as_text(trained(data, WEEKS), courses, len(data.student), judged), encoding="utf-8")
    kept = load(out)
    shown = [week for week, one in kept.judged.items() if one["is_shown"]]
    said = {"version": kept.version, "file": str(out), "weeks": sorted(kept.weeks), "students": len(data.student)}
    words = f"written: {out}, {kept.version}, {len(kept.weeks)} weeks, of which {len(shown)} beat their baselines"
    typer.echo(json.dumps({**said, "shown_weeks": shown}) if as_json else words)


def _risk(folder: Path) -> dict[str, Any]:
    from models.risk.evaluation import evaluate as judge
    from models.risk.oulad import read

    return judge(read(folder))


def _stuck(files: list[Path], log_format: FormatName) -> dict[str, Any]:
    from dataflows.settings import Settings
    from models.stuck.evaluation import evaluate as judge
    from models.stuck.log import read

    return judge(read(files, log_format, Settings()))


def _idle(files: list[Path], log_format: FormatName) -> dict[str, Any]:
    from dataflows.settings import Settings
    from models.idle.evaluation import evaluate as judge
    from models.stuck.log import read

    return judge(read(files, log_format, Settings()))


def _words(found: dict[str, Any]) -> str:
    """Returns a line a number, the answer first."""
    lines = [found["answer"], ""]
    for name, value in found.items():
        if isinstance(value, dict) and "n" in value and "value" in value:
            shown = "–" if value["value"] is None else f"{value['value']:.3f}"
            bounds = "" if value["low"] is None else f"  95 %: {value['low']:.3f} to {value['high']:.3f}"
            lines.append(f"{name.replace('_', ' '):<28} {shown}{bounds}  ({value['hits']} of {value['n']})")
    return "\n".join(lines)


def _weeks(found: dict[str, Any]) -> str:
    """Returns the answer, and a line a week."""
    from models.risk.evaluation import table

    return "\n".join([found["answer"], "", *table(found)])
