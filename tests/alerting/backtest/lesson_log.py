"""A Monday's lesson from 10:00 to 10:45, written click by click, stored through the archive flow, and tried."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from alerting.backtest.archive import Clock
from alerting.backtest.queries import Call, Outcome
from alerting.backtest.run import Backtest, Span
from alerting.backtest.scratch import prepare
from alerting.backtest.source import opened
from alerting.limits import Limits
from bench.alerts.run import put
from bench.alerts.school import Store
from dataflows.settings import Settings
from tests.alerting.lessons import BY_NAME
from tests.databases import bring_up
from tests.jobs import stop_jobs

DAY: Final = date(2026, 3, 2)
SETTINGS: Final = Settings(_env_file=None)
NAMESPACE: Final = uuid.UUID(int=7)


@dataclass(frozen=True, slots=True, order=True)
class Click:
    """An event of a student.

    Attributes:
        at: When it happened.
        student: Whose; the class is what comes before the dash.
        name: Its name.
        came: When it arrived; at once by default.
        metadata: What else it says.
    """

    at: datetime
    student: str
    name: str = "page_view"
    came: datetime | None = None
    metadata: str = "{}"

    @property
    def class_id(self) -> str:
        """The student's class."""
        return self.student.partition("-")[0]

    @property
    def arrival(self) -> datetime:
        """When it came."""
        return self.came or self.at

    def sent(self) -> tuple[str, tuple[int, bytes, bytes]]:
        """Returns it as a record."""
        event = {
            "event_id": str(uuid.uuid5(NAMESPACE, f"{self.at}{self.student}{self.name}")),
            "event_name": self.name,
            "timestamp": _ms(self.at),
            "student_id": self.student,
            "class_id": self.class_id,
            "metadata": json.loads(self.metadata),
        }
        return "clickstream_events", (_ms(self.arrival), self.student.encode(), json.dumps(event).encode())


def at(clock: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(clock), UTC)


def clicks(student: str, since: str, until: str, every_s: int = 60) -> list[Click]:
    """Returns clicks at even distances, the last one not after `until`."""
    first, last = at(since), at(until)
    return [
        Click(first + timedelta(seconds=n * every_s), student)
        for n in range(int((last - first).total_seconds()) // every_s + 1)
    ]


def roster(reported: Iterable[Click], absent: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Returns the lesson's timetable and enrolments; `absent`: so many students of a class never came."""
    students = {click.student: click.class_id for click in reported}
    students |= {f"{name}-absent{n}": name for name, count in absent.items() for n in range(count)}
    lesson = {"weekday": 1, "starts": time(10), "ends": time(10, 45)}
    return {
        "classes": [{"class_id": name, "title": name, "grade": "7"} for name in sorted(set(students.values()))],
        "periods": [{"class_id": name, **lesson} for name in sorted(set(students.values()))],
        "enrolments": [{"student_id": s, "course_id": "math", "class_id": c} for s, c in sorted(students.items())],
    }


def store(url: str, reported: Iterable[Click], *, tick: bool = True, absent: dict[str, int] | None = None) -> None:
    """Makes a database that has archived the clicks."""
    bring_up(url, SETTINGS)
    stop_jobs(url)
    reported = sorted(reported, key=lambda click: click.arrival)
    archive = Store(url, SETTINGS)
    archive.take((click.sent() for click in reported), _ms(at("20:00")), tick=tick)
    archive.close()
    put(url, roster(reported, absent or {}))


def tried(
    source_url: str,
    scratch_url: str,
    names: list[str],
    since: str,
    until: str,
    clock: Clock = "wall",
    every_s: int = 0,
    **limits: Any,
) -> dict[str, Outcome]:
    """Returns what rules would have done, asked as often as they are or every so many seconds."""
    prepare(scratch_url, SETTINGS)
    rules = [replace(BY_NAME[name], every_s=every_s or BY_NAME[name].every_s) for name in names]
    with Backtest(rules, Limits(_env_file=None, **limits), scratch_url, SETTINGS) as test:
        with opened(source_url, test.reads) as source:
            outcomes = test.run(source, Span(at(since), at(until), clock))
    return {outcome.rule.name: outcome for outcome in outcomes}


def times(calls: Iterable[Call]) -> dict[str, list[tuple[str, str]]]:
    """Returns from when to when each class's alert called."""
    found: dict[str, list[tuple[str, str]]] = {}
    for call in calls:
        over = f"{call.until:%H:%M}" if call.until else ""
        found.setdefault(call.ids[0], []).append((f"{call.since:%H:%M}", over))
    return found


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
