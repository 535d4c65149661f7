"""What an event means to the folds of sessions, visits and videos."""

from __future__ import annotations

from typing import Final

from dataflows.content.marks import Flag
from dataflows.events.studied import Action
from dataflows.scores.engagement import is_interaction

_LEAVING: Final = frozenset({"page_view", "lesson_start", "session_start", "session_end", "login"})
_NAMED: Final = {
    "page_view": Flag.PAGE_VIEW,
    "session_start": Flag.START | Flag.PASSIVE,
    "session_end": Flag.END,
    "login": Flag.PASSIVE,
    "idle": Flag.IDLE,
    "video_play": Flag.PLAY,
    "video_pause": Flag.PAUSE,
    "video_stop": Flag.PAUSE,
    "video_seek": Flag.SEEK,
    "video_complete": Flag.PAUSE | Flag.COMPLETE,
}


def flags_of(action: Action) -> int:
    """Returns the flags of what was done.

    Example:
        >>> Flag(flags_of(Action("student", "video_stop", ping=False, hidden=False))) == (
        ...     Flag.INTERACTION | Flag.VIDEO | Flag.PAUSE
        ... )
        True
    """
    flags = _NAMED.get(action.event_name, Flag(0))
    if is_interaction(action.event_name, hidden=action.hidden):
        flags |= Flag.INTERACTION
    if action.hidden:
        flags |= Flag.HIDDEN
    if action.event_name in _LEAVING:
        flags |= Flag.LEAVES
    if action.event_name.startswith("video_"):
        flags |= Flag.VIDEO
    return int(flags)


def flags_with_video(action: Action) -> int:
    """Returns the flags of what was done, where the event names a video: a ping then is one of that video."""
    return flags_of(action) | (int(Flag.VIDEO) if action.ping else 0)
