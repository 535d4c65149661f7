"""Video views: what of a video a student played in a session, from play, pause, seek, stop, complete and pings.

The rule, as a reader of the events would apply it by hand, is in `docs/video.md`. What is open in the events is
decided there once: where a view without positions begins, when a ping means playing, how far an open end counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import polars as pl

from dataflows.content.coverage import cover
from dataflows.content.marks import NONE, Flag, FoldRules, Marks
from dataflows.content.playback import Stretches, in_view, media_ms, played
from dataflows.operators.frames import TextColumn, times
from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Ints, last_where, lengths_of, starts_of

COMPLETED_PCT: Final = 90
"""A view of so much of the length is complete, whether the player says so or not."""
_CODE_BITS: Final = 31
_PCT: Final = 1_000_000  # ten-thousandths of a per cent


@dataclass(frozen=True, slots=True)
class Views:
    """Views, one a (session, video), sorted by (member, start, video); all arrays have shape (n,).

    Attributes:
        member: Index of the student, as in `Marks`.
        start_ms: Time of the view's first event.
        video: Code of the video.
        session: Index of the session, as `of` says.
        class_code: Code of the last class_id that the view's events carry, or `NONE`; so are `course` and `lesson`.
        watched_ms: Media time played, repeats counted.
        unique_ms: Length of the union of what played.
        duration_ms: The greatest length sent, or `NONE`.
        seeks: How many.
        rewatched_ms: `watched_ms - unique_ms`.
        rate_milli: Mean playback rate weighted by media time, thousandths; `NONE` where nothing played.
        completed: 1 where `video_complete` came or 90 % of the length was covered, else 0.
        bins: Bit k is set where at least half of the k-th twentieth of the length is covered.
        rewatched_bins: Likewise, by two passes or more.
        watch_pct: `unique_ms` of the length in ten-thousandths of a per cent; `NONE` without a length.
    """

    member: Ints
    start_ms: Ints
    video: Ints
    session: Ints
    class_code: Ints
    course: Ints
    lesson: Ints
    watched_ms: Ints
    unique_ms: Ints
    duration_ms: Ints
    seeks: Ints
    rewatched_ms: Ints
    rate_milli: Ints
    completed: Ints
    bins: Ints
    rewatched_bins: Ints
    watch_pct: Ints

    def __len__(self) -> int:
        """How many views."""
        return len(self.member)


def fold_videos(marks: Marks, of: Ints, low_ms: int, rules: FoldRules) -> Views:
    """Returns the views of some students.

    Args:
        marks: Their marks.
        of: The session of each mark, ascending; negative where it belongs to none.
        low_ms: The lowest watermark of the task: it decides only whether an open end counts yet.
        rules: Settings of the folds.
    """
    rows, starts = _views_of(marks, of)
    view = np.repeat(np.arange(len(starts)), lengths_of(starts, len(rows)))
    if not len(rows):
        return Views(**{field.name: rows for field in fields(Views)})
    duration = np.maximum.reduceat(_length(marks, rows), starts)
    stretches = played(marks, rows, view, duration[view], low_ms, rules)
    return _folded(marks, of, rows, starts, duration, stretches)


def _views_of(marks: Marks, of: Ints) -> tuple[Ints, Ints]:
    """Returns the indices of all views' events in the order of (member, view's start, video, time), and the starts."""
    rows = np.flatnonzero(in_view(marks) & (of >= 0))
    key = of[rows] << _CODE_BITS | marks.video[rows]
    order = order_of(key)
    rows, key = rows[order], key[order]
    starts = starts_of(key)
    begun = np.repeat(marks.time_ms[rows[starts]], lengths_of(starts, len(rows)))
    order = np.lexsort((of[rows], marks.video[rows], begun, marks.member[rows]))  # stable: events stay in order
    return rows[order], starts_of(key[order])


def _folded(marks: Marks, of: Ints, rows: Ints, starts: Ints, duration: Ints, stretches: Stretches) -> Views:  # noqa: PLR0913
    size, first = len(starts), rows[starts]
    covered = cover(stretches.view, stretches.start_ms, stretches.end_ms, duration)
    watched, weighted = np.zeros(size, np.int64), np.zeros(size, np.int64)
    media = stretches.end_ms - stretches.start_ms
    np.add.at(watched, stretches.view, media)
    np.add.at(weighted, stretches.view, media * stretches.rate)
    pct = np.where(duration > 0, ratio(covered.unique_ms * _PCT, duration), NONE)
    said = np.bitwise_or.reduceat(marks.flags[rows], starts)
    complete = ((said & int(Flag.COMPLETE)) != 0) | (pct >= COMPLETED_PCT * 10_000)
    return Views(
        member=marks.member[first],
        start_ms=marks.time_ms[first],
        video=marks.video[first],
        session=of[first],
        class_code=_last_sent(marks.class_code[rows], starts),
        course=_last_sent(marks.course[rows], starts),
        lesson=_last_sent(marks.lesson[rows], starts),
        watched_ms=watched,
        unique_ms=covered.unique_ms,
        duration_ms=duration,
        seeks=np.add.reduceat((marks.flags[rows] & int(Flag.SEEK)) // int(Flag.SEEK), starts),
        rewatched_ms=watched - covered.unique_ms,
        rate_milli=np.where(watched > 0, ratio(weighted, watched), NONE),
        completed=complete.astype(np.int64),
        bins=covered.bins,
        rewatched_bins=covered.twice_bins,
        watch_pct=pct,
    )


def view_rows(
    views: Views, student_ids: pl.Series, session_ids: pl.Series, texts: TextColumn, task: int
) -> pl.DataFrame:
    """Returns rows of `video_views`.

    Args:
        views: What `fold_videos` found.
        student_ids: Ids by member.
        session_ids: Ids by index of the session, as rows of `sessions` have them.
        texts: The texts of all other codes.
        task: The task that writes them.
    """
    return pl.DataFrame(
        {
            "start_time": times(views.start_ms),
            "student_id": student_ids.gather(views.member),
            "video_id": texts.take(views.video),
            "session_id": session_ids.gather(views.session),
            "class_id": texts.take(views.class_code),
            "course_id": texts.take(views.course),
            "lesson_id": texts.take(views.lesson),
            "watched_seconds": views.watched_ms / 1000,
            "unique_seconds": views.unique_ms / 1000,
            "video_duration_s": _known(views.duration_ms, 1000),
            "watch_pct": _known(views.watch_pct, 10_000),
            "seeks": views.seeks,
            "rewatched_seconds": views.rewatched_ms / 1000,
            "avg_playback_rate": _known(views.rate_milli, 1000),
            "completed": views.completed == 1,
            "bins": views.bins,
            "rewatched_bins": views.rewatched_bins,
            "task": np.full(len(views), task, np.int64),
        }
    )


def ratio(part: Ints, whole: Ints) -> Ints:
    """Returns `part / whole` rounded half up, in whole numbers; 0 where `whole` is none.

    Example:
        >>> ratio(np.array([5, 7]), np.array([2, 0])).tolist()
        [3, 0]
    """
    some = np.maximum(whole, 1)
    return np.where(whole > 0, (2 * part + some) // (2 * some), 0)


def _length(marks: Marks, rows: Ints) -> Ints:
    length = media_ms(marks.duration_ms[rows])
    return np.where(length == 0, NONE, length)


def _last_sent(codes: Ints, starts: Ints) -> Ints:
    at = last_where(codes != NONE, starts)
    return np.where(at >= 0, codes[at], NONE)


def _known(values: Ints, parts: int) -> pl.Series:
    """Returns numbers of parts as wholes, null for `NONE`."""
    series = pl.Series(values, dtype=pl.Int64)
    return pl.select(pl.when(series != NONE).then(series / parts)).to_series()
