"""The demo's directory is fresh at each start, kept afterwards, and never shared by two demos."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from demo.home import default_root, fresh_home, kept_database
from local.embedded_postgres import Postgres


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    directory = Path(tempfile.mkdtemp(prefix="classpulse-test-"))
    directory.chmod(0o755)
    monkeypatch.chdir(directory)
    yield
    shutil.rmtree(directory)


def test_what_the_last_demo_left_is_gone_at_the_next_start() -> None:
    with fresh_home() as home:
        (home.root / "old").write_text("x")
        assert home.kept
    assert (default_root() / "old").exists()
    with fresh_home() as home:
        assert sorted(entry.name for entry in home.root.iterdir()) == ["lake", "lock", "recovery", "stats"]


def test_a_second_demo_at_the_same_time_gets_a_place_of_its_own_that_goes_with_it() -> None:
    with fresh_home() as first:
        with fresh_home() as second:
            assert second.root != first.root
            assert not second.kept
        assert not second.root.exists()
        assert first.root.exists()


def test_the_kept_database_opens_again_with_its_rows() -> None:
    with fresh_home() as home, Postgres(home.database) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with kept_database() as again:
        assert again is not None
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
    assert not again.running


def test_without_a_demo_there_is_no_kept_database() -> None:
    with kept_database() as none:
        assert none is None
