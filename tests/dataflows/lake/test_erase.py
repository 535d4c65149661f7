"""A student taken out of the lake is in no file of it, whatever stage that is in."""

from __future__ import annotations

import random
from pathlib import Path

from dataflows.lake.compact import compact
from dataflows.lake.erase import erase
from dataflows.lake.query import ask
from dataflows.lake.store import Store
from dataflows.sink.connection import connect
from tests.dataflows.lake.lakes import HOUR_MS, START_MS, Worker, day_of, event, fill, settings_of
from tests.dataflows.lake.test_compact import LATER, at, globbed

COUNT = "SELECT count(*), count(*) FILTER (WHERE student_id = 's006'), count(DISTINCT event_id) FROM events"


def test_nothing_of_an_erased_student_is_left_and_nobody_else_is_touched(
    migrated_postgres: str, tmp_path: Path
) -> None:
    settings, tasks = settings_of(migrated_postgres, tmp_path), day_of(400)
    fill(settings, tasks)
    worker = Worker(settings, 0)
    worker.take([b'{"student_id": "s006", "event_name": "broken"', b'{"student_id": "s008"'])
    mine = sum(e["student_id"] == "s006" for e in tasks[0])
    with connect(migrated_postgres, "test") as connection:
        store = Store(settings)
        compact(connection, store, settings, upto=at(START_MS + 20 * HOUR_MS))
        assert ask(connection, store, COUNT)[1] == [(400, mine, 400)]
        done = erase(connection, store, settings, ["s006"])
        assert done.events >= 2 * mine - 20 > 0, "files that compaction has replaced hold them too"
        assert done.records == mine + 1
        assert ask(connection, store, COUNT)[1] == [(400 - mine, 0, 400 - mine)]
        assert sum(globbed(tmp_path).values()) < 400 - mine
        named = {path for (path,) in connection.execute("SELECT path FROM lake_files").fetchall()}
        assert {stored.path for stored in store.list() if not stored.path.startswith("iceberg/")} == named
        again = erase(connection, store, settings, ["s006"])
        assert (again.events, again.records, again.files) == (0, 0, 0)
        # The others' ids are known as before, and later compactions go on.
        repeated = [next(e for e in tasks[0] if e["student_id"] != "s006")]
        Worker(settings, 0).take([*repeated, event(random.Random(5), START_MS + 41 * HOUR_MS, 8)])
        compact(connection, store, settings, upto=LATER)
        assert ask(connection, store, COUNT)[1] == [(401 - mine, 0, 401 - mine)]
