"""Which late events count, as `late_days` tells it: by local day, up to a place of each topic-partition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from tests.oracle.reading import Record

LateDays = Mapping[str, Mapping[str, Mapping[str, int]]]


def late_days_of(database: str, flow: str) -> dict[str, Any]:
    """Returns what the database says of a flow."""
    query = "SELECT day::text, up_to_place FROM late_days WHERE flow = %s"
    with psycopg.connect(database) as connection:
        return dict(connection.execute(query, (flow,)).fetchall())


def is_counted(late_days: LateDays, timezone: str, event_ms: int, record: Record) -> bool:
    """Returns whether a late event counts."""
    day = datetime.fromtimestamp(event_ms / 1000, UTC).astimezone(ZoneInfo(timezone)).date().isoformat()
    return record.offset < late_days.get(day, {}).get(record.topic, {}).get(str(record.partition), 0)
