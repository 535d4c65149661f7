"""`classpulse alerts backtest`: when a rule would have called on what is stored."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    found = _tried(rules, chosen, since, until, _clock(clock))
    if as_json:
        typer.echo(json.dumps([report.facts() for report in found] if len(found) > 1 else found[0].facts()))
        return
    for report in found:
        for line in report.lines():
            typer.echo(line)


def _tried(
    rules: list[Rule], limits: Limits, since: datetime | None, until: datetime | None, clock: Clock | None
) -> list[Report]:
    from alerting.backtest.stored import tried
    from cli.progress import Progress

    @contextmanager
    def showing(minutes: float) -> Iterator[Callable[[float], None]]:
        with Progress("backtest", minutes, "minutes") as progress:
            yield progress.at

    def say(line: str) -> None:
        typer.echo(line, err=True)

    return tried(rules, limits, since, until, clock, say=say, showing=showing)


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
