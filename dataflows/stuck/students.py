"""The students of one task who are active: their marks, the fold of each, and whose rows have changed."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from dataflows.stuck import rules
from dataflows.stuck.episodes import Episode
from dataflows.stuck.marks import Mark
from dataflows.stuck.sitting import FOREVER_MS, Sitting

NEVER_MS: Final = -FOREVER_MS
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(list[Mark])


@dataclass(slots=True)
class Student:
    """One student.

    Attributes:
        marks: In their order, from the first sitting that an event in time may still change.
        folded: How many of them `sittings` holds, the first ones.
        sittings: Their fold.
        base: How many marks `settled` holds: so many that no event in time can come between them.
        settled: The fold of these, from which it goes on where an event came out of its order.
        due_ms: When time alone next changes something.
        queued_ms: For when the heap of timers has the student: never later than that. One entry each, however many
            events there are.
        packed: The marks as a snapshot holds them; empty where they have changed since.
    """

    marks: list[Mark] = field(default_factory=list)
    folded: int = 0
    sittings: list[Sitting] = field(default_factory=list)
    base: int = 0
    settled: list[Sitting] = field(default_factory=list)
    due_ms: int = FOREVER_MS
    queued_ms: int = FOREVER_MS
    packed: bytes = b""

    def pack(self) -> bytes:
        """Returns the marks as bytes: of most students, as they were in the last snapshot."""
        self.packed = self.packed or _encoder.encode(self.marks)
        return self.packed

    def add(self, mark: Mark) -> None:
        """Puts a mark in its place."""
        self.packed = b""
        if not self.marks or mark > self.marks[-1]:
            self.marks.append(mark)
            return
        place = bisect_left(self.marks, mark)
        self.marks.insert(place, mark)
        if place < self.folded:
            self.folded = -1
        if place < self.base:
            self.base, self.settled = 0, []

    def fold(self, settled_ms: int, chances: dict[str, int] | None) -> None:
        """Folds what is new.

        Args:
            settled_ms: What happened up to here is told; only later events may still come.
            chances: Chance by kind.
        """
        if self.folded < 0:
            base = bisect_right(self.marks, (settled_ms, FOREVER_MS), self.base)
            for mark in self.marks[self.base : base]:
                _go_on(self.settled, mark, chances)
            self.base, self.folded = base, base
            self.sittings = [*self.settled[:-1], *(one.copy() for one in self.settled[-1:])]
        for mark in self.marks[self.folded :]:
            _go_on(self.sittings, mark, chances)
        self.folded = len(self.marks)


@dataclass(frozen=True, slots=True)
class Reported:
    """What of a student is to be written: all episodes since a moment; what else stands there goes."""

    student_id: str
    since_ms: int
    episodes: list[Episode]


class Students:
    """Marks in, episodes out; what it holds depends on the log alone, whatever the batches."""

    def __init__(self, lateness_ms: int, chances: dict[str, int] | None = None) -> None:
        """Starts without students.

        Args:
            lateness_ms: How much later than the watermark an event may be.
            chances: Chance by kind in thousandths; by default `rules.CHANCES`.
        """
        self._lateness_ms, self._chances = lateness_ms, chances
        self._students: dict[str, Student] = {}
        self._changed: set[str] = set()
        self._timers: list[tuple[int, str]] = []
        self._ends: list[tuple[int, str]] = []

    def __len__(self) -> int:
        """How many students are held."""
        return len(self._students)

    def add(self, student_id: str, mark: Mark) -> None:
        """Takes an event that is neither late nor repeated."""
        student = self._students.get(student_id)
        if student is None:
            student = self._students[student_id] = Student()
            heapq.heappush(self._ends, (mark.time_ms + rules.SITTING_GAP_MS + self._lateness_ms, student_id))
        student.add(mark)
        self._changed.add(student_id)

    def _over_ms(self, student: Student) -> int:
        return student.marks[-1].time_ms + rules.SITTING_GAP_MS + self._lateness_ms

    def _wait(self, student_id: str, student: Student, due_ms: int) -> None:
        student.due_ms = due_ms
        if due_ms < student.queued_ms:
            student.queued_ms = due_ms
            heapq.heappush(self._timers, (due_ms, student_id))

    def take(self, low_ms: int) -> list[Reported]:
        """Returns what has changed, as of the moment up to which the task is settled, and forgets who is long gone.

        Args:
            low_ms: Up to when no further event in time is to be expected by the watermark.
        """
        reported = []
        for student_id in self._changed:
            student = self._students[student_id]
            student.fold(low_ms - self._lateness_ms, self._chances)
            self._wait(student_id, student, student.sittings[-1].due_ms())
        for student_id in sorted(self._changed | self._fired(low_ms)):
            student = self._students[student_id]
            reported.append(Reported(student_id, student.marks[0].time_ms, episodes_of(student.sittings, low_ms)))
        self._changed.clear()
        self._forget(low_ms)
        return reported

    def _fired(self, low_ms: int) -> set[str]:
        fired = set()
        while self._timers and self._timers[0][0] <= low_ms:
            at_ms, student_id = heapq.heappop(self._timers)
            student = self._students.get(student_id)
            if student is None or at_ms != student.queued_ms:
                continue
            student.queued_ms = FOREVER_MS
            due_ms = student.due_ms
            if due_ms <= low_ms:
                fired.add(student_id)
                shown = student.sittings[-1].copy()
                shown.settle(low_ms)
                due_ms = shown.due_ms()
            self._wait(student_id, student, due_ms)
        return fired

    def _forget(self, low_ms: int) -> None:
        while self._ends and self._ends[0][0] <= low_ms:
            _at, student_id = heapq.heappop(self._ends)
            student = self._students[student_id]
            over_ms = self._over_ms(student)
            if over_ms <= low_ms:
                del self._students[student_id]
            else:
                self._shorten(student, low_ms)
                heapq.heappush(self._ends, (over_ms, student_id))

    def _shorten(self, student: Student, low_ms: int) -> None:
        """Forgets the sittings before the last one that began so long ago that no event in time can reach them."""
        limit_ms = low_ms - self._lateness_ms
        keep = [at for at, one in enumerate(student.sittings) if at and one.began_ms <= limit_ms]
        if keep:
            first = student.sittings[keep[-1]].began_ms
            student.marks = student.marks[bisect_left(student.marks, (first,)) :]
            student.sittings = student.sittings[keep[-1] :]
            student.folded, student.base, student.settled, student.packed = len(student.marks), 0, [], b""

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold: the marks, packed; their fold is made from them."""
        return {
            "marks": {name: one.pack() for name, one in self._students.items()},
            "changed": sorted(self._changed),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state; in version 4 the marks of a student are a list."""
        self._students, self._timers, self._ends = {}, [], []
        for name, kept in state["marks"].items():
            marks = kept if isinstance(kept, bytes) else _encoder.encode(kept)
            student = Student(_decoder.decode(marks), packed=marks)
            student.fold(NEVER_MS, self._chances)
            self._students[name] = student
            self._wait(name, student, student.sittings[-1].due_ms())
            self._ends.append((self._over_ms(student), name))
        heapq.heapify(self._ends)
        self._changed = set(state["changed"])


def folded(marks: list[Mark], chances: dict[str, int] | None = None) -> list[Sitting]:
    """Returns the sittings of a student's marks, which are in their order."""
    sittings: list[Sitting] = []
    for mark in marks:
        _go_on(sittings, mark, chances)
    return sittings


def _go_on(sittings: list[Sitting], mark: Mark, chances: dict[str, int] | None = None) -> None:
    """Takes the next mark: a sitting ends with a silence of two hours, or after a day."""
    last = sittings[-1] if sittings else None
    if (
        last is None
        or mark.time_ms - max(last.last_ms, last.began_ms) >= rules.SITTING_GAP_MS
        or mark.time_ms - last.began_ms >= rules.SITTING_MOST_MS
    ):
        if last is not None:
            last.close(mark.time_ms - 1)
        last = Sitting(chances)
        last.began_ms = last.last_ms = mark.time_ms
        sittings.append(last)
    last.take(mark)


def episodes_of(sittings: list[Sitting], now_ms: int) -> list[Episode]:
    """Returns all episodes of a student as of a moment, by when they began."""
    found: list[Episode] = []
    for sitting in sittings[:-1]:
        found.extend(sitting.episodes)
    if sittings:
        last = sittings[-1]
        if last.due_ms() <= now_ms:
            last = last.copy()
            last.settle(now_ms)
        found.extend(last.episodes)
    return found
