"""The engagement score, 0–1: recency, intensity, duration and streak (requirement L8, `docs/definitions`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dataflows.operators.segments import Bools, Ints

Floats = npt.NDArray[np.float64]

WEIGHT_RECENCY: Final = 0.35
WEIGHT_INTENSITY: Final = 0.35
WEIGHT_DURATION: Final = 0.20
WEIGHT_STREAK: Final = 0.10
RECENCY_SCALE_S: Final = 300
INTENSITY_MINUTES: Final = 10
INTENSITY_FULL: Final = 100
DURATION_FULL_MINUTES: Final = 45
STREAK_FULL_DAYS: Final = 7
STREAK_REACH_DAYS: Final = STREAK_FULL_DAYS + 8
"""Days back that a streak may depend on: seven active ones, the empty weekends between them, an open day."""

VIDEO_TENTHS: Final = 10
TASK_TENTHS: Final = 8
READING_TENTHS: Final = 4
OTHER_TENTHS: Final = 3
HEARTBEAT_TENTHS: Final = 1

NO_INTERACTION: Final = frozenset({"idle", "session_end", "course_enroll", "course_unenroll", "course_complete"})
"""Events that are no interactions, whoever sends them."""
_SATURDAY: Final = 5


def is_interaction(event_name: str, *, hidden: bool) -> bool:
    """Returns whether a student's event is an interaction: not idling, not a server's doing, not a hidden tab's ping.

    Decode marks nothing but pings as hidden.

    Example:
        >>> is_interaction("time_ping", hidden=True), is_interaction("time_ping", hidden=False)
        (False, True)
    """
    return not hidden and event_name not in NO_INTERACTION


def is_heartbeat(event_name: str) -> bool:
    """Returns whether the event says only that the page is open."""
    return event_name in {"time_ping", "heartbeat"}


def weight_tenths(event_name: str, *, hidden: bool) -> int:
    """Returns the weight of an event in tenths; 0 for what is no interaction.

    Example:
        >>> names = ("video_play", "quiz_answer", "scroll", "button_click", "time_ping")
        >>> [weight_tenths(name, hidden=False) for name in names]
        [10, 8, 4, 3, 1]
    """
    if not is_interaction(event_name, hidden=hidden):
        return 0
    if event_name.startswith("video_"):
        return VIDEO_TENTHS
    if event_name.startswith(("quiz_", "assignment_")):
        return TASK_TENTHS
    if event_name in {"page_view", "scroll"}:
        return READING_TENTHS
    return HEARTBEAT_TENTHS if is_heartbeat(event_name) else OTHER_TENTHS


def round4(values: Floats) -> Floats:
    """Returns values rounded once to 4 decimals, halves up."""
    return np.floor(values * 10000 + 0.5) / 10000


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores and their parts, rounded to 4 decimals; all arrays have shape (n,)."""

    score: Floats
    recency: Floats
    intensity: Floats
    duration: Floats
    streak: Floats


def engagement_scores(since_ms: Ints, tenths: Ints, session_minutes: Ints, streak_days: Ints) -> Scores:
    """Returns the scores of students as of one instant each.

    Args:
        since_ms: Milliseconds since the last interaction, shape (n,).
        tenths: Sum of the last ten whole minutes' weights.
        session_minutes: Minutes with weight > 0 in the current session.
        streak_days: Consecutive days with an interaction, as `streak_days` counts them.

    Example:
        >>> float(engagement_scores(*(np.array([v]) for v in (0, 100, 45, 7))).score[0])
        1.0
    """
    recency = np.exp(-np.maximum(0, since_ms) / (RECENCY_SCALE_S * 1000))
    intensity = tenths / INTENSITY_FULL
    duration = np.minimum(1.0, session_minutes / DURATION_FULL_MINUTES)
    streak = np.minimum(1.0, streak_days / STREAK_FULL_DAYS)
    score = (
        WEIGHT_RECENCY * recency + WEIGHT_INTENSITY * intensity + WEIGHT_DURATION * duration + WEIGHT_STREAK * streak
    )
    return Scores(round4(score), round4(recency), round4(intensity), round4(duration), round4(streak))


def streak_days(day_bits: Ints, last_day: Ints, day: Ints) -> Ints:
    """Returns the consecutive days with an interaction that end at `day`, at most 7.

    Empty Saturdays and Sundays are skipped, and `day` itself does not break the streak before it ends.

    Args:
        day_bits: Bit i says that day `last_day` − i had an interaction; 32 bits, shape (n,).
        last_day: Days since 1970-01-01.
        day: The day as of which the streak is asked, days since 1970-01-01.

    Example:
        >>> streak_days(np.array([0b1111001]), np.array([0]), np.array([0])).tolist()  # Thu; Wed and Tue are empty
        [1]
    """
    count = np.zeros(len(day), np.int64)
    running = np.ones(len(day), np.bool_)
    for back in range(STREAK_REACH_DAYS):
        current = day - back
        bit = last_day - current
        inside = (bit >= 0) & (bit < 32)
        active: Bools = inside & ((day_bits >> np.where(inside, bit, 0)) & 1).astype(np.bool_)
        weekend = (current + 3) % 7 >= _SATURDAY  # 1970-01-01 was a Thursday
        count += running & active
        running &= active | weekend | (back == 0)
    return np.minimum(count, STREAK_FULL_DAYS)
