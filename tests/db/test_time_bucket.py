"""The compatibility `time_bucket` gives what TimescaleDB gives."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from db import repeatable
from tests.db.conftest import Database

INSTANTS = (
    "1999-12-31 23:59:59.999Z 2000-01-01 00:00Z 2000-01-02 12:00Z 2019-03-31 01:30Z 2019-10-27 00:30Z 2019-10-27 01:30Z"
    " 2026-03-02 10:07:20Z 2024-02-29 23:30Z 1969-07-20 20:17Z"
).split("Z")
WHOLE_DAYS = ("1 day", "7 days", "10 days", "1 month", "3 months", "1 year")
WIDTHS = ("1 second", "60.000s", "5 minutes", "1 hour", *WHOLE_DAYS)


@pytest.mark.parametrize("width", WIDTHS)
def test_buckets_are_those_of_timescaledb(timescale: Database, width: str) -> None:
    script = (Path(repeatable.VIEWS) / "10_time_bucket.postgresql.sql").read_text()
    timescale.connection.execute("CREATE SCHEMA compatible")
    timescale.connection.execute("SET search_path = compatible")
    timescale.connection.execute(script.encode())
    of_dates = width if width in WHOLE_DAYS else "1 day"
    for text in filter(None, map(str.strip, INSTANTS)):
        ours, theirs = (
            timescale.values(
                f"SELECT {schema}.time_bucket('{width}', t), {schema}.time_bucket('{width}', t, 'Europe/Berlin'),"
                f" {schema}.time_bucket('{width}', t::timestamp), {schema}.time_bucket('{of_dates}', t::date)"
                f" FROM (SELECT '{text}Z'::timestamptz) AS i (t)"
            )
            for schema in ("compatible", "public")
        )
        assert ours == theirs, text


def test_grafana_can_group_by_it_on_both(migrated_any: str) -> None:
    with psycopg.connect(migrated_any, options="-c timezone=UTC") as connection:
        query = "SELECT time_bucket('60.000s', timestamptz '2026-03-02 10:07:20Z') = '2026-03-02 10:07Z'"
        assert connection.execute(query).fetchone() == (True,)
