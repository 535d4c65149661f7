"""Settings that SQL must know, as SQL literals: one place for thresholds, read by code and by views alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dataflows.settings import Settings
from db.ageing import TIMES, keep_days


def sql_values(settings: Settings) -> dict[str, str]:
    """Returns what the SQL files' `{{name}}` stand for.

    Args:
        settings: Whose thresholds and time zone to use.

    Raises:
        ZoneInfoNotFoundError: The time zone is unknown.
    """
    zone = quoted(settings.timezone)
    return {
        "timezone": zone,
        "window": "interval '60 seconds'",
        "lateness": f"interval '{settings.lateness_s} seconds'",
        "idle_after": f"interval '{settings.idle_after_s} seconds'",
        "content_reach": f"interval '{settings.session_gap_s + settings.content_lateness_s} seconds'",
        "visit_cap": f"interval '{settings.visit_cap_s} seconds'",
        "offline_after": f"interval '{settings.offline_after_s} seconds'",
        "hour_of_bucket": "time_bucket('1 hour', bucket)"
        if has_whole_hours(settings.timezone)
        else f"time_bucket('1 hour', bucket, {zone})",
        "day_of_bucket": local_bucket("bucket", settings.timezone),
        "day_of_attempt": local_bucket("attempted_at", settings.timezone),
        "day_of_start": local_bucket("f.start_time", settings.timezone),
        "hour_of_start": "time_bucket('1 hour', f.start_time)"
        if has_whole_hours(settings.timezone)
        else f"time_bucket('1 hour', f.start_time, {zone})",
        "small_group": str(settings.small_group_students),
        "pass_mark": repr(settings.pass_mark),
        "risk_enters": repr(settings.risk_enters),
        "risk_leaves": repr(settings.risk_leaves),
        "stuck_at_once": str(settings.stuck_at_once),
        "stuck_least_chance": repr(settings.stuck_least_chance),
        **{f"keep_{table}": str(keep_days(settings, table)) for table in TIMES},
    }


def local_bucket(column: str, timezone: str) -> str:
    """Returns the SQL of a column's local day; that of UTC has a fixed width, which a refresh is quicker with.

    Example:
        >>> local_bucket("at", "Europe/Berlin")
        "time_bucket('1 day', at, 'Europe/Berlin')"
    """
    zone = "" if timezone == "UTC" else f", {quoted(timezone)}"
    return f"time_bucket('1 day', {column}{zone})"


def quoted(text: str) -> str:
    """Returns a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def has_whole_hours(timezone: str) -> bool:
    """Says whether the zone's days begin on a whole hour of UTC, so that UTC hours add up to local days.

    Example:
        >>> has_whole_hours("Europe/Berlin"), has_whole_hours("Asia/Kolkata")
        (True, False)
    """
    zone = ZoneInfo(timezone)
    offsets = (datetime(year, month, 1, tzinfo=zone).utcoffset() for year in (2000, 2026) for month in (1, 7))
    return all(offset is not None and offset % timedelta(hours=1) == timedelta(0) for offset in offsets)
