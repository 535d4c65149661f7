"""Compaction: every event once, whoever reads and whenever it dies."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import psycopg
import pytest

from dataflows.claim import RefusedError
from dataflows.lake import compact as compacting
from dataflows.lake.compact import compact
from dataflows.lake.query import ask
from dataflows.lake.store import Store
from dataflows.lake.sweep import alone
from dataflows.settings import Settings
from dataflows.sink.connection import connect
from tests.dataflows.lake.lakes import HOUR_MS, START_MS, Worker, day_of, event, fill, settings_of

LATER = datetime(2027, 1, 1, tzinfo=UTC)


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def ids(rows: list[tuple[Any, ...]]) -> Counter[str]:
    return Counter(str(row[0]) for row in rows)


def in_lake(settings: Settings) -> Counter[str]:
    with connect(settings.database_url.get_secret_value(), "test") as connection:
        return ids(ask(connection, Store(settings), "SELECT event_id FROM events")[1])


def globbed(lake: Path) -> Counter[str]:
    """What a plain tool reads, which knows nothing of a manifest."""
    files = f"{lake}/events/**/*.parquet"
    if not list((lake / "events").rglob("*.parquet")):
        return Counter()
    query = f"SELECT event_id FROM read_parquet('{files}', hive_partitioning = true)"
    return ids(duckdb.execute(query).fetchall())


def run(settings: Settings, upto: datetime = LATER) -> compacting.Report:
    with connect(settings.database_url.get_secret_value(), "test") as connection:
        return compact(connection, Store(settings), settings, upto=upto)


def test_compacted_and_not_compacted_events_are_read_once_each(migrated_postgres: str, tmp_path: Path) -> None:
    settings, tasks = settings_of(migrated_postgres, tmp_path), day_of()
    fill(settings, tasks)
    expected = Counter(str(e["event_id"]) for events in tasks for e in events)
    assert in_lake(settings) == expected
    assert globbed(tmp_path) == Counter()
    upto = at(START_MS + 20 * HOUR_MS)
    done = run(settings, upto)
    assert 0 < done.events < 600
    assert in_lake(settings) == expected
    assert globbed(tmp_path) < expected
    run(settings)
    assert in_lake(settings) == expected == globbed(tmp_path)


def test_a_partition_is_sorted_by_student_and_keeps_every_column(migrated_postgres: str, tmp_path: Path) -> None:
    settings = settings_of(migrated_postgres, tmp_path)
    fill(settings, day_of())
    with connect(migrated_postgres, "test") as connection:
        before = ask(connection, Store(settings), "SELECT * FROM events ORDER BY topic, partition, kafka_offset")
        run(settings)
        after = ask(connection, Store(settings), "SELECT * FROM events ORDER BY topic, partition, kafka_offset")
    assert before == after
    for file in (tmp_path / "events").rglob("*.parquet"):
        rows = pl.read_parquet(file, hive_partitioning=False)
        keys = rows.select("student_id", "event_time").rows()
        assert keys == sorted(keys)
        stats = duckdb.execute(
            f"SELECT stats_min_value FROM parquet_metadata('{file}') WHERE path_in_schema = 'student_id'"
        )
        assert stats.fetchall()[0][0] == keys[0][0]
    by_name = pl.scan_parquet(f"{tmp_path}/events/**/*.parquet", hive_partitioning=True).group_by("event_name").len()
    assert set(by_name.collect()["event_name"]) == {"page_view", "button_click", "video_play", "quiz/odd name"}


class KilledError(BaseException):
    """The process is gone."""


STEPS: dict[str, tuple[Any, str, int]] = {
    "staged": (compacting, "replace", 0),
    "swapped": (compacting, "settle", 1),
    "half copied": (Store, "copy", 2),
    "copied": (Store, "delete", 0),
}


def dies_after(function: Callable[..., Any], survived: int) -> Callable[..., Any]:
    calls = count()

    def dying(*given: Any) -> Any:
        if next(calls) >= survived:
            raise KilledError
        return function(*given)

    return dying


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_run_leaves_every_event_once(
    migrated_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settings, tasks = settings_of(migrated_postgres, tmp_path), day_of(200)
    fill(settings, tasks, files=2)
    expected = Counter(str(e["event_id"]) for events in tasks for e in events)

    with monkeypatch.context() as patch:
        owner, name, survived = STEPS[step]
        patch.setattr(owner, name, dies_after(getattr(owner, name), survived))
        with pytest.raises(KilledError):
            run(settings)
    assert in_lake(settings) == expected
    assert all(count == 1 for count in globbed(tmp_path).values())
    run(settings)
    assert in_lake(settings) == expected == globbed(tmp_path)
    with psycopg.connect(migrated_postgres) as connection:
        named = {path for (path,) in connection.execute("SELECT path FROM lake_files").fetchall()}
    assert {stored.path for stored in Store(settings).list() if not stored.path.startswith("iceberg/")} == named


def test_many_small_files_of_a_day_become_one(migrated_postgres: str, tmp_path: Path) -> None:
    settings, rng = settings_of(migrated_postgres, tmp_path), random.Random(1)
    worker, expected = Worker(settings, 0), Counter[str]()
    for hour in range(3):
        events = [event(rng, START_MS + hour * HOUR_MS + i, i, event_name="scroll") for i in range(10)]
        expected += Counter(str(e["event_id"]) for e in events)
        worker.take(events)
        run(settings, datetime(2026, 12, 1, tzinfo=UTC))
    assert len(list((tmp_path / "events").rglob("*.parquet"))) == 3
    run(settings)  # the day is over
    assert len(list((tmp_path / "events").rglob("*.parquet"))) == 1
    assert in_lake(settings) == expected == globbed(tmp_path)


def test_two_compactions_do_not_run_at_once(migrated_postgres: str, tmp_path: Path) -> None:
    settings = settings_of(migrated_postgres, tmp_path)
    with alone(settings), pytest.raises(RefusedError, match="at work"):
        run(settings)


def test_a_repeat_after_a_restart_is_left_out_though_the_first_was_compacted(
    migrated_postgres: str, tmp_path: Path
) -> None:
    settings, rng = settings_of(migrated_postgres, tmp_path), random.Random(1)
    events = [event(rng, START_MS + i * 1000, i) for i in range(10)]
    Worker(settings, 0).take(events)
    run(settings)
    again = Worker(settings, 0)
    assert again.place == 10
    again.take([events[3], event(rng, START_MS + 20_000, 3)])
    found = in_lake(settings)
    assert max(found.values()) == 1
    assert len(found) == 11
