"""What was rejected in the last day: why, for example what, and whether it was more than was accepted."""

from __future__ import annotations

from typing import Any

import psycopg

from dataflows.events.rejects import REMEDIES
from dataflows.settings import Settings
from health.finding import Finding, note, ok, wrong

PART = "events"
CHECK = "rejected"
PATIENCE_MS = 5_000

REJECTS = """
SELECT reason, count(*), (array_agg(detail ORDER BY received_at DESC))[1]
FROM dead_letters WHERE received_at > now() - interval '1 day' GROUP BY reason ORDER BY 2 DESC, 1
"""
ACCEPTED = "SELECT count(*) FROM (SELECT FROM events WHERE ingested_at > now() - interval '1 day' LIMIT %s) AS counted"
"""Counts no further than it must: as many as were rejected say that most were not."""


def check(settings: Settings) -> list[Finding]:
    """Returns a finding; none where the database cannot be asked, which is a finding of its own part."""
    try:
        with psycopg.connect(settings.database_url.get_secret_value(), connect_timeout=5) as connection:
            connection.execute(f"SET statement_timeout = {PATIENCE_MS}".encode())
            rejected = connection.execute(REJECTS.encode()).fetchall()
            total = sum(count for _reason, count, _detail in rejected)
            row = connection.execute(ACCEPTED.encode(), (total,)).fetchone() if total else None
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return []
    return [judge(rejected, row[0] if row else 0)]


def judge(rejected: list[tuple[Any, ...]], accepted: int) -> Finding:
    """Says how the last day was.

    Args:
        rejected: Reason, count and the latest detail, the most frequent first.
        accepted: How many events were accepted, counted up to the number of those rejected.
    """
    if not rejected:
        return ok(PART, CHECK, "nothing in the last day")
    total = sum(count for _reason, count, _detail in rejected)
    said = "; ".join(f"{reason} {count:,}, such as {detail[:120]}" for reason, count, detail in rejected)
    advice = REMEDIES.get(rejected[0][0], "Look at the table dead_letters.")
    if accepted < total:
        return wrong(PART, CHECK, f"more than half of the last day's records: {total:,} ({said})", advice)
    return note(PART, CHECK, f"{total:,} records of the last day ({said})", advice)
