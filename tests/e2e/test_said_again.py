"""Through real parts: an id that comes again under another time, and pages that were opened in one minute."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import psycopg

from tests.e2e.harness import stack

AT, HOUR = 1_772_438_400_000, 3_600_000  # Monday 2026-03-02 08:00 UTC

MOODLE = """Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"
"""
PAGE = (
    '"1/03/21, 10:00","P {0}",-,"Page: {1}",Page,"Course module viewed",'
    "\"The user with id '{0}' viewed the 'page' activity with course module id '{2}'.\",web,192.0.2.1\n"
)
OUT = (
    '"1/03/21, 10:04","P {0}",-,"System",System,"User logged out",'
    "\"The user with id '{0}' has logged out.\",web,192.0.2.1\n"
)


def said(number: int, hours: float, name: str, **more: Any) -> str:
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))
    body = {"event_id": event_id, "student_id": "A", "event_name": name, "timestamp": AT + int(hours * HOUR)}
    return json.dumps(body | more)


def found(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_quiz_sent_again_after_26_hours_counts_once(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    quiz = {"metadata": {"score": 80, "module": "m1"}}
    file = tmp_path / "again.jsonl"
    file.write_text(
        "\n".join(
            (
                said(1, 0, "quiz_submit", **quiz),
                said(2, 0.1, "page_view"),
                said(1, 26, "quiz_submit", **quiz),
                said(3, 26.1, "page_view"),
            )
        )
    )
    flows = ("archive", "engagement", "content", "memory")
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        here.command("replay", str(file), "--format", "jsonl", "--close")
        here.catch_up(*flows)
        counts = [
            found(
                either_database,
                f"SELECT count(*)::int FROM {table} WHERE event_id = '{uuid.uuid5(uuid.NAMESPACE_URL, '1')}'",
            )
            for table in ("events", "quiz_attempts", "memory_reviews", "milestones")
        ]
        assert counts == [[(1,)]] * 4
        days = "SELECT interactions::int FROM {} ORDER BY day"
        assert found(either_database, days.format("student_days")) == [(2,), (1,)]
        assert found(either_database, days.format("student_click_days")) == [(2,), (1,)]
        assert found(either_database, "SELECT events::int FROM sessions_closed ORDER BY session_start") == [(2,), (1,)]
        # it would end with 1 if anything differed
        here.command("rebuild", "engagement", "content", "memory", "--dry-run")


def test_of_two_pages_of_one_minute_the_one_that_was_opened_last_gets_the_time(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    rows = [OUT.format(n) + PAGE.format(n, "B", 2) + PAGE.format(n, "A", 1) for n in range(120, 100, -1)]
    file = tmp_path / "moodle.csv"
    file.write_text(MOODLE + "".join(rows))
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        here.command("replay", str(file), "--format", "moodle", "--close")
        here.catch_up("content")
    spent = "SELECT chapter_id, sum(time_spent_seconds) FROM chapter_visit_facts GROUP BY 1 ORDER BY 1"
    assert found(either_database, spent) == [("cm1", 0), ("cm2", 4_800)]
