"""Score rows: one for every minute that became final and every student who is active or idle at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflows.engagement.base import Base
from dataflows.engagement.fold import NIBBLES, Folded, last_upto
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.ordering import order_of
from dataflows.operators.segments import Ints, starts_of
from dataflows.operators.session import NO_TIME
from dataflows.scores.engagement import INTENSITY_MINUTES, Scores, engagement_scores, streak_days


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """Score rows; all arrays have shape (n,).

    Attributes:
        member: Index of the student.
        minute: Packed minute.
        class_code: Code of the class as of the minute's end, or -1.
        scores: Score and parts as of the minute's end.
    """

    member: Ints
    minute: Ints
    class_code: Ints
    scores: Scores


@dataclass(frozen=True, slots=True)
class _Spans:
    """Stretches of minutes in which nothing happens to a member after the first; shape (spans,)."""

    member: Ints
    first: Ints
    last: Ints
    last_ms: Ints
    session_minutes: Ints
    day_bits: Ints
    last_day: Ints
    class_code: Ints


def score_rows(  # noqa: PLR0913
    base: Base,
    folded: Folded,
    facts: Ints,
    fact_weights: Ints,
    fact_until: Ints,
    fact_class: Ints,
    first_minute: int,
    last_minute: int,
    offline_ms: int,
    calendar: Calendar,
) -> ScoreRows:
    """Returns the rows of the minutes `first_minute` … `last_minute` (packed, inclusive).

    Args:
        base: Where members stood before `first_minute`.
        folded: The fold of the marks in those minutes.
        facts: Packed (member, minute) of every minute with a counted event, ascending, shape (facts,).
        fact_weights: Each one's weight in tenths.
        fact_until: Expected end of the playing video as of each, `NO_TIME` where none plays.
        fact_class: Class code as of each.
        first_minute: The first minute that became final.
        last_minute: The last one.
        offline_ms: Inactivity after which a student is offline.
        calendar: Local days.
    """
    spans = _spans(base, folded, facts, fact_until, fact_class, first_minute, last_minute, offline_ms)
    length = np.maximum(0, spans.last - spans.first + 1)
    row = np.repeat(np.arange(len(length)), length)
    minute = spans.first[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    member = spans.member[row]
    ends_ms = packing.minute_ms(minute) + packing.MINUTE_MS
    scores = engagement_scores(
        ends_ms - spans.last_ms[row],
        _tenths(base, facts, fact_weights, member, minute, np.unique(spans.member)),
        spans.session_minutes[row],
        _streaks(spans, row, calendar.day_of(minute)),
    )
    return ScoreRows(member, minute, spans.class_code[row], scores)


def _spans(  # noqa: PLR0913
    base: Base,
    folded: Folded,
    facts: Ints,
    until: Ints,
    class_code: Ints,
    first_minute: int,
    last_minute: int,
    offline_ms: int,
) -> _Spans:
    carried = np.flatnonzero(base.last_ms > NO_TIME)
    fact_member, fact_minute = packing.student_of(facts), packing.minute_in(facts)
    mark = last_upto(packing.student_minute(folded.member, folded.minute), facts)
    has = mark >= 0
    at = np.maximum(mark, 0)

    def as_of(after: Ints, before: Ints) -> Ints:
        return np.where(has, after[at], before[fact_member]) if len(after) else before[fact_member]

    last_ms = np.concatenate([base.last_ms[carried], as_of(folded.sessions.last_ms, base.last_ms)])
    end_ms = np.concatenate([base.end_ms[carried], as_of(folded.sessions.end_ms, base.end_ms)])
    until_ms = np.concatenate([base.until_ms[carried], until])
    # A member's next fact ends the stretch; the first fact ends the carried one.
    next_fact = np.full(len(facts), last_minute + 1, np.int64)
    same = np.flatnonzero(fact_member[1:] == fact_member[:-1])
    next_fact[same] = fact_minute[same + 1]
    first_fact = np.full(len(base), last_minute + 1, np.int64)
    begins = starts_of(fact_member)
    first_fact[fact_member[begins]] = fact_minute[begins]
    stretch_end = np.concatenate([first_fact[carried], next_fact]) - 1
    active_ms = np.maximum(last_ms, until_ms) + offline_ms
    # Online as of a minute's end T iff T < active_ms, so the last such minute ends before it.
    online_upto = -((-active_ms) // packing.MINUTE_MS) - 2 - packing.EPOCH_MIN
    online = (last_ms > NO_TIME) & (end_ms <= last_ms)
    return _Spans(
        member=np.concatenate([carried, fact_member]),
        first=np.concatenate([np.full(len(carried), first_minute, np.int64), fact_minute]),
        last=np.where(online, np.minimum(stretch_end, online_upto), -1),
        last_ms=last_ms,
        session_minutes=np.concatenate(
            [base.session_minutes[carried], as_of(folded.session_minutes, base.session_minutes)]
        ),
        day_bits=np.concatenate([base.day_bits[carried], as_of(folded.day_bits, base.day_bits)]),
        last_day=np.concatenate([base.last_day[carried], as_of(folded.last_day, base.last_day)]),
        class_code=np.concatenate([base.class_code[carried], class_code]),
    )


def _tenths(base: Base, facts: Ints, weights: Ints, member: Ints, minute: Ints, members: Ints) -> Ints:  # noqa: PLR0913
    """Returns the sum of the last ten minutes' weights as of the end of each row's minute."""
    known = members[base.last_ms[members] > NO_TIME]
    newest = packing.minute_of(base.last_ms[known])
    back = np.arange(NIBBLES)
    nibble = (base.weights[known][:, None] >> (4 * back)) & 15
    keys = np.concatenate([packing.student_minute(known[:, None], newest[:, None] - back).ravel(), facts])
    order = order_of(keys)
    keys = keys[order]
    total = np.concatenate(([0], np.cumsum(np.concatenate([nibble.ravel(), weights])[order])))
    upto = np.searchsorted(keys, packing.student_minute(member, minute), side="right")
    since = np.searchsorted(keys, packing.student_minute(member, minute - INTENSITY_MINUTES + 1), side="left")
    return total[upto] - total[since]


def _streaks(spans: _Spans, row: Ints, day: Ints) -> Ints:
    if not len(row):
        return row
    keys, at = np.unique(row << 20 | day, return_inverse=True)
    span, today = keys >> 20, keys & ((1 << 20) - 1)
    return streak_days(spans.day_bits[span], spans.last_day[span], today)[at]
