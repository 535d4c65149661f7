"""`classpulse verify`: class-days recomputed from the lake by SQL of its own, and compared with the tables."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataflows.errors import Exit

if TYPE_CHECKING:
    from verify.class_day import Verdict

app = typer.Typer(add_completion=False)


@app.command()
def command(  # noqa: PLR0913
    class_id: Annotated[str | None, typer.Option("--class", help="The class.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The local day.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every class and final day of the lake.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many class-days of the last week, other ones each day.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the signed report here, as JSON.")] = None,
    check: Annotated[Path | None, typer.Option(help="Only say whether this report is genuine.")] = None,
) -> None:
    """Recompute a class-day from the lake and compare it with the tables; exit code 1 where a row differs.

    DuckDB counts the lake's events by SQL that shares no code with the flows: minutes with their events and students,
    each student's day, quiz attempts, chapter visits. Equal, or the rows that differ and why. The report is signed with
    CLASSPULSE_RECEIPT_KEY, where that is set: whoever has the public key can check it later with --check.

    A day must be final: no row of it can change any more.

    Example: classpulse verify --class 7B --day 2026-11-30 --report 7B.json
    """
    if check is not None:
        _check(check)
        return
    from dataflows.lake.store import Store, in_words
    from dataflows.settings import Settings
    from dataflows.signing import signed, signing_key
    from dataflows.sink.connection import APPLICATION, connect
    from verify.choice import chosen, note
    from verify.class_day import verify

    settings, store = Settings(), Store(Settings())
    with in_words(), connect(settings.database_url.get_secret_value(), f"{APPLICATION}-verify") as connection:
        if class_id is not None and day is not None and not everything and sample is None:
            pairs = [(class_id, day.date())]
        elif everything or sample is not None:
            pairs = chosen(connection, store, settings, sample)
        else:
            text = "give --class and --day, or --all, or --sample"
            raise typer.BadParameter(text)
        verdicts = []
        for number, (one, of_day) in enumerate(pairs, 1):
            verdicts.append(verify(connection, store, settings, one, of_day))
            _print(verdicts[-1], f"{number}/{len(pairs)}")
        note(connection, verdicts)
    facts = {"class_days": [verdict.facts() for verdict in verdicts], "equal": all(v.is_equal for v in verdicts)}
    key = signing_key(settings)
    if report is not None:
        document = signed(facts, "classpulse-verify/1", key) if key else facts
        report.write_text(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
        if key is None:
            typer.echo("not signed: CLASSPULSE_RECEIPT_KEY is not set", err=True)
    if not facts["equal"]:
        raise typer.Exit(Exit.WRONG)


def _print(verdict: Verdict, number: str) -> None:
    rows, differing = sum(verdict.rows.values()), sum(map(len, verdict.differences.values()))
    said = f"{rows:,} rows equal" if verdict.is_equal else f"{differing:,} of {rows:,} rows differ"
    late = f", {verdict.late:,} late events in no result" if verdict.late else ""
    typer.echo(f"{number} {verdict.class_id} {verdict.day}: {said}{late}")
    for table, differences in verdict.differences.items():
        for one in differences[:5]:
            key = ", ".join(map(str, one.key))
            typer.echo(f"  {table} {key}: lake {one.lake}, table {one.database}. {one.why or 'Unexplained.'}")
        if len(differences) > 5:
            typer.echo(f"  {table}: {len(differences) - 5:,} more")


def _check(path: Path) -> None:
    from dataflows.errors import UserError
    from dataflows.signing import signer

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        text = f"{path} cannot be read: {error}"
        raise UserError(text) from error
    typer.echo(f"genuine, signed by {signer(document)} at {document['made_at']}")
