"""`classpulse predict`: models outside the flows, judged before they are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from ingest.formats.log import FormatName

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Models: train, judge, run.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.callback()
def main() -> None:
    """Models: train them, judge them against plain baselines, run them."""


@app.command()
def train(
    model: Annotated[Literal["stuck"], typer.Argument(help="Which model.")],
    files: Annotated[list[Path], typer.Argument(exists=True, help="The log: its files, as `classpulse replay` takes.")],
    log_format: Annotated[
        Literal["jsonl", "moodle", "edx", "xapi", "caliper"], typer.Option("--format", help="The files' format.")
    ] = "jsonl",
    *,
    as_json: AsJson = False,
) -> None:
    """Learn from a log of yours.

    stuck: counts of each kind of sign how many were truly stuck (docs/stuck.md) and prints the settings; judge them
    first with `predict evaluate stuck`, which counts two fifths of the students and measures on the others.

    Example: classpulse predict train stuck autumn.jsonl
    """
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


@app.command()
def evaluate(
    model: Annotated[Literal["stuck"], typer.Argument(help="Which model.")],
    files: Annotated[list[Path], typer.Argument(exists=True, help="The log: its files, as `classpulse replay` takes.")],
    log_format: Annotated[
        Literal["jsonl", "moodle", "edx", "xapi", "caliper"], typer.Option("--format", help="The files' format.")
    ] = "jsonl",
    *,
    as_json: AsJson = False,
) -> None:
    """Judge a model on a log that it has not seen, beside the plain rule.

    stuck: of those whom the queue would have listed, how many were truly stuck (docs/stuck.md), how many minutes before
    the idle rule; on the students that nothing was tuned on. Where a log cannot show it, the answer says why.

    Example: classpulse predict evaluate stuck lesson.jsonl --json
    """
    import json

    found = _stuck(files, log_format)
    typer.echo(json.dumps(found) if as_json else _words(found))


def _stuck(files: list[Path], log_format: FormatName) -> dict[str, Any]:
    from dataflows.settings import Settings
    from models.stuck.evaluation import evaluate as judge
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
