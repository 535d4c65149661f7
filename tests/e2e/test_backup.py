"""Backup, wipe, restore: the same tables; and a backup that does not fit the recovery store is refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from local.binaries import choose
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close, read_topic
from tests.e2e.school import MINUTE, Message, log_of, publish
from tests.e2e.tables import assert_holds
from tests.oracle.engagement import expect
from tests.parts import require

FLOWS = ("engagement", "archive")


def has_timescaledb(here: Stack) -> bool:
    with psycopg.connect(here.database) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone())


def backup(here: Stack, to: Path) -> bool:
    """As docs/backup.md says, while the workers are stopped; returns whether it is one of TimescaleDB."""
    timescaledb = has_timescaledb(here)
    program = choose(timescaledb).folder / "pg_dump"
    require("postgres", program.exists(), f"there is no {program}")
    subprocess.run([program, "--format=custom", f"--file={to}", here.database], check=True)
    return timescaledb


def wipe(here: Stack) -> None:
    server, name = re.fullmatch(r"(.*)/([^/?]+)", here.database).groups()  # type: ignore[union-attr]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}"'.encode())


def restore(here: Stack, dump: Path, *, timescaledb: bool) -> None:
    def say(*statements: bytes) -> None:
        with psycopg.connect(here.database, autocommit=True) as connection:
            for statement in statements if timescaledb else ():
                connection.execute(statement)

    say(b"CREATE EXTENSION timescaledb", b"SELECT timescaledb_pre_restore()")
    program = choose(timescaledb).folder / "pg_restore"
    subprocess.run([program, "--no-owner", f"--dbname={here.database}", str(dump)], check=True)
    say(b"SELECT timescaledb_post_restore()")
    here.command("migrate")  # settings of the database itself are not in a dump


def halves() -> tuple[list[Message], list[Message]]:
    messages = log_of(students=24, minutes=40)
    return messages[: len(messages) // 2], messages[len(messages) // 2 :]


@pytest.mark.timeout(600)
def test_after_backup_wipe_and_restore_the_flows_go_on_to_the_same_tables(
    kafka: str, any_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    first, second = halves()
    with stack(kafka, any_database, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), first)
        here.catch_up(*FLOWS)
        timescaledb = backup(here, tmp_path / "dump")
        shutil.copytree(here.recovery, tmp_path / "copy")
        publish(kafka, here.topic(), second[: len(second) // 2])
        here.catch_up(*FLOWS)  # what follows the backup is lost with the machine, and read again from Kafka

        wipe(here)
        shutil.rmtree(here.recovery)
        restore(here, tmp_path / "dump", timescaledb=timescaledb)
        shutil.copytree(tmp_path / "copy", here.recovery)
        publish(kafka, here.topic(), second[len(second) // 2 :])
        close(kafka, here.topic(), second[-1].arrives_ms + 65 * MINUTE)
        here.catch_up(*FLOWS)
        assert_holds(here.database, expect(read_topic(kafka, here.topic())))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_database_that_is_older_than_the_snapshot_is_refused_until_it_is_rebuilt(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    first, second = halves()
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), first)
        here.catch_up(*FLOWS)
        timescaledb = backup(here, tmp_path / "dump")
        publish(kafka, here.topic(), second)
        close(kafka, here.topic(), second[-1].arrives_ms + 65 * MINUTE)
        here.catch_up(*FLOWS)

        wipe(here)
        restore(here, tmp_path / "dump", timescaledb=timescaledb)
        for flow in FLOWS:
            refused = here.start("run", flow, "--until-caught-up")
            assert refused.wait() == 3
            assert "restored from an older backup" in refused.output
        shutil.rmtree(here.recovery)
        here.catch_up("archive")
        here.command("rebuild", "engagement")
        here.catch_up("engagement")
        assert_holds(here.database, expect(read_topic(kafka, here.topic())))
