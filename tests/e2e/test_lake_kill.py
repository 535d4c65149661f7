"""The lake under SIGKILL: what its manifest names is every record once, and no file that it names is half."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import polars as pl
import psycopg
import pytest

from dataflows.lake.store import Store
from dataflows.lake.sweep import sweep
from dataflows.sink.connection import connect
from tests.e2e.harness import stack
from tests.e2e.killing import Feed, kill_once
from tests.e2e.lake import Watcher, first_events, places, raw_of, rows_of
from tests.e2e.log import read_topic
from tests.e2e.school import Message, log_of, publish


def publish_clicks(kafka: str, prefix: str, messages: list[Message]) -> None:
    publish(kafka, f"{prefix}clickstream_events", messages)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [4, pytest.param(25, marks=pytest.mark.soak)])
def test_killed_at_any_instant_the_lake_holds_every_record_once(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path, kills: int
) -> None:
    rng, lake = random.Random(15), tmp_path / "lake"
    messages = log_of(students=60, minutes=40)
    settings = {
        "CLASSPULSE_LAKE_URL": str(lake),
        "CLASSPULSE_LAKE_FILE_S": "0.4",
        "CLASSPULSE_BATCH_RECORDS": "300",
    }
    with stack(kafka, postgres_url, topic_prefix, tmp_path, **settings) as here:
        watcher, struck = Watcher(here.database, lake), 0
        watcher.start()
        for kill in range(kills):
            piece = messages[len(messages) * kill // kills : len(messages) * (kill + 1) // kills]
            struck += kill_once(here, "lake", rng, kill, Feed(publish_clicks, piece))
        here.catch_up("lake", "archive", workers=2)
        watcher.stop()

        records = read_topic(kafka, here.topic())
        expected, rows = first_events(records), rows_of(here.database, lake)
        found = Counter(places(rows))
        assert set(found) == set(expected), "a gap, or a record that is none"
        assert max(found.values()) == 1, "a record twice"
        assert struck >= kills // 2, "most kills must strike a worker that has files to lose"
        assert watcher.wrong == []
        assert len(watcher.seen) > kills

        raw = [(line["topic"], line["partition"], line["offset"]) for line in raw_of(here.database, lake)]
        assert sorted(raw) == sorted((r.topic, r.partition, r.offset) for r in records if r.tick is None)

        assert_as_in_events(here.database, rows)
        with connect(here.database, "test") as connection:
            store = Store(here.own_settings)
            named = {path for (path,) in connection.execute("SELECT path FROM lake_files").fetchall()}
            sweep(connection, store)
            assert {stored.path for stored in store.list()} == named


def assert_as_in_events(database: str, rows: pl.DataFrame) -> None:
    """Every column says what `archive` has written of the same record into table `events`."""
    columns = [name for name in rows.columns if name != "metadata"]
    query = f"SELECT {', '.join(columns)}, metadata::text AS metadata FROM events ORDER BY partition, kafka_offset"
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        stored = connection.execute(query).fetchall()
    mine = rows.sort("partition", "kafka_offset")
    theirs = pl.DataFrame(stored, schema={n: mine.schema[n] for n in [*columns, "metadata"]}, orient="row")
    assert theirs.drop("metadata").equals(mine.select(columns))
    said = [[text and json.loads(text) for text in frame["metadata"]] for frame in (mine, theirs)]
    assert said[0] == said[1]
