"""What Grafana does to a statement before it sends it: for tests, measurements and reports, which ask without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

ALL = "'__all'"

_CHOICE = re.compile(r"\$\{(\w+):sqlstring\}")


def expanded(
    sql: str,
    chosen: Mapping[str, Sequence[str]] | None = None,
    *,
    time_range: tuple[datetime, datetime] | None = None,
    interval_s: int = 60,
) -> str:
    """Returns the statement that reaches the database.

    Args:
        sql: the statement of a panel or variable.
        chosen: values by variable; a variable without an entry stands at "All".
        time_range: what `$__timeFilter` means.
        interval_s: what `$__interval` means.

    Raises:
        ValueError: something is left that Grafana would not know either.
    """
    sql = sql.replace("$__interval", f"{interval_s}s")
    sql = re.sub(
        r"\$__timeGroup(Alias)?\((\w+), (\d+)s\)",
        lambda match: f"time_bucket('{match[3]}.000s',{match[2]})" + (' AS "time"' if match[1] else ""),
        sql,
    )
    if time_range:
        start, end = (moment.isoformat() for moment in time_range)
        sql = sql.replace("$__timeFrom()", f"'{start}'::timestamptz").replace("$__timeTo()", f"'{end}'::timestamptz")
        sql = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 BETWEEN '{start}' AND '{end}'", sql)
    if "$" in (bare := _CHOICE.sub("", sql)):
        message = f"not expanded: {bare[bare.index('$') :][:40]}"
        raise ValueError(message)
    # last of all: a chosen value may hold a `$` of its own
    return choices_filled(sql, chosen)


def choices_filled(sql: str, chosen: Mapping[str, Sequence[str]] | None = None) -> str:
    """Returns the statement with its variables filled in, as the browser does it; macros are left for the server."""
    choices = chosen or {}
    return _CHOICE.sub(lambda match: literals(choices.get(match[1])), sql)


def literals(values: Sequence[str] | None) -> str:
    """Returns the values as SQL literals, or what "All" stands for."""
    return ALL if values is None else ",".join("'" + value.replace("'", "''") + "'" for value in values)
