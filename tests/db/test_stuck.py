"""`stuck_now`: whom to go to first, with why in words, and never more than three of a class."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.db.conftest import NOW, Database

MINUTE = timedelta(minutes=1)


def episode(student: str, ago: int, chance: float = 0.5, class_id: str | None = "7B", **more: Any) -> dict[str, Any]:
    evidence = more.pop("evidence", {"signs": ["wrong_answers"], "wrong_in_a_row": 3, "question": "4"})
    row = {
        "began_at": NOW - ago * MINUTE,
        "student_id": student,
        "item_id": "fractions",
        "task": 0,
        "class_id": class_id,
        "course_id": "math",
        "kind": "wrong_answers",
        "since": NOW - (ago + 2) * MINUTE,
        "chance": chance,
        "evidence": json.dumps(evidence),
    }
    return row | more


def rows(database: Database, columns: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM stuck_now ORDER BY class_id, place"
    return [tuple(row.values()) for row in database.connection.execute(query.encode())]


def test_three_of_a_class_at_most_the_likeliest_first_and_longest_waiting(database: Database) -> None:
    now = [
        episode("ann", 4),
        episode("bob", 9),
        episode("cem", 2, 0.7),
        episode("dia", 1),
        episode("eve", 3, 0.9, "8A"),
    ]
    database.put("stuck_episodes", *now, episode("fay", 5, 0.9, ended_at=NOW - MINUTE, outcome="solved"))
    assert rows(database, "class_id, place, student_id, minutes_waited, waiting") == [
        ("7B", 1, "cem", 2, 4),
        ("7B", 2, "bob", 9, 4),
        ("7B", 3, "ann", 4, 4),
        ("8A", 1, "eve", 3, 1),
    ]


def test_the_class_of_who_names_none_is_the_one_last_seen_and_a_student_stands_there_once(database: Database) -> None:
    database.student("ann", NOW, class_id="7B")
    quiz = episode("ann", 3, 0.8, None, item_id="decimals")
    database.put("stuck_episodes", episode("ann", 4), quiz)
    assert rows(database, "class_id, item_id") == [("7B", "decimals")]


def test_it_says_what_classmates_needed_there(database: Database) -> None:
    gone = [
        episode("bob", 60, ended_at=NOW - 50 * MINUTE, outcome="solved"),  # 12 minutes from the first sign
        episode("cem", 60, ended_at=NOW - 56 * MINUTE, outcome="handed_in"),  # 6
        episode("dia", 60, ended_at=NOW - 30 * MINUTE, outcome="left"),
        episode("eve", 60, ended_at=NOW - 30 * MINUTE, outcome="solved", class_id="8A"),
    ]
    database.put("stuck_episodes", episode("ann", 4), *gone)
    assert rows(database, "mates, mates_through, mates_minutes") == [(3, 2, 9)]


def test_the_evidence_is_said_in_words(database: Database) -> None:
    def words(kind: str, **evidence: Any) -> Any:
        return database.value("SELECT stuck_words(%s, %s)", kind, json.dumps(evidence))

    assert words("wrong_answers", signs=["wrong_answers"], wrong_in_a_row=3, question="4") == (
        "3 wrong answers in a row (last: question 4)"
    )
    assert words("silence_after_fail", signs=["silence_after_fail"], wrong_in_a_row=1, hints=1) == (
        "1 wrong answer; silent since; 1 hint"
    )
    assert words("wheel_spinning", signs=["wheel_spinning"], criteria=["mastery", "hazard"], opportunities=12) == (
        "12 tries without three right in a row; the next three tries will probably fail too"
    )
    assert (
        words("video_loop", signs=["video_loop"], turns=5, position_s=84) == "paused or sought 5 times around 00:01:24"
    )
    assert words("long_dwell", signs=["long_dwell"], without_progress_s=540) == (
        "9 minutes there without getting further"
    )
    assert words("opened_and_left", signs=["opened_and_left"]) == "opened a question and left it"
