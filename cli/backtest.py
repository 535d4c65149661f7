"""`classpulse alerts backtest`: when a rule would have called on what is stored."""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from alerting.backtest.archive import Clock
    from alerting.backtest.report import Report
    from alerting.limits import Limits
    from alerting.rules.rule import Rule


def backtest(  # noqa: PLR0913
    names: list[str],
    since: datetime | None,
    until: datetime | None,
    limits: list[str],
    clock: str | None,
    *,
    as_json: bool,
) -> None:
    """Prints when rules would have called; exits with 3 where what is stored does not suffice."""
    # small frames, many of them: threads would only wait for each other
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    # an end by signal too leaves no copy of anybody's events behind
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    rules, chosen = [_rule(name) for name in dict.fromkeys(names)], _limits(limits)
    found = _found(rules, chosen, since, until, _clock(clock))
    if as_json:
        typer.echo(json.dumps([report.facts() for report in found] if len(found) > 1 else found[0].facts()))
        return
    for report in found:
        for line in report.lines():
            typer.echo(line)


def _found(
    rules: list[Rule], limits: Limits, since: datetime | None, until: datetime | None, clock: Clock | None
) -> list[Report]:
    from alerting.backtest.budget import Roster
    from alerting.backtest.report import reports
    from alerting.backtest.run import Backtest
    from alerting.backtest.scratch import scratch_server
    from alerting.backtest.source import clock_of, opened, span_of
    from alerting.times import Times
    from cli.progress import Progress
    from dataflows.settings import Settings

    settings = Settings()
    zone = ZoneInfo(settings.timezone)
    with scratch_server(settings) as scratch_url, Backtest(rules, limits, scratch_url, settings) as test:
        with opened(settings.database_url.get_secret_value(), test.reads) as source:
            given = _utc(since, zone), _utc(until, zone)
            span, whole = span_of(source, test.topics, *given, clock or clock_of(source))
            if not whole:
                typer.echo(
                    f"stored from {span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} UTC: that alone", err=True
                )
            with Progress("backtest", (span.until - span.since).total_seconds() / 60, "minutes") as progress:
                outcomes = test.run(source, span, lambda seconds: progress.at(seconds / 60))
            return reports(outcomes, Times(), span, Roster.read(source, settings.timezone))


def _clock(name: str | None) -> Clock | None:
    known: dict[str, Clock] = {"wall": "wall", "data": "data"}
    if name is None or name in known:
        return known[name] if name else None
    text = f"{name!r} is neither `wall` nor `data`"
    raise typer.BadParameter(text, param_hint="--clock")


def _rule(name: str) -> Rule:
    from alerting.rules import RULES

    by_name = {rule.name: rule for rule in RULES}
    if name not in by_name:
        text = f"there is no rule {name!r}; there are: {', '.join(by_name)}"
        raise typer.BadParameter(text, param_hint="RULE")
    return by_name[name]


def _limits(given: list[str]) -> Limits:
    """Returns the limits as they are set, but for those that were given."""
    from pydantic import ValidationError

    from alerting.limits import Limits

    values: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        name = name.strip().lower().removeprefix("classpulse_")
        if not equals or name not in Limits.model_fields:
            text = f"{one!r} is not NAME=VALUE with a NAME of: {', '.join(sorted(Limits.model_fields))}"
            raise typer.BadParameter(text, param_hint="--limit")
        values[name] = value
    try:
        return Limits(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        text = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise typer.BadParameter(text, param_hint="--limit") from None


def _utc(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=zone).astimezone(UTC)
