"""From an event's name to its type, where the sender gives none."""

from __future__ import annotations

_TYPES = {
    "page_view": "page_view",
    "scroll": "page_view",
    "chapter_view": "page_view",
    "button_click": "click",
    "search": "click",
    "time_ping": "heartbeat",
    "heartbeat": "heartbeat",
    "idle": "session",
    "active": "session",
    "session_start": "session",
    "session_end": "session",
    "session": "session",
    "login": "session",
    "assignment": "assignment",
    "course": "course",
    "lesson": "lesson",
    "forum": "forum",
}

_PREFIXES = (
    ("video_", "video_event"),
    ("quiz_", "quiz_action"),
    ("assignment_", "assignment"),
    ("course_", "course"),
    ("lesson_", "lesson"),
    ("forum_", "forum"),
    ("session_", "session"),
)


def type_of(event_name: str) -> str:
    """Returns the event type of a name; a name that nobody knows is a `click`.

    Example:
        >>> type_of("video_play"), type_of("time_ping"), type_of("badge_opened")
        ('video_event', 'heartbeat', 'click')
    """
    known = _TYPES.get(event_name)
    if known is not None:
        return known
    for prefix, event_type in _PREFIXES:
        if event_name.startswith(prefix):
            return event_type
    return "click"


def is_hidden_ping(event_name: str, event_type: str, hidden: object) -> bool:
    """Says whether an event is a ping from a tab that nobody sees.

    Example:
        >>> is_hidden_ping("time_ping", "heartbeat", hidden=True), is_hidden_ping("scroll", "page_view", hidden=True)
        (True, False)
    """
    return hidden is True and (event_name == "time_ping" or event_type == "heartbeat")
