"""`classpulse doctor`: what can be reached, what is wrong, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from health.finding import Finding

app = typer.Typer(add_completion=False)

_SIGNS = {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "wrong": "[bold red]✗[/]"}
_STYLES = {"ok": "", "note": "yellow", "wrong": "red"}


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
) -> None:
    """Look at Kafka, the database, the flows, the recovery store and the dashboards; exit 1 if anything is wrong.

    Example: classpulse doctor --json
    """
    found = examine()
    failed = any(finding.state == "wrong" for finding in found)
    if as_json:
        import json

        typer.echo(json.dumps({"ok": not failed, "findings": [finding.as_dict() for finding in found]}))
    else:
        _print(found)
    raise typer.Exit(1 if failed else 0)


def examine() -> list[Finding]:
    """Runs every check; those that only wait for the network run side by side."""
    from concurrent.futures import ThreadPoolExecutor
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from pydantic import ValidationError

    from dataflows.explain import setting_name
    from dataflows.settings import Settings
    from health import database, finding, flows, kafka, monitoring, recovery, rejects

    try:
        settings = Settings()
        ZoneInfo(settings.timezone)
    except ValidationError as error:
        advice = "Correct it in the environment or in .env."
        return [
            finding.wrong("settings", setting_name(one["loc"]), one["msg"].removeprefix("Value error, "), advice)
            for one in error.errors()
        ]
    except (ZoneInfoNotFoundError, ValueError) as error:
        advice = "Use a name like Europe/Berlin."
        return [finding.wrong("settings", "CLASSPULSE_TIMEZONE", str(error), advice)]
    checks = (kafka.check, database.check, flows.check, rejects.check, recovery.check)
    with ThreadPoolExecutor(len(checks) + 1) as pool:
        waiting = [pool.submit(check, settings) for check in checks]
        waiting.append(pool.submit(monitoring.check))
        return [one for result in waiting for one in result.result()]


def _print(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = ""
    for one in found:
        part = "" if one.part == before else one.part
        before = one.part
        body = Text(one.detail, style=_STYLES[one.state])
        if one.advice:
            body.append(f"\n→ {one.advice}", style="cyan")
        table.add_row(_SIGNS[one.state], Text(part, style="bold"), one.check, body)
    console = Console()
    console.print(table)
    wrongs = sum(one.state == "wrong" for one in found)
    console.print(f"\n[bold red]{wrongs} wrong[/]" if wrongs else "\n[bold green]Nothing is wrong.[/]")
