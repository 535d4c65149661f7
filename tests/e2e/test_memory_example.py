"""Document 004's example through real parts: what one quiz puts into every table, every view and onto the topic."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.e2e.harness import Stack, stack
from tests.e2e.remembering import recommended, tick
from tests.e2e.tables import dump

LINE = (
    '{"user_id": "user123", "domain": "dsa", "module": "dsa-arrays", "event_type": "module_quiz_completed",'
    ' "score": 85, "time_taken": 420, "timestamp": "2025-01-26T10:30:00Z"}'
)
CANONICAL = (
    'module_quiz_events|user123|{"domain":"dsa","event_type":"module_quiz_completed","module":"dsa-arrays",'
    '"score":85,"time_taken":420,"timestamp":"2025-01-26T10:30:00Z","user_id":"user123"}'
)
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "events.classpulse")
AT = datetime(2025, 1, 26, 10, 30, tzinfo=UTC)
#: c = 85 / 70, so 2c = 2.428571… days = 209,828.571 s later; and as long again.
DUE = datetime(2025, 1, 28, 20, 47, 8, 571_000, tzinfo=UTC)
TWICE = datetime(2025, 1, 31, 7, 4, 17, 142_000, tzinfo=UTC)


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def rows(database: str, view: str) -> list[dict[str, Any]]:
    """Returns a view's rows as of the data's own now."""
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.execute("SET classpulse.clock = 'data'")
        return connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(view))).fetchall()


def only_row(database: str, view: str) -> dict[str, Any]:
    (found,) = rows(database, view)
    return found


def test_one_quiz_of_85_is_seen_everywhere_and_falls_due_after_two_and_a_half_days(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "example.jsonl"
    file.write_text(LINE)
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        here.command("replay", str(file), "--format", "jsonl", "--close")
        here.catch_up("memory", "engagement")
        stored_rows(either_database)
        views_an_hour_later(either_database)
        when_the_review_falls_due(here)
        when_twice_the_interval_has_passed(here)


def stored_rows(database: str) -> None:
    key = ms(AT), str(uuid.uuid5(NAMESPACE, CANONICAL))
    attempt = {"user_id": "user123", "class_id": None, "domain": "dsa", "course": None, "module": "dsa-arrays"}
    # the first record of the topic of rank 6
    quiz = {"quiz_type": "module", "score": 85.0, "time_taken_seconds": 420.0, "place": 6 << 56}
    assert dump(database, "quiz_attempts") == {key: attempt | quiz}
    assert dump(database, "learning_events") == {}
    # stability = 2.428571… / -ln 0.8 = 2.428571… / 0.223144, at which 80 % are retained when the review falls due
    assert dump(database, "memory_reviews") == {
        key: {
            "user_id": "user123",
            "domain": "dsa",
            "module": "dsa-arrays",
            "score": 85.0,
            "counted": True,
            "model": "ebbinghaus",
            "interval_days": 2.428571,
            "stability": 10.883449,
            "difficulty": None,
            "retention_before": None,
        }
    }
    state = dump(database, "memory_state")
    task = state["user123", "dsa-arrays"].pop("task")
    assert task in range(4)
    assert state == {
        ("user123", "dsa-arrays"): {
            "domain": "dsa",
            "model": "ebbinghaus",
            "last_score": 85.0,
            "last_reviewed_at": ms(AT),
            "next_review_at": ms(DUE),
            "interval_days": 2.428571,
            "stability": 10.883449,
            "decay_factor": 0.09188264,
            "difficulty": None,
            "reviews": 1,
        }
    }
    assert dump(database, "revision_signal_facts") == {}


def views_an_hour_later(database: str) -> None:
    """`--close` ticks 65 minutes after the quiz: 0.045139 days, when exp(-0.045139 / 10.883449) = 0.995861 is left."""
    analytics = only_row(database, "quiz_analytics")
    assert {name: analytics[name] for name in ("user_id", "domain", "course", "module", "quiz_type")} == {
        "user_id": "user123",
        "domain": "dsa",
        "course": None,
        "module": "dsa-arrays",
        "quiz_type": "module",
    }
    assert (analytics["attempt_count"], analytics["average_score"], analytics["average_time_taken"]) == (1, 85, 420)
    assert analytics["last_attempted_at"] == AT
    score = only_row(database, "memory_scores")
    assert (score["current_score"], score["forgetting_score"], score["revision_urgency"]) == (84.6482, 0.4139, "low")
    assert (score["last_reviewed_at"], score["next_review_at"]) == (AT, DUE)
    assert (score["model"], score["decay_factor"]) == ("ebbinghaus", 0.09188264)
    engagement = only_row(database, "user_engagement")
    assert engagement == {
        "user_id": "user123",
        "domain": "dsa",
        "modules_started": 0,
        "modules_completed": 0,
        "total_quiz_attempts": 1,
        "total_time_seconds": 420.0,
        "last_activity_at": AT,
    }
    assert rows(database, "revision_signals") == []


def when_the_review_falls_due(here: Stack) -> None:
    tick(here, ms(DUE) - 1)
    here.catch_up("memory", "engagement")
    assert rows(here.database, "revision_signals") == []
    assert not recommended(here).bodies
    tick(here, ms(DUE))
    here.catch_up("memory", "engagement")
    signal = only_row(here.database, "revision_signals")
    assert (signal["user_id"], signal["module_id"], signal["urgency_level"]) == ("user123", "dsa-arrays", "medium")
    assert (signal["scheduled_at"], signal["created_at"], signal["reviewed_at"]) == (DUE, DUE, None)
    score = only_row(here.database, "memory_scores")
    # 80 % of 85
    assert (score["current_score"], score["forgetting_score"], score["revision_urgency"]) == (68, 20, "medium")
    ((event_id, body),) = recommended(here).bodies.items()
    assert event_id == str(uuid.uuid5(NAMESPACE, f"user123|dsa-arrays|{ms(DUE)}"))
    assert recommended(here).times[event_id] == 1
    assert recommended(here).keys[event_id] == "user123"
    reported = {
        "user_id": "user123",
        "domain": "dsa",
        "module": "dsa-arrays",
        "event_type": "revision_recommended",
        "urgency": "medium",
        "scheduled_at": "2025-01-28T20:47:08.571Z",
        "timestamp": "2025-01-28T20:47:08.571Z",
        "last_score": 85,
        "model": "ebbinghaus",
    }
    assert body | reported == body, json.dumps(body)


def when_twice_the_interval_has_passed(here: Stack) -> None:
    tick(here, ms(TWICE))
    here.catch_up("memory", "engagement")
    score = only_row(here.database, "memory_scores")
    # 0.8 squared is left
    assert (score["current_score"], score["forgetting_score"], score["revision_urgency"]) == (54.4, 36, "high")
    assert only_row(here.database, "revision_signals")["urgency_level"] == "high"
    assert sum(recommended(here).times.values()) == 1
