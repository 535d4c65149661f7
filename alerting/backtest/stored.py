"""Rules tried on what a database stores: its archive played into a PostgreSQL of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerting.backtest.archive import Clock
from alerting.backtest.budget import Roster
from alerting.backtest.report import Report, reports
from alerting.backtest.run import Backtest
from alerting.backtest.scratch import scratch_server
from alerting.backtest.source import clock_of, opened, span_of
from alerting.limits import Limits
from alerting.rules.rule import Rule
from alerting.times import Times
from dataflows.settings import Settings

Showing = Callable[[float], AbstractContextManager[Callable[[float], None]]]
"""Opens a display of so many minutes; what it gives is called with the minutes that are done."""


def tried(  # noqa: PLR0913
    rules: list[Rule],
    limits: Limits,
    since: datetime | None,
    until: datetime | None,
    clock: Clock | None,
    *,
    say: Callable[[str], object],
    showing: Showing,
) -> list[Report]:
    """Returns what each rule would have sent.

    Args:
        rules: The rules.
        limits: Their limits.
        since: Since when, local time; else all that is stored.
        until: Until when, likewise.
        clock: The wall's or the data's; else the database's.
        say: Is told where less is stored than was wished for.
        showing: Shows how far it has come.
    """
    settings = Settings()
    zone = ZoneInfo(settings.timezone)
    with scratch_server(settings) as scratch_url, Backtest(rules, limits, scratch_url, settings) as test:
        with opened(settings.database_url.get_secret_value(), test.reads) as source:
            wished = _utc(since, zone), _utc(until, zone)
            span, whole = span_of(source, test.topics, *wished, clock or clock_of(source))
            if not whole:
                say(f"stored from {span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} UTC: that alone")
            with showing((span.until - span.since).total_seconds() / 60) as show:
                outcomes = test.run(source, span, lambda seconds: show(seconds / 60))
            return reports(outcomes, Times(), span, Roster.read(source, settings.timezone))


def _utc(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=zone).astimezone(UTC)
