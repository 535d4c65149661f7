"""Reminders' tables are for the messenger alone, and the messenger is for them alone."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.conftest import NOW, Database
from tests.db.test_roles import READERS, acting_as, relations

MESSENGER = "classpulse_messenger"
ALLOWED = {"class_staff", "due_reminders", "reminder_day", "data_clock", "reminders", "reminder_opt_outs"}


def test_the_messenger_does_its_job_and_reads_nothing_else(database: Database) -> None:
    database.put("student_addresses", {"student_id": "ann", "email": "ann@school.example"})
    database.put("enrolments", {"student_id": "ann", "course_id": "math"})
    database.put("revision_signal_facts", {"user_id": "ann", "module_id": "m", "scheduled_at": NOW, "created_at": NOW})
    everything = relations(database)
    with acting_as(database, MESSENGER):
        assert database.values("SELECT student_id, email, due FROM due_reminders") == [("ann", "ann@school.example", 1)]
        assert database.values("SELECT in_term FROM reminder_day") == [(True,)]
        database.connection.execute(
            "INSERT INTO reminders (student_id, day, items) SELECT 'ann', day, 1 FROM reminder_day"
        )
        database.connection.execute("UPDATE reminders SET sent_at = now()")
        database.connection.execute("INSERT INTO reminder_opt_outs (student_id) VALUES ('ann')")
        assert database.values("SELECT * FROM due_reminders") == []
        database.connection.execute("DELETE FROM reminder_opt_outs")
        database.connection.execute("DELETE FROM reminders")
        database.values("SELECT address FROM class_staff")
        for name in set(everything) - ALLOWED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.values(f"SELECT * FROM {name}")


@pytest.mark.parametrize("role", [*READERS, "classpulse_writer"])
def test_nobody_else_sees_an_address(database: Database, role: str) -> None:
    with acting_as(database, role):
        for name in ("student_addresses", "reminder_opt_outs", "reminders", "due_reminders"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.values(f"SELECT * FROM {name}")
