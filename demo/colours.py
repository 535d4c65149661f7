"""Colours that mean something, the same in every part of the view."""

from __future__ import annotations

from grafana.thresholds import Thresholds

ACCENT = "bold white on dark_blue"
ACTIVE = "green3"
IDLE = "gold1"
ABSENT = "grey62"
ALARM = "red1"
QUIET = "grey50"

_LIMITS = Thresholds()
ENGAGED_FROM = _LIMITS.score_good
DRIFTING_FROM = _LIMITS.score_low
FRESH_BELOW_S = 2.0
STALE_FROM_S = float(_LIMITS.lag_watch_s)

BY_PREFIX = {
    "video": "orchid",
    "quiz": "deep_sky_blue1",
    "assignment": "steel_blue1",
    "lesson": "green3",
    "forum": "turquoise2",
    "session": "grey62",
    "login": "grey62",
    "idle": IDLE,
    "time": "grey50",
}


def engagement(score: float | None) -> str:
    """Returns green for an engaged class, amber for one that drifts, red for a lost one, grey for nobody there.

    Example:
        >>> engagement(72.0), engagement(45.0), engagement(12.0), engagement(None)
        ('green3', 'gold1', 'red1', 'grey50')
    """
    if score is None:
        return QUIET
    shown = round(score)  # the colour of what is read, not of a hidden decimal
    if shown >= ENGAGED_FROM:
        return ACTIVE
    return IDLE if shown >= DRIFTING_FROM else ALARM


def freshness(seconds: float | None) -> str:
    """Returns green within the promise of two seconds, amber up to five, red beyond, grey when unknown."""
    if seconds is None:
        return QUIET
    if seconds <= FRESH_BELOW_S:
        return ACTIVE
    return IDLE if seconds < STALE_FROM_S else ALARM


def event(name: str) -> str:
    """Returns the colour of an event by the first word of its name."""
    return BY_PREFIX.get(name.split("_", 1)[0], "white")
