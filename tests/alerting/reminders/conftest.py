"""A school on a Monday at 16:30 in Berlin, students with revisions due, and a mail server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from cli.main import app
from dataflows.settings import Settings
from tests.alerting.mailbox import Mailbox, words
from tests.databases import migrated_database
from tests.grafana.conftest import School

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = (
    *("student_addresses", "reminder_opt_outs", "reminders", "enrolments", "terms", "content_items"),
    *("revision_signal_facts", "memory_state"),
)


@dataclass
class Reminded:
    """The school, and what its students get.

    Attributes:
        school: Its database.
        mail: The mail server.
    """

    school: School
    mail: Mailbox

    def at(self, now: datetime) -> None:
        """Sets what time it is."""
        self.school.empty("task_progress")
        marks = {"clickstream_events": round(now.timestamp() * 1000)}
        self.school.put(
            task_progress=[{"flow": "engagement", "task": 0, "offsets": {"clickstream_events": 9}, "watermarks": marks}]
        )

    def student(self, student_id: str, *modules: str, days: float = 1, enrolled: bool = True) -> None:
        """Adds a student with modules that fell due some days ago, a day apart, the first one last."""
        self.school.put(student_addresses=[{"student_id": student_id, "email": f"{student_id}@school.example"}])
        if enrolled:
            self.school.put(enrolments=[{"student_id": student_id, "course_id": "math", "class_id": "7B"}])
        for place, module in enumerate(modules):
            self.due(student_id, module, NOW - (days + place) * DAY)

    def due(self, student_id: str, module: str, when: datetime, reviewed: datetime | None = None) -> None:
        row = {"user_id": student_id, "module_id": module, "scheduled_at": when}
        self.school.put(revision_signal_facts=[row | {"reviewed_at": reviewed, "created_at": when}])

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["remind", *arguments])

    def reported(self) -> list[str]:
        """Returns who got a message, in order."""
        return [str(message["To"]).partition("@")[0] for message in self.mail.messages]

    def letter(self) -> str:
        [message] = self.mail.messages
        return words(message)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.school.url) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module", params=["postgres_server", "timescale_server"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database on each kind of server, for all tests of a file."""
    berlin = Settings(_env_file=None, timezone="Europe/Berlin")
    with migrated_database(request.getfixturevalue(request.param), berlin) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            name = sql.Identifier(owner.info.dbname)
            owner.execute(sql.SQL("ALTER DATABASE {} SET classpulse.clock = 'data'").format(name))
        yield url


@pytest.fixture
def reminded(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reminded]:
    """An empty school."""
    mail = Mailbox()
    threading.Thread(target=mail.serve_forever, daemon=True).start()
    for setting, value in {
        "DATABASE_URL": database,
        "CLASSPULSE_TIMEZONE": "Europe/Berlin",
        "CLASSPULSE_SMTP_HOST": mail.address,
        "CLASSPULSE_SMTP_FROM": "Reviews <reviews@school.example>",
        "CLASSPULSE_REMIND_PER_MINUTE": "100000",
    }.items():
        monkeypatch.setenv(setting, value)
    one = Reminded(School(database), mail)
    one.school.empty(*TABLES)
    one.at(NOW)
    yield one
    mail.shutdown()
    mail.server_close()
