"""Weeks of a simulated school, written by the archive flow as if they had come through Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from bench.alerts.incidents import Chances, Happening, Incident, Lesson, incidents_of, sparser
from dataflows.archive import flow as archive
from dataflows.batch import Records, TaskBatch
from dataflows.kafka.keys import partition_of
from dataflows.kafka.topics import CLICKSTREAM
from dataflows.settings import Settings
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer
from simulation.day import NATURAL_S, PRESENT, SchoolDay
from simulation.faults import Faults
from simulation.platform import Sent
from simulation.school import School
from simulation.timetable import LESSONS, period_at, subject_of

PARTITIONS: Final = 1
TICK_MS: Final = 10_000
FLUSH: Final = 5_000
BEGINS: Final = time(8)
AFTER_LESSONS_S: Final = 1800
SHARE: Final = 0.3


class Store:
    """Writes records into table `events` through the archive flow, with a tick in every partition now and then."""

    def __init__(self, database_url: str, settings: Settings) -> None:
        """Claims the tasks."""
        self._settings, self._topic = settings, settings.topic(CLICKSTREAM)
        self._writer = Writer(database_url, archive.FLOW, Freshness(), lambda _topic, _records: None, lambda: True)
        self._claims = [claim_task(database_url, archive.FLOW, task) for task in range(PARTITIONS)]
        self._keepers = [archive.KeepRows(settings) for _ in self._claims]
        self._offsets = [0] * PARTITIONS
        self._tasks: dict[bytes, int] = {}
        self._waiting: list[Records] = []
        self._new()

    def take(self, sent: Iterable[Sent], until_ms: int, *, tick: bool = True) -> int:
        """Writes records in the order of their arrival, then a tick; returns how many.

        Args:
            sent: The records.
            until_ms: When the last tick comes.
            tick: Whether ticks come in between.
        """
        count, ticked_ms = 0, 0
        for _topic, (at_ms, key, value) in sent:
            if tick and at_ms - ticked_ms >= TICK_MS:
                ticked_ms = self._tick(at_ms)
            if not count % FLUSH:
                self._flush()
            task = self._tasks.get(key)
            if task is None:
                task = self._tasks.setdefault(key, partition_of(key, PARTITIONS))
            self._add(task, at_ms, key, value, None)
            count += 1
        self._tick(until_ms)
        self._flush()
        return count

    def close(self) -> None:
        """Closes the connection."""
        self._writer.close()

    def _tick(self, at_ms: int) -> int:
        for task in range(PARTITIONS):
            self._add(task, at_ms, None, None, at_ms)
        return at_ms

    def _add(self, task: int, at_ms: int, key: bytes | None, value: bytes | None, tick_ms: int | None) -> None:
        records = self._waiting[task]
        records.offsets.append(self._offsets[task])
        records.append_ms.append(at_ms)
        records.keys.append(key)
        records.values.append(value)
        records.ticks.append(tick_ms)
        self._offsets[task] += 1

    def _new(self) -> None:
        self._waiting = [Records(self._topic, task) for task in range(PARTITIONS)]

    def _flush(self) -> None:
        written: list[tuple[str, Any]] = []
        for task, records in enumerate(self._waiting):
            batch = TaskBatch(
                task=task,
                generation=self._claims[task].generation,
                floor={},
                records=[records] if records.offsets else [],
                offsets={self._topic: self._offsets[task]},
                flush=True,
                topic_ids={},
                cluster_id="",
                live_from_ms=1 << 62,
            )
            kept = self._keepers[task].process(archive.decode(batch, self._settings))
            written += [(str(task), change) for change in kept.changes]
        self._writer.write_batch(written)
        self._new()


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a class has a lesson: some of the day's lessons, the same every school day."""

    school: School
    at_once: int

    def lessons(self, day: date) -> Iterator[tuple[Lesson, str]]:
        """Yields the lessons of a day with their subjects."""
        begins_ms = round(datetime.combine(day, BEGINS, UTC).timestamp() * 1000)
        since_ms = 0
        for number in range(LESSONS):
            period = period_at(since_ms)
            for step in range(self.at_once):
                place = (number * self.at_once + step) % len(self.school.classes)
                subject = subject_of(self.school, place, period)
                yield (
                    Lesson(
                        self.school.classes[place].class_id, begins_ms + period.starts_ms, begins_ms + period.ends_ms
                    ),
                    subject,
                )
            since_ms = period_at(period.ends_ms).ends_ms

    def periods(self, day: date) -> Iterator[dict[str, Any]]:
        """Yields the rows of `periods` of a school week, whose Monday may be any."""
        for lesson, subject in self.lessons(day):
            starts, ends = (datetime.fromtimestamp(ms / 1000, UTC).time() for ms in (lesson.from_ms, lesson.until_ms))
            for weekday in range(1, 6):
                yield {
                    "class_id": lesson.class_id,
                    "weekday": weekday,
                    "starts": starts,
                    "ends": ends,
                    "subject_id": subject,
                }


def school_days(first: date, weeks: int) -> list[date]:
    """Returns Mondays to Fridays."""
    days = [first + timedelta(days=n) for n in range(7 * weeks)]
    return [day for day in days if day.isoweekday() <= 5]


def play(  # noqa: PLR0913, PLR0917
    store: Store,
    timetable: Timetable,
    days: list[date],
    seed: int,
    chances: Chances,
    faults: Faults,
    say: Callable[[str], None] = lambda _text: None,
) -> list[Incident]:
    """Writes days, each with behaviour of its own; returns what happened."""
    school, found = timetable.school, list[Incident]()
    rate = PRESENT * school.students * timetable.at_once / len(school.classes) / NATURAL_S
    for day in days:
        begins_ms = round(datetime.combine(day, BEGINS, UTC).timestamp() * 1000)
        rng = Random(f"{seed}/{day}")  # noqa: S311 (no secret)
        incidents = incidents_of([lesson for lesson, _ in timetable.lessons(day)], school, rng, chances)
        simulated = SchoolDay(
            school, begins_ms, rate, seed=hash((seed, day.toordinal())), faults=faults, classes=timetable.at_once
        )
        seconds = LESSONS * 50 * 60 + AFTER_LESSONS_S
        count = store.take(
            Happening(incidents, Random(f"pings/{seed}/{day}")).befalls(  # noqa: S311 (no secret)
                sparser(simulated.everything(seconds), SHARE, rng)
            ),
            begins_ms + seconds * 1000 + 3_600_000,
        )
        found += incidents
        say(f"{day}: {count:,} events, {len(incidents)} incidents")
    return found
