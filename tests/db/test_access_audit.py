"""Who read whose data is written by those who read, kept, and read by privacy alone."""

from __future__ import annotations

import psycopg
import pytest

from db.access import audit
from tests.db.conftest import Database
from tests.db.test_roles import READERS, acting_as


def test_a_reading_is_noted_and_stays(database: Database) -> None:
    for role in ("classpulse_reader_teacher", "classpulse_writer"):
        with acting_as(database, role):
            audit.record(
                database.connection,
                reader="anna",
                via="report",
                what="a class's report",
                student_ids=["ann"],
                class_ids=["7B"],
                was_theirs=True,
            )
    for role in (*READERS, "classpulse_writer", "classpulse_messenger"):
        with acting_as(database, role), pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.values("SELECT * FROM public.access_audit")
    with acting_as(database, "classpulse_privacy"):
        rows = database.values("SELECT reader, via, student_ids, class_ids, was_theirs FROM access_audit")
        assert rows == [("anna", "report", ["ann"], ["7B"], True)] * 2
        for statement in (
            "DELETE FROM access_audit",
            "INSERT INTO access_audit (reader, via, what) VALUES ('a', 'api', 'b')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.connection.execute(statement.encode())
    for statement in ("DELETE FROM access_audit", "UPDATE access_audit SET reader = 'x'", "TRUNCATE access_audit"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):  # its owner neither
            database.connection.execute(statement.encode())
    old = "INSERT INTO access_audit (at, reader, via, what) VALUES (now() - interval '8 years', 'old', 'api', 'x')"
    database.connection.execute(old.encode())
    assert database.connection.execute("DELETE FROM access_audit WHERE reader = 'old'").rowcount == 1


def test_who_reads_only_numbers_writes_no_audit(database: Database) -> None:
    with acting_as(database, "classpulse_reader_school"), pytest.raises(psycopg.errors.InsufficientPrivilege):
        audit.record(database.connection, reader="x", via="api", what="x")
