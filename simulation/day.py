"""A school day as a stream of records in the order of their arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from math import exp
from random import Random
from typing import Final

from dataflows.kafka.topics import CLICKSTREAM
from simulation.behaviour import Visitor, Waits, visit
from simulation.faults import NO_FAULTS, Faults, Truth, between
from simulation.platform import ONLY_CLICKS, Platform, Reporter, Sent, clicks
from simulation.records import Record, Recorder
from simulation.school import School, Student
from simulation.timetable import Period, period_at, subject_of
from simulation.whereabouts import Stay, Whereabouts

__all__ = ["Record", "SchoolDay"]

# how many seconds pass between two events of one student who is online, at a natural pace; found by running
NATURAL_S: Final = 9.5
# share of a class that comes to a lesson, and at most of the school that looks in between lessons
PRESENT: Final = 0.93
PAUSING_AT_MOST: Final = 0.5
# how long a student is away who left early, and how long the way from one lesson to the next takes
AWAY_MS: Final = (60_000, 300_000)
CHANGE_MS: Final = (500, 20_000)
MIN_PACE: Final = 1e-4
PAUSING_PACE: Final = (0.5, 1.5)
SETTLE_S: Final = 5.0
# students come over so many mean intervals between two events; fewer would be a burst
SPREAD: Final = 1.6
# a mask: the pace is found anew every 64 steps
PACE_EVERY: Final = 63
# share of those who are in the middle of something when the simulation starts
ARRIVED: Final = 0.7


class SchoolDay:
    """Students of a school who come, learn and go; iterate `events()` to let time pass.

    The same school, seed and rate give the same behaviour relative to the start; event ids also depend on the start,
    so that two days are not taken for repeats of each other.

    Attributes:
        truth: What has been made so far.

    Example:
        >>> from simulation.school import build_school
        >>> day = SchoolDay(build_school(60, seed=1), start_ms=1_700_000_000_000, rate=20)
        >>> records = list(day.events(seconds=10))
        >>> day.truth.records == len(records)
        True
    """

    def __init__(  # noqa: PLR0913 (each is a dial of its own)
        self,
        school: School,
        start_ms: int,
        rate: float,
        *,
        seed: int | None = None,
        faults: Faults = NO_FAULTS,
        flat: bool = False,
        classes: int | None = None,
        platform: Platform = ONLY_CLICKS,
        tell: Callable[[Stay], object] | None = None,
    ) -> None:
        """Prepares a day.

        Args:
            school: Who may come.
            start_ms: When the first lesson begins, epoch milliseconds.
            rate: Events per second in a lesson.
            seed: Decides the behaviour; the school's seed where it is None.
            faults: What goes wrong on the way (`fast_clocks` is the school's).
            flat: Lessons without breaks and nights.
            classes: How many classes learn at once; by default as many as make `rate` at a natural pace.
            platform: What is sent beside the clickstream; `everything()` yields it.
            tell: Gets every stretch of time that a student really spent on a chapter.
        """
        self.truth = Truth()
        self._school = school
        self._start_ms = start_ms
        self._rate = rate
        self._flat = flat
        self._rng = Random(f"day/{school.seed if seed is None else seed}")  # noqa: S311 (no secret)
        self._recorder = Recorder(start_ms, self._rng, faults, self.truth)
        self._reporter = Reporter(platform, start_ms, school.seed if seed is None else seed, self.truth)
        self._whereabouts = Whereabouts(start_ms, tell) if tell else None
        self._watched = platform != ONLY_CLICKS or tell is not None
        self._at_once = classes or self._classes_needed()
        self._online: set[str] = set()
        self._chosen: set[int] = set()
        self._heap: list[tuple[int, int, Visitor, Waits]] = []
        self._number = 0
        self._due = 0.0
        self._paced_ms = 0
        self._now_ms = 0

    def events(self, seconds: float | None = None) -> Iterator[Record]:
        """Yields the clickstream in the order of its arrival, for ever or for so many simulated seconds."""
        return clicks(self.everything(seconds))

    def everything(self, seconds: float | None = None) -> Iterator[Sent]:
        """Yields (topic, record) in the order of arrival, for ever or for so many simulated seconds.

        When the time is over everybody leaves: what is still open is closed then.
        """
        end_ms = None if seconds is None else round(seconds * 1000)
        heap = self._heap
        period = period_at(0, flat=self._flat)
        self._begin(period)
        pace = self._pace(period, 0)
        steps = 0
        while True:
            due_ms = heap[0][0] if heap else period.ends_ms
            due_ms = min(due_ms, period.ends_ms)
            for repeat in self._recorder.repeats(due_ms if end_ms is None else min(due_ms, end_ms - 1)):
                yield CLICKSTREAM, repeat
            if end_ms is not None and due_ms >= end_ms:
                yield from self.leave(end_ms)
                return
            self._now_ms = due_ms
            if due_ms == period.ends_ms:
                period = period_at(due_ms, flat=self._flat)
                self._begin(period)
                pace = self._pace(period, due_ms)
                continue
            _, number, visitor, waits = heappop(heap)
            visitor.now_ms = due_ms
            visitor.name = ""
            wait_s = next(waits, None)
            if wait_s is None:
                yield from self._beside(due_ms, visitor)
                self._online.discard(visitor.student.student_id)
                self._return_later(visitor, period, due_ms)
                continue
            steps += 1
            if not steps & PACE_EVERY:
                pace = self._pace(period, due_ms)
            heappush(heap, (due_ms + 1 + int(wait_s * pace * 1000), number, visitor, waits))
            if visitor.name:
                yield CLICKSTREAM, self._recorder.record(due_ms, visitor)
            if self._watched:
                yield from self._beside(due_ms, visitor)

    def leave(self, at_ms: int | None = None) -> Iterator[Sent]:
        """Lets everybody leave without a word; by default now. Call it where `everything()` was given up.

        Yields:
            What the platform reports of that.
        """
        at_ms = self._now_ms if at_ms is None else at_ms
        for _, _, visitor, _ in sorted(self._heap, key=lambda entry: entry[1]):
            visitor.now_ms = at_ms
            visitor.name = ""
            while visitor.tabs:
                visitor.close()
            yield from self._beside(at_ms, visitor)
        self._heap.clear()

    def _beside(self, at_ms: int, visitor: Visitor) -> Iterator[Sent]:
        if self._whereabouts:
            self._whereabouts.note(visitor.student.student_id, visitor.attends, at_ms)
        return self._reporter.after(at_ms, visitor)

    def _begin(self, period: Period) -> None:
        """Lets the students of a period come; whoever is still busy with the last one comes when done."""
        count = len(self._school.classes)
        # what the last period made too much or too little is not this one's debt
        self._due, self._paced_ms = float(self.truth.accepted), period.starts_ms
        if period.lesson:
            first = (period.number // 2) * self._at_once
            self._chosen = {(first + step) % count for step in range(self._at_once)}
            share = PRESENT
        else:
            self._chosen = set(range(count))
            natural = self._rate * period.rate_share * NATURAL_S
            share = min(PAUSING_AT_MOST, natural / self._school.students)
        coming = [
            (number, student)
            for number in sorted(self._chosen)
            for student in self._school.classes[number].students
            if student.student_id not in self._online and self._rng.random() < share
        ]
        spread_s = SPREAD * (len(self._online) + len(coming)) / (self._rate * period.rate_share)
        for number, student in coming:
            at_ms = period.starts_ms + int(self._rng.random() * spread_s * 1000)
            arrived = period.starts_ms == 0 and self._rng.random() < ARRIVED
            self._admit(student, number, period, at_ms, arrived=arrived)

    def _admit(self, student: Student, class_number: int, period: Period, at_ms: int, *, arrived: bool = False) -> None:
        group = self._school.classes[class_number]
        chapters = group.courses[subject_of(self._school, class_number, period)]
        reached = group.reached[chapters[0].subject_id]
        if self._rng.random() < 0.2:
            # behind, or ahead
            reached = max(1, min(len(chapters), reached + self._rng.choice((-1, -1, 1))))
        self._number += 1
        session = f"{student.student_id}-{self._start_ms // 1000:x}-{self._number:x}"
        visitor = Visitor(student, class_number, session, period.ends_ms, self._rng)
        visitor.others = chapters
        self._reporter.equip(visitor)
        self._online.add(student.student_id)
        waits = visit(visitor, chapters[reached - 1], arrived=arrived)
        heappush(self._heap, (at_ms, self._number, visitor, waits))

    def _return_later(self, visitor: Visitor, period: Period, now_ms: int) -> None:
        """Brings a student back: at once for the next lesson, after a while where the last was left early.

        Between lessons somebody else comes instead.
        """
        if visitor.class_number not in self._chosen:
            return
        if not period.lesson:
            number = self._rng.randrange(len(self._school.classes))
            other = self._rng.choice(self._school.classes[number].students)
            if visitor.until_ms == period.ends_ms and other.student_id not in self._online:
                self._admit(other, number, period, now_ms + between(self._rng, CHANGE_MS))
            return
        pause_ms = between(self._rng, AWAY_MS if visitor.until_ms == period.ends_ms else CHANGE_MS)
        if now_ms + pause_ms < period.ends_ms:
            self._admit(visitor.student, visitor.class_number, period, now_ms + pause_ms)

    def _pace(self, period: Period, now_ms: int) -> float:
        """Returns the factor on every wait that makes the students who are online give the rate.

        What has been made too much or too little so far is worked off within some `SETTLE_S`.
        """
        rate = self._rate * period.rate_share
        self._due += rate * (now_ms - self._paced_ms) / 1000
        self._paced_ms = now_ms
        ahead_s = (self.truth.accepted - self._due) / rate
        correction = exp(max(-1.5, min(1.5, ahead_s / SETTLE_S)))
        pace = max(MIN_PACE, len(self._online) / (rate * NATURAL_S) * correction)
        # whoever is still busy when the lesson ends is not slowed down to the break's rate
        # and nobody makes up for those who are not there
        return pace if period.lesson else max(PAUSING_PACE[0], min(pace, PAUSING_PACE[1]))

    def _classes_needed(self) -> int:
        per_class = PRESENT * self._school.students / len(self._school.classes) / NATURAL_S
        return max(1, min(len(self._school.classes), round(self._rate / per_class)))
