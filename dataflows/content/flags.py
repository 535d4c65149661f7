"""What an event means to the folds of sessions, visits and videos."""

from __future__ import annotations

from typing import Final

from dataflows.content.marks import Flag
from dataflows.events.studied import Deed
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


def flags_of(deed: Deed) -> int:
    """Returns the flags of what was done.

    Example:
        >>> Flag(flags_of(Deed("student", "video_stop", ping=False, hidden=False))) == (
        ...     Flag.INTERACTION | Flag.VIDEO | Flag.PAUSE
        ... )
        True
    """
    flags = _NAMED.get(deed.event_name, Flag(0))
    if is_interaction(deed.event_name, hidden=deed.hidden):
        flags |= Flag.INTERACTION
    if deed.hidden:
        flags |= Flag.HIDDEN
    if deed.event_name in _LEAVING:
        flags |= Flag.LEAVES
    if deed.event_name.startswith("video_"):
        flags |= Flag.VIDEO
    return int(flags)


def flags_with_video(deed: Deed) -> int:
    """Returns the flags of what was done, where the event names a video: a ping then is one of that video."""
    return flags_of(deed) | (int(Flag.VIDEO) if deed.ping else 0)
