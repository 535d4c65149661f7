"""`classpulse student`: what students may ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import ApiSettings
    from dataflows.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Answer a student's request about their data.")


@app.callback()
def student() -> None:
    """Answer a student's request about their data.

    Example: classpulse student export ann
    """


@app.command()
def export(
    student_id: Annotated[str, typer.Argument(metavar="STUDENT", help="The student's id.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new or empty folder; else student-STUDENT.")
    ] = None,
    topics: Annotated[
        bool, typer.Option("--topics/--no-topics", help="Search Kafka's topics too; all records are read.")
    ] = True,
) -> None:
    """Write a copy of all that is kept about a student: JSON and CSV of every table and topic, with a README.

    It reads as the database's owner (DATABASE_URL), since no other role sees every table.

    Example: classpulse student export ann --output for-ann
    """
    import psycopg

    from cli.progress import Progress
    from dataflows.events.text import tidy
    from dataflows.settings import Settings
    from db.access import audit
    from privacy.export import export_student

    folder = output or Path(f"student-{tidy(student_id).replace('/', '_')}")
    with Progress("reading", unit="") as progress:
        made = export_student(
            student_id,
            folder,
            Settings(),
            with_topics=topics,
            progress=lambda what, done, total: progress.at(done, what, total=total),
        )
    with psycopg.connect(Settings().database_url.get_secret_value()) as connection:
        audit.record(
            connection,
            reader=connection.info.user,
            via="export",
            what="all that is kept of a student",
            student_ids=[tidy(student_id)],
        )
    rows, records = sum(made.tables.values()), sum((made.topics or {}).values())
    typer.echo(f"written: {folder}: {rows:,} rows of {len(made.tables)} tables, {records:,} records of topics")


@app.command()
def erase(
    student_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDENT...]", help="The students' ids, one or several.")
    ] = None,
    *,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="With ids: put them on the list for tonight. Without: erase who waits.")
    ] = False,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", "-o", help="Where the signed receipt goes; else erasure-TIME.json.")
    ] = None,
    topics: Annotated[
        bool, typer.Option("--topics/--no-topics", help="Search Kafka's topics too, and keep the list there.")
    ] = True,
) -> None:
    """Erase students for good: rows, results, aggregates, names, audit; write a signed receipt that names nobody.

    Stop the workers first, as for a rebuild: those that still run are fenced and end. Results are computed again
    without the students, and each task's state is left for its next worker. Nothing of theirs counts again, whatever
    Kafka still holds and whatever backup is restored: `migrate` reapplies the list.

    It needs CLASSPULSE_ERASURE_KEY (as every worker) and CLASSPULSE_RECEIPT_KEY. Exit code 1: an id was found
    somewhere afterwards, and the receipt says so. Several students at once take as long as one.

    In a crontab: 0 2 * * * classpulse student erase --nightly

    Example: classpulse student erase ann bob --receipt receipt.json
    """
    from api.settings import ApiSettings
    from dataflows.settings import Settings
    from privacy import requests

    settings = Settings()
    if nightly and student_ids:
        typer.echo(f"waiting to be erased tonight: {requests.ask(settings, student_ids)}")
        return
    given = requests.waiting(settings) if nightly else student_ids or []
    if not given:
        if nightly:
            typer.echo("nobody waits to be erased")
            return
        text = "say whom: `student erase ann`, or --nightly for those who wait"
        raise typer.BadParameter(text, param_hint="STUDENT")
    erase_and_tell(given, settings, ApiSettings(), receipt, topics=topics)


def erase_and_tell(
    given: list[str], settings: Settings, api: ApiSettings, path: Path | None = None, *, topics: bool = True
) -> None:
    """Erases students, writes the receipt and says what is left where; also what `migrate` does after a restore."""
    import json
    from contextlib import ExitStack

    from cli.progress import Progress
    from dataflows.errors import Exit
    from privacy.erase import erase_students

    with ExitStack() as steps:

        def note(text: str) -> Callable[[int, int], None]:
            steps.pop_all().close()
            return steps.enter_context(Progress(text)).of

        done, signed = erase_students(given, settings, api, note, with_topics=topics)
    path = path or Path(f"erasure-{signed['made_at'][:19].replace(':', '')}Z.json")
    path.write_text(json.dumps(signed, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"erased: {done.students} students, {sum(done.rows.values()):,} rows; receipt: {path}")
    for topic, held in (done.topics or {}).items():
        typer.echo(f"{topic} still holds {held.records:,} records of them, until {held.until}; no flow counts them")
    if done.waiting:
        typer.echo(f"{done.waiting} files of the gateway's spool hold an id until Kafka has them; no flow counts them")
    if done.left:
        places = ", ".join(f"{name} ({count:,})" for name, count in done.left.items())
        typer.secho(f"their ids still stand in {places}: run this again, with the workers stopped", fg="red", err=True)
        raise typer.Exit(Exit.WRONG)


@app.command("verify-receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="A receipt that `student erase` wrote.")],
    *,
    public_key: Annotated[
        str | None, typer.Option("--public-key", help="The school's key; else the receipt's own is printed.")
    ] = None,
) -> None:
    """Check that a receipt of an erasure is genuine and unchanged; say what it says.

    Example: classpulse student verify-receipt erasure-20261130T020000Z.json
    """
    from dataflows.errors import UserError
    from privacy.receipt import read, signer

    receipt = read(file)
    key = signer(receipt)
    if public_key is not None and public_key != key:
        text = f"it is signed, but by another key: {key}"
        raise UserError(text)
    found = receipt["verified"]["rows_found"]
    typer.echo(f"genuine: {receipt['students']} students erased at {receipt['made_at']}, signed by {key}")
    typer.echo(
        f"{receipt['verified']['columns_searched']} columns searched, their ids found in {found} rows; "
        f"backups that may hold them expire at {receipt['backups_expire']}"
    )
