"""`classpulse remind`: tell students once a day what is due for review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

    from alerting.reminders.due import Reminder
    from alerting.reminders.sending import Outcome

app = typer.Typer(add_completion=False)

SHOWN = 20


@app.command()
def remind(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would be told of what; send nothing.")] = False,
    opt_out: Annotated[str, typer.Option("--opt-out", metavar="ID", help="This student wants none from now on.")] = "",
    opt_in: Annotated[str, typer.Option("--opt-in", metavar="ID", help="This student wants them again.")] = "",
) -> None:
    """Send each student with reviews due one e-mail a day, and never two (docs/reminders.md); run it from cron.

    Example: classpulse remind --dry-run
    """
    import psycopg

    from dataflows.settings import Settings

    with psycopg.connect(Settings().database_url.get_secret_value(), autocommit=True) as connection:
        if opt_out or opt_in:
            _choose(connection, opt_out, opt_in)
        else:
            _run(connection, dry_run=dry_run)


def _choose(connection: psycopg.Connection[Any], opt_out: str, opt_in: str) -> None:
    from alerting.reminders import ledger

    if opt_out:
        typer.echo(f"{opt_out}: {'no reminders from now on' if ledger.opt_out(connection, opt_out) else 'had none'}")
    if opt_in:
        typer.echo(f"{opt_in}: {'reminders again' if ledger.opt_in(connection, opt_in) else 'had them'}")


def _run(connection: psycopg.Connection[Any], *, dry_run: bool) -> None:
    from alerting.delivery.grafana_settings import DeliverySettings
    from alerting.reminders import due, ledger
    from alerting.reminders.post import Post
    from alerting.reminders.sending import Sender, send
    from alerting.reminders.settings import RemindSettings
    from alerting.times import Times
    from cli.progress import Progress
    from dataflows.errors import UserError

    settings, delivery, times = RemindSettings(), DeliverySettings(), Times()
    if not dry_run and not (delivery.smtp_host and delivery.smtp_from):
        message = "no mail server: set CLASSPULSE_SMTP_HOST (host:port) and CLASSPULSE_SMTP_FROM"
        raise UserError(message)
    today = due.today(connection)
    if reason := today.against(times):
        typer.echo(f"nothing is sent: {reason}")
        return
    reminders = due.due(connection, today.day)
    if dry_run:
        _show(reminders)
        return
    minutes = today.minutes_to_night(times)
    rules = Sender(delivery.smtp_from, settings.remind_unsubscribe, settings.remind_per_minute, minutes)
    with Post(delivery) as post, Progress("reminding", len(reminders), unit="students") as progress:
        outcome = send(connection, post, reminders, today.day, rules, progress.at)
    ledger.forget(connection, today.day)
    _report(outcome)


def _show(reminders: list[Reminder]) -> None:
    for reminder in reminders[:SHOWN]:
        more = f" and {reminder.due - len(reminder.items)} more" if reminder.due > len(reminder.items) else ""
        typer.echo(f"{reminder.student_id}: {', '.join(item.title for item in reminder.items)}{more}")
    hidden = len(reminders) - SHOWN
    typer.echo(f"{f'… and {hidden} more; ' if hidden > 0 else ''}{len(reminders)} student(s) would be told")


def _report(outcome: Outcome) -> None:
    counts = outcome.counts
    reported = [f"{counts['sent']} sent"]
    reported += [f"{counts['elsewhere']} told by another run or not wanted any more"] if counts["elsewhere"] else []
    reported += [f"{counts['refused']} refused"] if counts["refused"] else []
    put_off = counts["put off"] + counts["gone"]
    reported += [f"{put_off} put off until the next run"] if put_off else []
    typer.echo(", ".join(reported))
    for fault in outcome.faults[:SHOWN]:
        typer.echo(f"  {fault}", err=True)
    if outcome.stopped:
        typer.echo(f"stopped: {outcome.stopped}", err=True)
    if outcome.faults:
        raise typer.Exit(1)
