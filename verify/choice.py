"""Which class-days are verified, and what is remembered of it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from dataflows.lake.store import Store
from dataflows.settings import Settings
from verify.class_day import Verdict, class_days

_WEEK = timedelta(days=7)


def chosen(
    connection: psycopg.Connection[Any], store: Store, settings: Settings, sample: int | None
) -> list[tuple[str, date]]:
    """Returns all final class-days of the lake, or a sample of the last week that has any; each day another one."""
    found = class_days(connection, store, settings)
    if sample is None or not found:
        return found
    last = max(day for _class_id, day in found)
    recent = [pair for pair in found if pair[1] > last - _WEEK]
    rng = random.Random(f"{datetime.now(UTC):%Y-%m-%d}")  # noqa: S311 (a sample, no secret)
    return sorted(rng.sample(recent, min(sample, len(recent))), key=lambda pair: (pair[1], pair[0]))


def note(connection: psycopg.Connection[Any], verdicts: Sequence[Verdict]) -> None:
    """Keeps the last verdict of each class-day."""
    with connection.transaction():
        for verdict in verdicts:
            connection.execute(
                "INSERT INTO verifications (class_id, day, checked_at, compared, differing, report) "
                "VALUES (%s, %s, now(), %s, %s, %s) ON CONFLICT (class_id, day) DO UPDATE SET "
                "checked_at = excluded.checked_at, compared = excluded.compared, differing = excluded.differing, "
                "report = excluded.report",
                (
                    verdict.class_id,
                    verdict.day,
                    sum(verdict.rows.values()),
                    sum(map(len, verdict.differences.values())),
                    json.dumps(verdict.facts(), default=str),
                ),
            )
