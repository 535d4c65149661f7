"""A score that is no action of its own: a learning event, which counts as an attempt and as no interaction."""

from __future__ import annotations

import uuid
from typing import Final

from ingest.formats.adapter import Event
from ingest.formats.fields import without_nothing

GRADED: Final = "module_quiz_completed"
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "graded.classpulse")


def graded(event: Event) -> Event:
    """Returns the score of an event of ours as a record of `module_quiz_events`.

    A teacher or the platform may give it days after the student's own action.

    Example:
        >>> said = {"student_id": "s1", "assessment_id": "q1", "event_name": "quiz_submit", "metadata": {"score": 50.0}}
        >>> event = graded({"event_id": "6f9619ff-8b86-4011-b42d-00c04fc964ff", **said})
        >>> event["event_type"], event["user_id"], event["module"], event["score"]
        ('module_quiz_completed', 's1', 'q1', 50.0)
    """
    said = event.get("metadata", {})
    return without_nothing(
        {
            "event_id": str(uuid.uuid5(NAMESPACE, event["event_id"])),
            "user_id": event.get("student_id"),
            "role": event.get("role"),
            "event_type": GRADED,
            "timestamp": event.get("timestamp"),
            "class_id": event.get("class_id"),
            "course": event.get("course_id"),
            "module": event.get("assessment_id") or event.get("lesson_id") or event.get("chapter_id"),
            "score": said.get("score"),
            "time_taken": said.get("time_taken"),
        }
    )
