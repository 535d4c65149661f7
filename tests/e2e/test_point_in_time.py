"""Continuous backup as docs/backup.md has it: a base backup, archived WAL, the database as it was at an instant."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dataflows.ports import free_port
from local.account import Account
from local.managed_server import PartMissingError
from local.postgres import Postgres
from tests.e2e.harness import stack, wait_until
from tests.e2e.log import close, read_topic
from tests.e2e.losing import assert_refuses
from tests.e2e.school import MINUTE, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import expect
from tests.parts import require

pytestmark = pytest.mark.soak
FLOWS = ("engagement", "archive")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own account can reach and write."""
    made = Path(tempfile.mkdtemp(prefix="classpulse-point-in-time-"))
    account = Account.choose()
    (made / "wal").mkdir()
    account.own(made / "wal")
    made.chmod(0o755)
    yield made
    for name in ("before", "restored"):
        Postgres(made, name=name, timescaledb=True).destroy()
    shutil.rmtree(made)


def archiving(folder: Path) -> Postgres:
    """Returns a running server whose WAL goes into `folder/wal`, by the settings of docs/backup.md."""
    server = Postgres(folder, name="before", timescaledb=True)
    try:
        server.start()
    except PartMissingError as error:
        require("timescale", False, str(error))
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET archive_mode = on")
        connection.execute("ALTER SYSTEM SET archive_timeout = '1min'")
        command = f"test ! -f {folder}/wal/%f && cp %p {folder}/wal/%f"
        connection.execute(f"ALTER SYSTEM SET archive_command = '{command}'".encode())
    server.stop()
    server.start()
    return server


def restored(folder: Path, before: Postgres, base: Path, instant: str) -> Postgres:
    """Returns a second server: the base backup and the archived WAL up to an instant."""
    (base / "recovery.signal").touch()
    with (base / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {folder}/wal/%f %p'\n")
        settings.write(f"recovery_target_time = '{instant}'\nrecovery_target_action = 'promote'\narchive_mode = off\n")
    for path in (base, *base.rglob("*")):
        shutil.chown(path, Account.choose().user or os.getuid())
    state = before.state()
    server = Postgres(folder, name="restored", timescaledb=True)
    known = {key: state[key] for key in ("password", "programs", "timescaledb", "title")}
    server.remember(**known, data=str(base), folders=[], port=free_port())
    server.start()
    with psycopg.connect(server.url()) as connection:
        wait_until(lambda: connection.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,), "the promotion")
    return server


@pytest.mark.timeout(1800)
def test_restored_to_an_instant_at_which_workers_wrote_the_flows_go_on_to_the_same_tables(
    kafka: str, topic_prefix: str, tmp_path: Path, folder: Path
) -> None:
    messages = log_of(students=48, minutes=60)
    parts = [messages[len(messages) * n // 4 : len(messages) * (n + 1) // 4] for n in range(4)]
    before = archiving(folder)
    with stack(kafka, before.url(), topic_prefix, tmp_path) as here:
        workers = [here.start("run", flow) for flow in FLOWS]
        publish(kafka, here.topic(), parts[0])
        here.wait_for_offset(len(parts[0]))
        base = folder / "base"
        program = Path(before.state()["programs"]) / "pg_basebackup"
        require("postgres", program.exists(), f"there is no {program}")
        taken = [
            str(program),
            "--dbname",
            before.url(),
            "--pgdata",
            str(base),
            "--checkpoint=fast",
            "--wal-method=stream",
        ]
        subprocess.run(taken, check=True)  # while the workers write

        publish(kafka, here.topic(), parts[1])
        held = len(parts[0])
        wait_until(lambda: here.offsets() > held, "a commit after the backup")
        with psycopg.connect(before.url(), autocommit=True) as connection:
            instant = str(connection.execute("SELECT clock_timestamp()").fetchone()[0])  # type: ignore[index]
        publish(kafka, here.topic(), parts[2])
        for flow in FLOWS:
            here.wait_for_offset(sum(map(len, parts[:3])), flow)
        with psycopg.connect(before.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_switch_wal()")
            archived = "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver"
            wait_until(lambda: connection.execute(archived).fetchone() == (True,), "the last WAL in the archive")
        before.stop()  # somebody has dropped a table, say: the server goes, its archive stays
        for worker in workers:
            worker.terminate()

        after = restored(folder, before, base, instant)
        here.database = after.url()
        back = here.offsets()
        assert held < back < sum(map(len, parts[:3])), "neither the backup's state nor the last one"
        here.command("migrate")
        publish(kafka, here.topic(), parts[3])
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)

        for flow in FLOWS:
            assert_refuses(here, "run", flow, "--until-caught-up", saying="classpulse rebuild")
        shutil.rmtree(here.recovery)
        here.catch_up("archive")
        here.command("rebuild", "engagement")
        here.catch_up("engagement")
        assert_holds(here.database, expect(read_topic(kafka, here.topic())))
