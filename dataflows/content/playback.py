"""From a view's events to what of the video played: stretches of media time, each with the rate it played at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dataflows.content.marks import NONE, Flag, FoldRules, Marks
from dataflows.operators.segments import Bools, Ints, lengths_of, starts_of

SLACK_MS: Final = 2_000
"""How far a sent position may lie ahead of where the clock says that the video has come."""
STILL_MS: Final = 500
"""A ping that lies closer than this to the position sent before it, later than the slack, stands still."""
LONGEST_MEDIA_MS: Final = 86_400_000
"""Positions and lengths beyond it are taken as not sent: a live stream's position is a date."""
FASTEST: Final = 16_000
"""Highest playback rate, in thousandths, that browsers play; beyond it a rate is taken as not sent."""
NORMAL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Stretches:
    """What played, never empty, in the order of (view, time).

    Attributes:
        view: Index of the view.
        start_ms: Media position at which the stretch began.
        end_ms: Where it ended, beyond the start, at most the video's length.
        rate: Playback rate in thousandths.
    """

    view: Ints
    start_ms: Ints
    end_ms: Ints
    rate: Ints


@dataclass(frozen=True, slots=True)
class _Positions:
    """Positions of a view's events; `NONE` where none was sent.

    Attributes:
        sent: As sent: a seek's target, another event's position; a completion without one is at the length.
        ends: Where the stretch before the event ended: where a seek began, another event's position.
        runs_from: Where the video goes on; after a completion from the beginning.
    """

    sent: Ints
    ends: Ints
    runs_from: Ints


def played(marks: Marks, rows: Ints, view: Ints, length_ms: Ints, low_ms: int, rules: FoldRules) -> Stretches:  # noqa: PLR0913
    """Returns what played in each view.

    Args:
        marks: All marks of the students.
        rows: Indices into `marks` of the views' events, in the order of (view, time).
        view: The view of each row, ascending from 0.
        length_ms: The length of each row's video, `NONE` where unknown.
        low_ms: The lowest watermark of the task.
        rules: Settings of the folds.
    """
    if not len(rows):
        return Stretches(rows, rows, rows, rows)
    flags, time_ms, starts = marks.flags[rows], marks.time_ms[rows], starts_of(view)
    last = np.append(starts[1:], len(rows)) - 1
    at = _positions(marks, rows, flags, length_ms)
    playing = _playing(flags, time_ms, at.sent, starts)
    elapsed = np.diff(time_ms, append=0)
    # Who plays again without having stopped has lost an event in between: that is an inferred end.
    lost = np.append(_has(flags, Flag.PLAY)[1:], False)
    elapsed[lost] = np.minimum(elapsed[lost], rules.idle_cap_ms)
    elapsed[last] = open_ends(marks, rows[last], low_ms, rules)
    rate = _last_known(_within(marks.rate[rows], 1, FASTEST), starts, NORMAL)
    ran = np.where(playing, elapsed * rate // 1000, 0)
    limit = np.where(length_ms == NONE, np.iinfo(np.int64).max, length_ms)
    start = np.minimum(_running(at.runs_from, ran, starts), limit)
    reported = np.append(at.ends[1:], NONE)
    reported[last] = NONE
    credible = (reported >= start) & (reported <= start + ran + SLACK_MS)
    end = np.minimum(np.where(credible, reported, start + ran), limit)
    some = np.flatnonzero(playing & (end > start))
    return Stretches(view[some], start[some], end[some], rate[some])


def open_ends(marks: Marks, rows: Ints, low_ms: int, rules: FoldRules) -> Ints:
    """Returns how long a video is taken to have played on after the last event of its view.

    It plays on to the student's next event that leaves the page or belongs to another view, at most the idle cap.
    Without such an event the cap counts in full, once a later event, or the low watermark beyond the student's last
    event, shows that none will come.

    Args:
        marks: All marks of the students.
        rows: Indices into `marks` of the views' last events.
        low_ms: The lowest watermark of the task.
        rules: Settings of the folds.

    Returns:
        Milliseconds, shape of `rows`; 0 while the end is not known.
    """
    cap_ms, time_ms, member = rules.idle_cap_ms, marks.time_ms[rows], marks.member[rows]
    ends = np.flatnonzero(marks.has(Flag.LEAVES) | in_view(marks))
    at = np.searchsorted(ends, rows, side="right")
    stop = ends[np.minimum(at, len(ends) - 1)]
    stopped = (at < len(ends)) & (marks.member[stop] == member)
    latest = marks.time_ms[np.searchsorted(marks.member, member, side="right") - 1]
    known = stopped | (latest >= time_ms + cap_ms) | (low_ms >= latest + cap_ms)
    until = np.where(stopped, np.minimum(marks.time_ms[stop] - time_ms, cap_ms), cap_ms)
    return np.where(known, until, 0)


def in_view(marks: Marks) -> Bools:
    """Returns which marks are events of a view: those of a named video, pings from a hidden tab left out."""
    found: Bools = marks.has(Flag.VIDEO) & marks.has(Flag.INTERACTION) & (marks.video != NONE)
    return found


def media_ms(values: Ints) -> Ints:
    """Returns positions, `NONE` where one lies outside of what a video can have."""
    return _within(values, 0, LONGEST_MEDIA_MS)


def _positions(marks: Marks, rows: Ints, flags: Ints, length_ms: Ints) -> _Positions:
    seek, complete = _has(flags, Flag.SEEK), _has(flags, Flag.COMPLETE)
    position, begun = media_ms(marks.position_ms[rows]), media_ms(marks.from_ms[rows])
    position = np.where(complete & (position == NONE), length_ms, position)
    target = media_ms(marks.to_ms[rows])
    for other in (position, begun):
        target = np.where(target == NONE, other, target)
    sent = np.where(seek, target, position)
    return _Positions(sent, np.where(seek, begun, position), np.where(complete, 0, sent))


def _playing(flags: Ints, time_ms: Ints, sent: Ints, starts: Ints) -> Bools:
    """Returns whether the video plays after each event.

    A ping with a position says so, unless it stands still; a seek and a ping without a position say nothing.
    """
    play, pause = _has(flags, Flag.PLAY), _has(flags, Flag.PAUSE)
    ping = ~(play | pause | _has(flags, Flag.SEEK)) & (sent != NONE)
    before = np.append(NONE, sent[:-1])
    before[starts] = NONE
    still = ping & (before != NONE) & (np.abs(sent - before) < STILL_MS)
    stands = still & (np.diff(time_ms, prepend=0) > SLACK_MS)
    says = np.where(play | (ping & ~still), 1, np.where(pause | stands, 0, NONE))
    playing: Bools = _last_known(says, starts, 0) == 1
    return playing


def _running(runs_from: Ints, ran: Ints, starts: Ints) -> Ints:
    """Returns the position after each event: the last one known, and what ran since; a view begins at 0."""
    known = runs_from != NONE
    known[starts] = True
    anchor = _last_index(known, starts)
    before = np.cumsum(ran) - ran
    running: Ints = np.maximum(runs_from, 0)[anchor] + before - before[anchor]
    return running


def _has(flags: Ints, flag: Flag) -> Bools:
    found: Bools = (flags & int(flag)) != 0
    return found


def _within(values: Ints, lowest: int, highest: int) -> Ints:
    return np.where((values >= lowest) & (values <= highest), values, NONE)


def _last_known(values: Ints, starts: Ints, default: int) -> Ints:
    """Returns the last value of its run that is not `NONE`, up to and with each element."""
    at = _last_index(values != NONE, starts)
    return np.where(at >= 0, values[at], default)


def _last_index(mask: Bools, starts: Ints) -> Ints:
    """Returns the index of the last element of its run, up to and with each one, for which `mask` holds, or -1."""
    upto = np.maximum.accumulate(np.where(mask, np.arange(len(mask)), -1))
    return np.where(upto >= np.repeat(starts, lengths_of(starts, len(mask))), upto, -1)
