"""The numbers that can be explained, each with its definition and that definition's version.

A change of a definition raises its version and says so in an ADR; an answer names the version it was computed by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dataflows.scores.engagement import (
    DURATION_FULL_MINUTES,
    INTENSITY_FULL,
    INTENSITY_MINUTES,
    RECENCY_SCALE_S,
    STREAK_FULL_DAYS,
    WEIGHT_DURATION,
    WEIGHT_INTENSITY,
    WEIGHT_RECENCY,
    WEIGHT_STREAK,
)

Moment = Literal["now", "minute", "student"]
"""Of when a number is: computed when asked, kept by minute, or kept by student and minute."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that people see.

    Attributes:
        name: As answers and views call it.
        title: In words.
        formula: How it is computed.
        version: Of the definition.
        moment: Of when it is.
        scopes: Kinds of scope that have it.
        unit: Of the value.
        source: The view that has it.
    """

    name: str
    title: str
    formula: str
    version: int
    moment: Moment
    scopes: tuple[str, ...]
    unit: str
    source: str


_NOW: Final = ("all", "class")
_MINUTE: Final = ("all", "class", "grade", "subject", "course", "chapter", "class_chapter")
_SCORE: Final = (
    f"{WEIGHT_RECENCY:g} recency + {WEIGHT_INTENSITY:g} intensity + {WEIGHT_DURATION:g} duration"
    f" + {WEIGHT_STREAK:g} streak, "
    f"where recency = exp(-seconds since the last interaction / {RECENCY_SCALE_S}), "
    f"intensity = weights of the last {INTENSITY_MINUTES} whole minutes / {INTENSITY_FULL}, "
    f"duration = min(1, minutes of the session with weight / {DURATION_FULL_MINUTES}), "
    f"streak = min(1, consecutive days / {STREAK_FULL_DAYS})"
)
_STATUS: Final = (
    "offline after session_end or offline_after_s without an interaction; idle after an `idle` event or idle_after_s"
    " without one (a class may have its own idle_after_s); else"
    " active. Present = not offline, and seen since the running period began, where there is one"
)

NUMBERS: Final[dict[str, Number]] = {
    number.name: number
    for number in (
        Number(
            "active_students",
            "Students who are active now",
            f"the present whose status is active: {_STATUS}.",
            2,
            "now",
            _NOW,
            "students",
            "class_students",
        ),
        Number(
            "idle_students",
            "Students who are here and idle",
            f"the present whose status is idle: {_STATUS}.",
            2,
            "now",
            _NOW,
            "students",
            "class_students",
        ),
        Number("present", "Students who are here", f"{_STATUS}.", 2, "now", _NOW, "students", "class_students"),
        Number(
            "absent",
            "Enrolled students who are not here",
            "enrolled and not present, each student once.",
            2,
            "now",
            _NOW,
            "students",
            "class_students",
        ),
        Number(
            "idle_share",
            "Share of the present who are idle",
            "idle_students / present; nothing with nobody present.",
            2,
            "now",
            _NOW,
            "0-1",
            "class_students",
        ),
        Number(
            "engagement_score",
            "Engagement",
            f"100 x the mean score of the present, from scores in ten-thousandths; a student's score = {_SCORE}.",
            2,
            "now",
            _NOW,
            "0-100",
            "class_students",
        ),
        Number(
            "active_5m",
            "Students with an interaction in five minutes",
            "distinct students with an interaction in the five minutes that end with the minute, summed over tasks.",
            1,
            "minute",
            _MINUTE,
            "students",
            "activity",
        ),
        Number(
            "events",
            "Events of a minute",
            "events of students in the minute, each id once, summed over tasks.",
            2,
            "minute",
            _MINUTE,
            "events",
            "activity",
        ),
        Number(
            "student_score",
            "Engagement of one student",
            f"{_SCORE}; stored under the minute's start, as of its end.",
            1,
            "student",
            ("student",),
            "0-1",
            "student_engagement",
        ),
    )
}
