"""How many of a class were idle at this time of the week: staff of the roster are neither active nor idle."""

from __future__ import annotations

from datetime import timedelta

from tests.db.conftest import NOW, Database
from tests.db.content import settle


def test_a_teacher_who_is_active_hides_no_idle_student(database: Database) -> None:
    database.put("classes", {"class_id": "7A", "title": "7A", "grade": "7"})
    database.put("class_staff", {"class_id": "7A", "staff_id": "teacher"})
    for weeks, idle in ((1, 3), (2, 1)):
        minute = (NOW - timedelta(days=7 * weeks)).replace(second=0)
        people = {f"s{n}": 0.2 if n < idle else 0.9 for n in range(6)} | {"teacher": 0.95}
        for student, recency in people.items():
            scored = {"score": 0.5, "recency": recency, "intensity": 0, "duration": 0, "streak": 0}
            database.put("engagement_scores", {"time": minute, "student_id": student, "class_id": "7A", **scored})
        active = sum(recency > 0.5 for recency in people.values())  # the teacher among them, as the flow counts
        counts = {"events": active, "active_students": active, "active_5m": active}
        place = {"window_start": minute, "scope": "class", "scope_id": "7A", "task": 0}
        database.put("activity_windows", {**place, **counts})
    settle(database)
    assert database.values("SELECT low, high FROM idle_before WHERE class_id = '7A'") == [(1, 3)]
