"""The same question to the lake, whoever asks: DuckDB, Polars, the Iceberg table; in a folder and in a bucket."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from dataflows.lake.compact import compact
from dataflows.lake.iceberg import NAME, catalog, project
from dataflows.lake.query import ask
from dataflows.lake.store import Store
from dataflows.settings import Settings
from dataflows.sink.connection import connect
from tests.dataflows.lake.lakes import HOUR_MS, START_MS, day_of, fill, settings_of
from tests.dataflows.lake.test_compact import LATER, at

QUERY = """
SELECT event_name, count(*), count(DISTINCT student_id), min(event_time), max(kafka_offset)
FROM events GROUP BY event_name ORDER BY event_name
"""
S3 = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(params=["folder", "bucket"])
def settings(
    request: pytest.FixtureRequest, migrated_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    if request.param == "folder":
        yield settings_of(migrated_postgres, tmp_path)
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (S3 | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
        monkeypatch.setenv(name, value)
    bucket = f"lake-{uuid.uuid4().hex[:8]}"
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/{bucket}", method="PUT"), timeout=10).close()
    yield settings_of(migrated_postgres, f"s3://{bucket}/of/us")
    server.stop()


def answer(rows: pl.LazyFrame) -> list[tuple[object, ...]]:
    """The same query in Polars."""
    found = rows.group_by("event_name").agg(
        pl.len(), pl.col("student_id").n_unique(), pl.col("event_time").min(), pl.col("kafka_offset").max()
    )
    return [tuple(row) for row in found.sort("event_name").collect().rows()]


def test_every_reader_gives_the_same_answer(settings: Settings) -> None:
    fill(settings, day_of(300), files=3)
    store = Store(settings)
    with connect(settings.database_url.get_secret_value(), "test") as connection:
        compact(connection, store, settings, upto=at(START_MS + 20 * HOUR_MS))
        names = {path.partition("/")[0] for path in (stored.path for stored in store.list())}
        assert {"events", "fresh", "raw"} <= names
        expected = ask(connection, store, QUERY)[1]
        assert sum(row[1] for row in expected) == 300

        table = catalog(settings, store).load_table(NAME)
        assert answer(pl.LazyFrame(table.scan().to_arrow())) == expected
        assert project(connection, store, settings) == (0, 0), "to project twice changes nothing"

        compact(connection, store, settings, upto=LATER)
        table = table.refresh()
        assert answer(pl.LazyFrame(table.scan().to_arrow())) == expected
        assert ask(connection, store, QUERY)[1] == expected
        options = {f"aws_{name}": str(value) for name, value in store.options.items() if isinstance(value, str)}
        plain = pl.scan_parquet(
            store.url("events/**/*.parquet"), hive_partitioning=True, storage_options=options or None
        )
        assert answer(plain) == expected


def test_a_store_that_fails_stops_the_flow_and_loses_nothing(
    migrated_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataflows.lake import pending
    from tests.dataflows.lake.lakes import Worker

    settings, (events, _others) = settings_of(migrated_postgres, tmp_path), day_of(40)
    put, tries = Store.put, iter([True, True, True])

    def full(store: Store, path: str, data: bytes) -> int:
        if next(tries, False):
            raise OSError(28, "No space left on device")
        return put(store, path, data)

    monkeypatch.setattr(Store, "put", full)
    monkeypatch.setattr(pending, "_BACKOFF_S", (0.01, 0.02))
    Worker(settings, 0).take(events)
    with connect(migrated_postgres, "test") as connection:
        assert ask(connection, Store(settings), "SELECT count(*) FROM events")[1] == [(len(events),)]
