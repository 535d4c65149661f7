"""The queue as a teacher would have seen it: who stood among the first three of a class, and since when."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dataflows.stuck import rules
from dataflows.stuck.episodes import Episode
from dataflows.stuck.marks import Mark
from dataflows.stuck.students import folded

AT_ONCE: Final = 3
IDLE_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Call:
    """A stretch in which a rule calls a student with one chance; an episode is several, as its evidence grows.

    Attributes:
        student: Who.
        group: The class; where none is told the course, else everybody.
        item: On what.
        kind: By which rule.
        since_ms: Since when it goes wrong.
        called_ms: When the episode was called.
        from_ms: Since when it had this chance: what is known later does not count before.
        until_ms: When that ended.
        chance: In thousandths; the higher first.
    """

    student: str
    group: str
    item: str
    kind: str
    since_ms: int
    called_ms: int
    from_ms: int
    until_ms: int
    chance: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the list.

    Attributes:
        call: The call as it then was.
        at_ms: When it first stood among the first three.
        eligible_ms: Since when it would have stood there, had nobody been before it.
    """

    call: Call
    at_ms: int
    eligible_ms: int


def calls_of(student: str, marks: list[Mark], ends_ms: int, chances: dict[str, int] | None = None) -> list[Call]:
    """Returns what the flow would have called of a student."""
    sittings = folded(marks, chances)
    if sittings:
        sittings[-1].settle(ends_ms)
    return [call for sitting in sittings for e in sitting.episodes for call in _steps_of(student, e, ends_ms)]


def _steps_of(student: str, e: Episode, ends_ms: int) -> list[Call]:
    until_ms = ends_ms if e.ended_ms is None else e.ended_ms
    following = [*(at_ms for at_ms, _ in e.steps[1:]), until_ms]
    group = e.class_id or e.course_id
    return [
        Call(student, group, e.item, e.kind, e.since_ms, e.began_ms, at_ms, next_ms, chance)
        for (at_ms, chance), next_ms in zip(e.steps, following, strict=True)
    ]


def idle_calls_of(student: str, marks: Sequence[Mark], ends_ms: int) -> list[Call]:
    """Returns what the plain rule calls: nothing done for five minutes, for as long as the student is not gone."""
    found = []
    following = [*(mark.time_ms for mark in marks[1:]), ends_ms]
    item, group = "", ""
    for mark, next_ms in zip(marks, following, strict=True):
        item, group = mark.item or item, mark.class_id or mark.course_id or group
        if next_ms - mark.time_ms >= IDLE_MS and item:
            until_ms = min(next_ms, mark.time_ms + rules.LEFT_MS)
            at_ms = mark.time_ms + IDLE_MS
            found.append(Call(student, group, item, "idle", mark.time_ms, at_ms, at_ms, until_ms))
    return found


def listed(calls: Iterable[Call], at_once: int = AT_ONCE, least: int = 0) -> list[Listed]:
    """Returns the calls that ever stood among the first of their class, each with when it first did.

    Args:
        calls: All calls.
        at_once: So many are listed at a time.
        least: Calls of a lower chance are not listed.
    """
    groups: dict[str, list[Call]] = {}
    for call in calls:
        if call.chance >= least:
            groups.setdefault(call.group, []).append(call)
    return sorted(
        (one for mine in groups.values() for one in _listed(mine, at_once)),
        key=lambda one: (one.at_ms, one.call.student, one.call.item),
    )


def _listed(calls: list[Call], at_once: int) -> list[Listed]:
    turns = sorted({at for call in calls for at in (call.from_ms, call.until_ms)})
    begin = sorted(calls, key=lambda call: call.from_ms)
    found: dict[tuple[str, str, int], Listed] = {}
    eligible: dict[tuple[str, str, int], int] = {}
    for call in begin:
        eligible.setdefault((call.student, call.item, call.called_ms), call.from_ms)
    going: list[Call] = []
    place = 0
    for at_ms in turns:
        going = [call for call in going if call.until_ms > at_ms]
        while place < len(begin) and begin[place].from_ms <= at_ms:
            if begin[place].until_ms > at_ms or begin[place].from_ms == at_ms:
                going.append(begin[place])
            place += 1
        going.sort(key=lambda call: (-call.chance, call.called_ms, call.student, call.item))
        shown: set[str] = set()
        for call in going:
            if len(shown) == at_once:
                break
            if call.student not in shown:
                shown.add(call.student)
                entry = (call.student, call.item, call.called_ms)
                found.setdefault(entry, Listed(call, at_ms, eligible[entry]))
    return list(found.values())


def working_at(
    students: Mapping[str, Sequence[Mark]], times: Mapping[str, Sequence[int]]
) -> Iterator[tuple[str, str, int]]:
    """Yields who worked on what at some moments: (student, item, moment), seen in the last five minutes.

    Args:
        students: Marks by student.
        times: By class the moments, ascending.
    """
    for student, marks in students.items():
        item, group = "", ""
        following = [*(mark.time_ms for mark in marks[1:]), marks[-1].time_ms + IDLE_MS] if marks else []
        for mark, next_ms in zip(marks, following, strict=True):
            item, group = mark.item or item, mark.class_id or mark.course_id or group
            moments = times.get(group, ())
            first = bisect_left(moments, mark.time_ms)
            last = bisect_left(moments, min(next_ms, mark.time_ms + IDLE_MS))
            for at_ms in moments[first:last] if item else ():
                yield student, item, at_ms
