"""`POST /api/events/{kind}`: requirement 004's own names, and the topics that they mean."""

from __future__ import annotations

from typing import Any, Final

from api.problems import ProblemError
from dataflows.events.kinds import ALIASES, KINDS
from dataflows.kafka.topics import CHAPTER_VIEWS, CLICKSTREAM

DIAGNOSTIC: Final = "diagnostic_quiz_events"
MODULE_QUIZ: Final = "module_quiz_events"

NAMES: Final = {
    "quiz": MODULE_QUIZ,
    "module-quiz": MODULE_QUIZ,
    "diagnostic": DIAGNOSTIC,
    "diagnostic-quiz": DIAGNOSTIC,
    "login": "user_login_events",
    "user-login": "user_login_events",
    "domain": "learning_domain_selection_events",
    "domain-selection": "learning_domain_selection_events",
    "module": "module_completion_events",
    "module-completion": "module_completion_events",
    "chapter-view": CHAPTER_VIEWS,
    "clickstream": CLICKSTREAM,
    **{topic: topic for topic in KINDS},
    **{topic.removesuffix("_events"): topic for topic in KINDS},
    **ALIASES,
}


def topic_of_kind(kind: str) -> str:
    """Returns the topic of a kind of event.

    Raises:
        ProblemError: 404, with the kinds that there are.

    Example:
        >>> topic_of_kind("quiz"), topic_of_kind("Module_Completion")
        ('module_quiz_events', 'module_completion_events')
    """
    name = kind.lower()
    found = NAMES.get(name) or NAMES.get(name.replace("_", "-"))
    if found is None:
        raise ProblemError(404, "kind", f"There is no kind {kind[:60]!r}. There are: {', '.join(sorted(NAMES))}.")
    return found


def topic_within(topic: str, document: dict[str, Any]) -> str:
    """Returns the topic of one event of a kind: a quiz that says so is a diagnostic one."""
    if topic == MODULE_QUIZ:
        said = (document.get("quiz_type"), document.get("event_type"))
        if any(isinstance(word, str) and word.startswith("diagnostic") for word in said):
            return DIAGNOSTIC
    return topic
