"""Which topic carries which kind of event, and what an event without a name is called there."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The three families of input events; each has its own required fields."""

    CLICKSTREAM = "clickstream"
    CHAPTER_VIEW = "chapter_view"
    LEARNING = "learning"


#: Other names under which a topic is known; ids and rules go by the name on the right.
ALIASES = {"lms_clickstream": "clickstream_events"}

KINDS = {
    "clickstream_events": Kind.CLICKSTREAM,
    "chapter_view_events": Kind.CHAPTER_VIEW,
    "user_login_events": Kind.LEARNING,
    "learning_domain_selection_events": Kind.LEARNING,
    "diagnostic_quiz_events": Kind.LEARNING,
    "module_quiz_events": Kind.LEARNING,
    "module_completion_events": Kind.LEARNING,
}

TOPIC_ORDER = ("clickstream_events", *ALIASES, *list(KINDS)[1:])
"""Ranks: of one instant the events of the topic further left come first; of two that tell one fact it is believed."""

#: (event_name where the event has none, event_type) of the learning topics.
LEARNING_NAMES = {
    "user_login_events": ("user_login", "session"),
    "learning_domain_selection_events": ("domain_selected", "course"),
    "diagnostic_quiz_events": ("diagnostic_quiz_completed", "quiz_action"),
    "module_quiz_events": ("module_quiz_completed", "quiz_action"),
    "module_completion_events": ("module_completed", "lesson"),
}


def canonical_topic(topic: str, prefix: str = "") -> str:
    """Returns the contract's name of a topic: without the deployment's prefix, aliases resolved.

    Example:
        >>> canonical_topic("school9.lms_clickstream", "school9.")
        'clickstream_events'
    """
    name = topic.removeprefix(prefix)
    return ALIASES.get(name, name)


def rank_of(topic: str, prefix: str = "") -> int:
    """Returns the place of a topic in `TOPIC_ORDER`.

    Example:
        >>> rank_of("school9.lms_clickstream", "school9.")
        1
    """
    return TOPIC_ORDER.index(topic.removeprefix(prefix))
