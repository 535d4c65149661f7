"""A log as the moments at which a present student is asked about: what was known, and whether they then went idle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log1p
from typing import Final, NamedTuple

from dataflows.stuck.marks import GONE, NOT_STUCK, Mark

MINUTE_MS: Final = 60_000
IDLE_MS: Final = 300_000
SESSION_MS: Final = 1_800_000
VERBS: Final = 10
LONGEST: Final = 90
SMOOTH: Final = 0.3
FEATURES: Final = 5 + VERBS + 8


class Moment(NamedTuple):
    """One whole minute of a present student.

    Attributes:
        at_ms: When it is asked.
        student: Of whom.
        since: Whole minutes since the last action, 0 to 4.
        minute: Whole minutes since the session began, at most `LONGEST`.
        known: What else was known then, `FEATURES` numbers.
        was: Whether the silence became one of five minutes.
        told_ms: When that was known: at the next action, or after five minutes.
    """

    at_ms: int
    student: str
    since: int
    minute: int
    known: tuple[float, ...]
    was: bool
    told_ms: int


def moments(students: Mapping[str, Sequence[Mark]], ends_ms: int) -> list[Moment]:
    """Returns every moment of a log, by when it is asked.

    A silence that the log's end cuts short is left out: nobody knows what became of it.

    Args:
        students: Marks by student, in their order.
        ends_ms: The log's last event.
    """
    found = [one for student, marks in students.items() for one in _of(student, marks, ends_ms)]
    return sorted(found, key=lambda one: (one.at_ms, one.student))


def _of(student: str, marks: Sequence[Mark], ends_ms: int) -> Iterator[Moment]:
    began, before, pace, idles, silences = 0, 0, 0.0, 0, 0
    recent: list[int] = []
    for place, mark in enumerate(marks):
        following = marks[place + 1].time_ms if place + 1 < len(marks) else None
        at = mark.time_ms
        if not before or at - before >= SESSION_MS:
            began, pace, recent = at, 0.0, []
        elif at > before:
            pace += SMOOTH * (log1p((at - before) / MINUTE_MS) - pace)
        before = at
        recent = [*(one for one in recent if at - one < 3 * IDLE_MS), at]
        if following == at or mark.verb == GONE:
            continue  # the last of an instant speaks for it; who says goodbye is not waited for
        silence = (following if following is not None else ends_ms) - at
        was = silence >= IDLE_MS
        if following is not None or was:
            known_ms = at + min(silence, IDLE_MS)
            for since in range(min(IDLE_MS, silence + (MINUTE_MS if was else 0)) // MINUTE_MS + 1):
                minute_ms = -(-at // MINUTE_MS) * MINUTE_MS + since * MINUTE_MS
                if minute_ms < min(known_ms, at + IDLE_MS):
                    known = _known(mark, minute_ms, began, pace, recent, (idles, silences))
                    minute = min((minute_ms - began) // MINUTE_MS, LONGEST)
                    yield Moment(minute_ms, student, (minute_ms - at) // MINUTE_MS, minute, known, was, known_ms)
            idles, silences = idles + was, silences + 1


def _known(  # noqa: PLR0913, PLR0917 - what is known, piece by piece
    mark: Mark, at_ms: int, began_ms: int, pace: float, recent: Sequence[int], past: tuple[int, int]
) -> tuple[float, ...]:
    since = [0.0] * 5
    since[(at_ms - mark.time_ms) // MINUTE_MS] = 1.0
    verbs = [0.0] * VERBS
    verbs[min(mark.verb, NOT_STUCK) % VERBS] = 1.0
    idles, silences = past
    own = (idles + 1) / (silences + 4)
    minutes = log1p((at_ms - began_ms) / MINUTE_MS)
    last = sum(at_ms - one < IDLE_MS for one in recent)
    exact = (at_ms - mark.time_ms) / IDLE_MS
    return (*since, *verbs, minutes / 3, pace, own, log1p(last), log1p(len(recent)), own * exact, pace * exact, 1.0)
