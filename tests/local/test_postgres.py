"""The embedded PostgreSQL: quick to start, kept between runs, never left over."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from local.account import Account
from local.embedded_postgres import DATABASE, Postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that an account without rights can reach, which pytest's own are not for root."""
    directory = Path(tempfile.mkdtemp(prefix="classpulse-test-"))
    yield directory / "home"
    shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def _open(home: Path) -> None:
    home.parent.chmod(0o755)


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.02)


def ask(server: Postgres, query: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_a_new_server_answers_in_under_five_seconds(home: Path) -> None:
    began = time.monotonic()
    with Postgres(home) as server:
        assert ask(server, "SELECT current_database()") == DATABASE
        assert time.monotonic() - began < 5
    assert not server.running


def test_what_was_written_is_there_after_a_restart(home: Path) -> None:
    with Postgres(home) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with Postgres(home) as again:
        assert ask(again, "SELECT value FROM kept") == 7


def test_it_knows_time_zones(home: Path) -> None:
    with Postgres(home) as server:
        query = "SELECT to_char(timestamptz '2026-07-01 12:00Z' AT TIME ZONE 'Europe/Berlin', 'HH24:MI')"
        assert ask(server, query) == "14:00"


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    far = home / ("x" * 60) / ("y" * 60)
    far.parent.mkdir(parents=True)
    with Postgres(far) as server:
        assert ask(server, "SELECT 1") == 1
        assert server.socket_dir != server.home
    assert not server.socket_dir.exists()


def test_a_server_left_by_another_process_is_ended_first(home: Path) -> None:
    first = Postgres(home).start()
    try:
        with Postgres(home) as second:
            assert ask(second, "SELECT 1") == 1
        assert not first.running
    finally:
        first.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death")
def test_a_killed_parent_leaves_no_server(home: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from local.embedded_postgres import Postgres;"
        "Postgres(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    assert Postgres(home).running
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not Postgres(home).running)
    until(lambda: not (home / "data" / "postmaster.pid").exists())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_uses_an_account_that_exists_and_opens_nobodys_folders(tmp_path: Path) -> None:
    account = Account.choose()
    assert account.user not in {None, 0}
    tmp_path.chmod(0o700)
    assert not account.can_enter(tmp_path / "data")


def test_programs_that_the_account_cannot_reach_are_copied_for_as_long_as_the_server_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "can_enter", lambda _self, _directory: False)
    with Postgres(home) as server:
        assert ask(server, "SELECT 1") == 1
        assert (home / "programs").exists()
        assert subprocess.run([server.psql, "--version"], check=True, capture_output=True).stdout
    assert not (home / "programs").exists()
