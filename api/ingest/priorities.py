"""Which events go first where not all can be kept: requirement 003's priorities."""

from __future__ import annotations

from typing import Final

from dataflows.events.kinds import KINDS, Kind

_P0: Final = (
    "session_start session_end course_enroll lesson_start lesson_complete video_play quiz_start quiz_submit "
    "assignment_submit consent_withdrawn consent_given login"
)
_P2: Final = "video_seek quiz_answer quiz_question_next page_view button_click scroll search time_ping idle active"
RANKS: Final = dict.fromkeys(_P0.split(), 0) | dict.fromkeys(_P2.split(), 2)


def rank_of(topic: str, name: str) -> int:
    """Returns 0 for what is kept to the last, 2 for what is let go first.

    The learning events of requirement 004 are results, so P0. What requirement 003 does not list is P1, but for the
    pings and clicks of which there are most.

    Example:
        >>> rank_of("clickstream_events", "scroll"), rank_of("clickstream_events", "video_pause")
        (2, 1)
        >>> rank_of("module_quiz_events", "module_quiz_completed")
        0
    """
    return 0 if KINDS[topic] is Kind.LEARNING else RANKS.get(name, 1)
