"""`classpulse verify`: the tables of every class-day are what the lake says, and a row that is not is found."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dataflows.kafka.topics import INPUT_TOPICS
from dataflows.signing import signer
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import FRIDAY, MINUTE, Message, log_of, publish
from verify.class_day import TABLES

DAY_MS = 86_400_000
FLOWS = ("engagement", "content", "memory", "archive", "lake")


def lessons(topic: str) -> list[Message]:
    """Chapter views or quizzes of the school's students: some twice, some in two topics, some with a score of none."""
    found = []
    for number in range(120):
        event = number % 100
        student, at_ms = event * 7 % 60, FRIDAY + (event * 13 + len(topic)) % 40 * MINUTE
        body: dict[str, Any] = {
            "event_id": str(uuid.UUID(int=event + (1000 if topic == "chapter_view_events" else 0))),
            "student_id": f"s{student:03d}",
            "class_id": f"{7 + student % 5}/{'AB'[student % 2]}",
        }
        if topic == "chapter_view_events":
            body |= {"chapter_id": f"ch{student % 3}", "start_time": at_ms, "end_time": at_ms + 5 * MINUTE}
        else:
            score = (None, 40, 85.5, "70", 101)[(event + len(topic)) % 5]
            body |= {"event_name": "quiz_submit", "timestamp": at_ms, "metadata": {"score": score, "module": "m1"}}
        found.append(Message(at_ms, body["student_id"].encode(), json.dumps(body).encode()))
    return sorted(found, key=lambda message: message.arrives_ms)


def fill(here: Stack) -> None:
    publish(here.kafka, here.topic(), log_of(students=60, minutes=40))
    for topic in ("chapter_view_events", "module_quiz_events", "diagnostic_quiz_events"):
        publish(here.kafka, here.topic(topic), lessons(topic))
    publish(here.kafka, here.topic(), lessons("clickstream_events"))
    for topic in INPUT_TOPICS:
        close(here.kafka, here.topic(topic), FRIDAY + 9 * DAY_MS)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_class_day_is_what_the_lake_says_and_a_changed_row_is_found(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = {"CLASSPULSE_LAKE_URL": str(tmp_path / "lake"), "CLASSPULSE_RECEIPT_KEY": "of-this-test-alone"}
    with stack(kafka, postgres_url, topic_prefix, tmp_path, **settings) as here:
        fill(here)
        here.catch_up(*FLOWS)
        said = here.command("verify", "--all", "--report", str(tmp_path / "before.json"))
        assert "late events in no result" in said
        here.command("nightly")
        here.command("lake", "compact", "--all")
        report = tmp_path / "after.json"
        here.command("verify", "--all", "--report", str(report))
        document = json.loads(report.read_text())
        compared = Counter[str]()
        for day in document["class_days"]:
            compared.update({table["table"]: table["rows"] for table in day["tables"]})
        assert min(compared[table.name] for table in TABLES) > 50, compared
        assert signer(document)
        with psycopg.connect(here.database) as connection:
            changed = connection.execute(
                "UPDATE activity_windows SET events = events + 1 WHERE ctid = (SELECT ctid FROM activity_windows "
                "WHERE scope = 'class' AND events > 0 LIMIT 1) RETURNING window_start, scope_id"
            ).fetchone()
        assert changed is not None
        worker = here.start("verify", "--class", changed[1], "--day", f"{changed[0]:%Y-%m-%d}")
        assert worker.wait() == 1
        assert "1 of" in worker.output
        assert "Unexplained" in worker.output
