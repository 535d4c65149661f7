"""What the lake says, read back without the code that wrote it: the manifest by SQL, the files by Polars and gzip."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from tests.oracle.reading import Event, Record, read

Place = tuple[str, int, int]

LIVE = "SELECT path, staged, events, zone FROM lake_files WHERE replaced_at IS NULL ORDER BY path"


def manifest(database: str, zone: str) -> list[tuple[Path, int]]:
    """Returns the current files of a zone, from the lake's root, with how many rows the manifest says."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(LIVE).fetchall()
    return [(Path(staged or path), events) for path, staged, events, of in rows if of == zone]


def rows_of(database: str, lake: Path) -> pl.DataFrame:
    """Returns the events of all current files."""
    files = [lake / path for path, _events in manifest(database, "events")]
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files])


def raw_of(database: str, lake: Path) -> list[dict[str, Any]]:
    """Returns the raw records of all current files."""
    found = []
    for path, events in manifest(database, "raw"):
        lines = pl.read_csv(lake / path, has_header=False, separator="\x1f", quote_char=None, new_columns=["line"])[
            "line"
        ].to_list()
        assert len(lines) == events, path
        found += [json.loads(line) for line in lines]
    return found


def places(rows: pl.DataFrame) -> list[Place]:
    """Returns where rows come from."""
    return rows.select("topic", "partition", "kafka_offset").rows()


def first_events(records: list[Record]) -> dict[Place, Event]:
    """Returns by place what a log's events say, each the first of its id in its topic-partition."""
    known: set[tuple[str, int, str]] = set()
    found = {}
    for record in records:
        event = None if record.tick is not None else read(record, max_future_ms=1 << 62, max_bytes=65_536)
        if isinstance(event, Event):
            key = (record.topic, record.partition, event.event_id)
            if key not in known:
                known.add(key)
                found[record.topic, record.partition, record.offset] = event
    return found


class Watcher(threading.Thread):
    """Looks at the manifest again and again: each file that it names is there, and whole."""

    def __init__(self, database: str, lake: Path) -> None:
        super().__init__(daemon=True)
        self._database, self._lake = database, lake
        self._end = threading.Event()
        self.wrong: list[str] = []
        self.seen: dict[Path, int] = {}

    def run(self) -> None:
        while not self._end.wait(0.05):
            for path, events in manifest(self._database, "events"):
                if path not in self.seen:
                    try:
                        self.seen[path] = pl.scan_parquet(self._lake / path).select(pl.len()).collect().item()
                    except (OSError, pl.exceptions.PolarsError) as error:
                        self.wrong.append(f"{path}: {error}")
                        continue
                    if self.seen[path] != events:
                        self.wrong.append(f"{path} has {self.seen[path]} rows, the manifest says {events}")

    def stop(self) -> None:
        self._end.set()
        self.join()
