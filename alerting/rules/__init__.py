"""The one list of learning alerts, in the order of the docs."""

from __future__ import annotations

from typing import Final

from alerting.rules import course, learning, lessons
from alerting.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    lessons.DROP,
    lessons.IDLE,
    lessons.MANY,
    lessons.ABSENT,
    lessons.VIDEO,
    learning.FORGETTING,
    learning.QUIZ,
    learning.RISK,
    course.DUE,
    course.ENGAGEMENT,
    course.TIME,
)
