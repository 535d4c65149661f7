"""`classpulse report`: a class as a document to print or to take to a meeting."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reports.queries import Choice, Report

app = typer.Typer(add_completion=False)

DAYS = 28


@app.command()
def report(  # noqa: PLR0913 (options)
    class_id: Annotated[str, typer.Argument(metavar="CLASS", help="The class's id, as in the roster.")],
    *,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it to PDF with Chromium.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Write the page itself; needs no Chromium.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write each table as a CSV file, with all its rows.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Output path without extension; else CLASS-DAY.")
    ] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; else now.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Length of the time, where it has no first day.")] = DAYS,
    names: Annotated[bool, typer.Option("--names", help="Name students; else they are numbered.")] = False,
) -> None:
    """Write a class's report from the same SQL as the boards: --pdf (the default), --html, --csv, or several.

    Example: classpulse report 7B --html --csv --from 2026-09-01 --output reports/7B
    """
    from dataflows.events.text import tidy
    from reports.queries import Choice

    class_id = tidy(class_id)
    found = _asked(Choice(class_id, since and since.date(), until and until.date(), days, names))
    stem = output.with_suffix("") if output and output.suffix in {".pdf", ".html"} else output
    stem = stem or Path(f"{class_id.replace('/', '_')}-{found.until:%Y-%m-%d}")
    for path in _write(found, stem, pdf=pdf or not (html or csv), html=html, csv=csv):
        typer.echo(f"written: {path}")


def _asked(choice: Choice) -> Report:
    import psycopg

    from dataflows.settings import Settings
    from db.access import audit
    from reports.queries import ask

    url = Settings().database_url.get_secret_value()
    with psycopg.connect(url) as connection:
        found = ask(connection, choice)
    with psycopg.connect(url) as connection:  # the first one is for reading only
        what = "a class's report, with names" if choice.named else "a class's report"
        audit.record(connection, reader=connection.info.user, via="report", what=what, class_ids=[choice.class_id])
    return found


def _write(found: Report, stem: Path, *, pdf: bool, html: bool, csv: bool) -> list[Path]:
    from reports import page, paper, sheets

    written: list[Path] = []
    if html:
        path = stem.with_name(f"{stem.name}.html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.page(found), encoding="utf-8")
        written.append(path)
    if csv:
        written += sheets.write(found, stem)
    if pdf:
        path = stem.with_name(f"{stem.name}.pdf")
        paper.print_to_pdf(page.page(found), path)
        written.append(path)
    return written
