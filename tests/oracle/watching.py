"""Video views as docs/video.md tells them: a player that hears of one event after the other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from tests.oracle.clicks import DAY, LEAVES, is_ping, last_of, whole
from tests.oracle.reading import Event
from tests.oracle.sittings import Sitting, Times
from tests.oracle.student import is_interaction

STILL, SLACK = 500, 2_000
STOPS = ("video_pause", "video_stop", "video_complete")
Stretch = tuple[int, int, int]
"""From and to in the medium, and the rate in thousandths."""


def is_watching(event: Event) -> bool:
    """Returns whether an event belongs to a view, in a session."""
    names = event.event_name.startswith("video_") or is_ping(event)
    return names and is_interaction(event) and event.texts["video_id"] is not None


def watched(
    story: list[Event], at: list[int | None], sittings: list[Sitting], low: int, times: Times
) -> Iterator[tuple[tuple[int, str, str], dict[str, Any]]]:
    """Yields rows of `video_views` under their keys, without the task.

    Args:
        story: A student's events in telling order.
        at: The session of each.
        sittings: The sessions.
        low: The lowest watermark.
        times: Settings.
    """
    views: dict[tuple[int, str], list[int]] = {}
    for index, (event, sitting) in enumerate(zip(story, at, strict=True)):
        if sitting is not None and is_watching(event):
            views.setdefault((sitting, event.texts["video_id"] or ""), []).append(index)
    for (sitting, video), rows in views.items():
        events = [story[row] for row in rows]
        after = open_end(story, rows[-1], low, times)
        key = (events[0].event_ms, events[0].student_id, video)
        yield key, {"session_id": sittings[sitting].session_id} | _row(events, after, times)


def open_end(story: list[Event], row: int, low: int, times: Times) -> int:
    """Returns how long a video is taken to have played on after the last event of its view."""
    start, later = story[row].event_ms, story[row + 1 :]
    for event in later:
        if event.event_name in LEAVES or is_watching(event):
            return min(event.event_ms - start, times.idle_cap)
    latest = story[-1].event_ms
    return times.idle_cap if latest - start >= times.idle_cap or low >= latest + times.idle_cap else 0


def _row(events: list[Event], after: int, times: Times) -> dict[str, Any]:
    lengths = [whole(event, "video_duration_s", 1000, 1, DAY) for event in events]
    length = max((length for length in lengths if length is not None), default=None)
    passes = list(played(events, length, after, times))
    media = sum(end - start for start, end, _ in passes)
    unique = int(covered(passes, 1, Fraction(0), Fraction(10 * DAY)))
    pct = None if length is None else half_up(Fraction(100 * unique, length), 4)
    names = [event.event_name for event in events]
    weighted = sum((end - start) * rate for start, end, rate in passes)
    return {
        **{name: last_of([event.texts[name] for event in events]) for name in ("class_id", "course_id", "lesson_id")},
        "watched_seconds": media / 1000,
        "unique_seconds": unique / 1000,
        "video_duration_s": None if length is None else length / 1000,
        "watch_pct": pct,
        "seeks": names.count("video_seek"),
        "rewatched_seconds": (media - unique) / 1000,
        "avg_playback_rate": half_up(Fraction(weighted, 1000 * media), 3) if media else None,
        "completed": "video_complete" in names or (pct is not None and pct >= 90),
        "bins": twentieths(passes, 1, length),
        "rewatched_bins": twentieths(passes, 2, length),
    }


def played(events: list[Event], length: int | None, after: int, times: Times) -> Iterator[Stretch]:
    """Yields what played; `after`: how long it went on after the last event."""
    limit = 1 << 60 if length is None else length
    playing, position, rate = False, 0, 1000
    before: Event | None = None
    for event, following in zip_longest(events, events[1:]):
        sent = sent_position(event, length)
        playing = plays_after(event, sent, before, playing, length)
        rate = whole(event, "playback_rate", 1000, 1, 16_000) or rate
        if event.event_name == "video_complete":
            position = 0
        elif sent is not None:
            position = min(sent, limit)
        elapsed = after if following is None else following.event_ms - event.event_ms
        if following is not None and following.event_name == "video_play":
            elapsed = min(elapsed, times.idle_cap)
        if playing:
            reported = None if following is None else end_reported(following, length)
            ran = position + elapsed * rate // 1000
            end = min(reported if reported is not None and position <= reported <= ran + SLACK else ran, limit)
            if end > position:
                yield position, end, rate
            position = min(ran, limit)
        before = event


def sent_position(event: Event, length: int | None) -> int | None:
    """Returns where an event says that the video goes on."""
    names = ("to_s", "position_s", "from_s") if event.event_name == "video_seek" else ("position_s",)
    sent = [whole(event, name, 1000, 0, DAY) for name in names]
    found = next((value for value in sent if value is not None), None)
    return length if found is None and event.event_name == "video_complete" else found


def end_reported(event: Event, length: int | None) -> int | None:
    """Returns where an event says that the stretch before it ended."""
    if event.event_name == "video_seek":
        return whole(event, "from_s", 1000, 0, DAY)
    return sent_position(event, length)


def plays_after(event: Event, sent: int | None, before: Event | None, playing: bool, length: int | None) -> bool:
    """Returns whether the video plays after an event."""
    if event.event_name == "video_play":
        return True
    if event.event_name in STOPS:
        return False
    if event.event_name == "video_seek" or sent is None:
        return playing
    last = None if before is None else sent_position(before, length)
    if before is None or last is None or abs(sent - last) >= STILL:
        return True
    return playing and event.event_ms - before.event_ms <= SLACK


def covered(passes: list[Stretch], times: int, low: Fraction, high: Fraction) -> Fraction:
    """Returns how much of [low, high) lies under at least so many passes."""
    edges = sorted({low, high, *(Fraction(edge) for one in passes for edge in one[:2] if low < edge < high)})
    pieces = zip(edges, edges[1:], strict=False)
    return sum(
        (b - a for a, b in pieces if sum(start <= a and b <= end for start, end, _ in passes) >= times), Fraction(0)
    )


def twentieths(passes: list[Stretch], times: int, length: int | None) -> int:
    """Returns the bits of the twentieths of which at least half is covered."""
    if length is None:
        return 0
    part = Fraction(length, 20)
    return sum(1 << k for k in range(20) if 2 * covered(passes, times, k * part, (k + 1) * part) >= part)


def half_up(value: Fraction, decimals: int) -> float:
    """Returns a number rounded, halves up."""
    return round(int(value * 10**decimals + Fraction(1, 2)) / 10.0**decimals, decimals)
