"""Document 004's example, without Kafka and database: what one quiz puts into every table, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.dataflows.memory.telling import append, run

EXAMPLE = (
    b'{"user_id": "user123", "domain": "dsa", "module": "dsa-arrays", "event_type": "module_quiz_completed",'
    b' "score": 85, "time_taken": 420, "timestamp": "2025-01-26T10:30:00Z"}'
)


def ms(*moment: int) -> int:
    return round(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


AT = ms(2025, 1, 26, 10, 30)
#: 2 · 85 / 70 = 2.428571… days = 209,828.571 s after the quiz
DUE = AT + 209_828_571
ALIKE: dict[str, Any] = {"user_id": "user123", "domain": "dsa", "module": "dsa-arrays"}


def test_one_quiz_of_85_gives_these_rows() -> None:
    logs: dict[str, Any] = {}
    append(logs, EXAMPLE, AT)
    append(logs, b'{"user_id": "user123", "timestamp": "2025-01-26T10:29:00Z"}', AT, topic="user_login_events")
    for topic in logs:
        append(logs, None, DUE, DUE, topic=topic)
    done = run(logs)
    ((key, attempt),) = done.tables["quiz_attempts"].items()
    assert key[0] == AT
    assert attempt == ALIKE | {
        "class_id": None,
        "course": None,
        "quiz_type": "module",
        "score": 85.0,
        "time_taken_seconds": 420.0,
        "place": 6 << 56,
    }
    ((_, login),) = done.tables["learning_events"].items()
    assert (login["user_id"], login["kind"]) == ("user123", "login")
    # stability = 2.428571… / -ln 0.8 = 10.883449; 1 / that = 0.09188264
    curve = {"model": "ebbinghaus", "interval_days": 2.428571, "stability": 10.883449, "difficulty": None}
    assert done.tables["memory_reviews"] == {
        key: ALIKE | curve | {"score": 85.0, "counted": True, "retention_before": None}
    }
    ends = {"last_score": 85.0, "last_reviewed_at": AT, "next_review_at": DUE, "decay_factor": 0.09188264, "reviews": 1}
    assert done.tables["memory_state"] == {("user123", "dsa-arrays"): {"domain": "dsa", "task": 0} | curve | ends}
    assert done.tables["revision_signal_facts"] == {
        ("user123", "dsa-arrays", DUE): {"reviewed_at": None, "created_at": DUE}
    }
    (reported,) = done.published
    assert reported["scheduled_at"] == "2025-01-28T20:47:08.571Z"
