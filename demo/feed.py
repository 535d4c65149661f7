"""What the demo puts in: some days of history, then a lesson that is going on now, from one simulated school."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dataflows.kafka.producer import Publisher
from dataflows.kafka.ticks import send_ticks, tick_targets
from dataflows.kafka.topics import CLICKSTREAM
from dataflows.settings import Settings
from simulation.day import SchoolDay
from simulation.faults import Faults
from simulation.platform import Platform, Sent
from simulation.school import School

HISTORY_DAYS: Final = 3
HISTORY_DAY_S: Final = 3 * 3600
HISTORY_STARTS_H: Final = 8
HISTORY_RATE: Final = 2.8  # one class at a time, at a natural pace
LESSON_BEGAN_S: Final = 15 * 60  # the trend of ten minutes is whole when it is first seen, and sessions have a length
LESSON_SHARE: Final = 0.2  # of the rate, until the present: who was active in five minutes is seen all the same
WARM_UP_S: Final = 90  # the live lesson is in full swing when it is joined
AHEAD_MAX: Final = 60_000  # records that nobody has read yet; the broker in memory keeps about 5 MB a partition
CAUGHT_UP: Final = 100
PLATFORM: Final = Platform(chapter_views=True, learning=True)
STEP_S: Final = 0.05
TICK_S: Final = 1.0
RATE_OVER_S: Final = 5.0


class DatedPublisher(Publisher):
    """Publishes records under a time of our own: the broker in memory takes it for the append time."""

    def send_dated(self, topic: str, key: bytes, value: bytes, append_ms: int) -> None:
        """Queues a record as if it had been appended at `append_ms`; blocks while the queue is full."""
        while True:
            try:
                self.producer.produce(topic, value=value, key=key, timestamp=append_ms)
            except BufferError:
                self.producer.poll(0.1)
            else:
                self.sent += 1
                return


class Feed(threading.Thread):
    """Publishes until it is told to stop: the past as fast as it is read, then the present as it happens.

    The past carries the append times of its own days: it is stored as it would have been then, and no worker takes
    it for live. The present begins when the past has been read.

    Attributes:
        sent: Event records published so far, to all topics; ticks are not among them.
        history: Those of them that belong to the days before.
        today: Those that belong to the minutes before the present.
        live: Set when the present is reached.
        error: What ended the feed, if anything did.
    """

    def __init__(
        self, settings: Settings, school: School, rate: float, unread: Callable[[int], int], *, seed: int
    ) -> None:
        """Prepares a feed and makes the topics, by a tick into each that promises nothing about the past.

        Args:
            settings: Where the broker is, the topics' prefix, the time zone of the history's mornings.
            school: Who learns.
            rate: Events per second of the present lesson.
            unread: Says, of so many records published, how many the slowest flow has not read.
            seed: Decides the behaviour.
        """
        super().__init__(name="feed", daemon=True)
        self.sent = 0
        self.history = 0
        self.today = 0
        self.live = threading.Event()
        self.error: Exception | None = None
        self._settings, self._school, self._unread = settings, school, unread
        self._rate, self._seed = rate, seed
        self._now_ms = time.time_ns() // 1_000_000
        self._stop_asked = threading.Event()
        self._topic = settings.topic(CLICKSTREAM)
        self._publisher = DatedPublisher(settings)
        self._targets = tick_targets(settings)
        self._clicks = 0
        self._ticks = 0
        self._recent: deque[tuple[float, int]] = deque(maxlen=60)
        self._mornings = mornings(self._now_ms, settings.timezone)
        self._tick(self._mornings[0])
        self._publisher.flush()

    @property
    def expected(self) -> int:
        """About how many records of the clickstream's topic the past has; known when the present is reached."""
        if self.live.is_set():
            return self.records
        return round(HISTORY_DAYS * HISTORY_DAY_S * HISTORY_RATE + LESSON_BEGAN_S * LESSON_SHARE * self._rate)

    @property
    def records(self) -> int:
        """Records in the clickstream's topic, ticks included."""
        return self._clicks + self._ticks

    @property
    def rate(self) -> float:
        """Events per second over the last few seconds."""
        recent = list(self._recent)
        now = time.monotonic()
        start = next((entry for entry in recent if now - entry[0] <= RATE_OVER_S), None)
        return (self.sent - start[1]) / (now - start[0]) if start and now - start[0] > 2 else 0.0

    def stop(self) -> None:
        """Ends the feed; everything published is with the broker afterwards."""
        self._stop_asked.set()
        if self.is_alive():
            self.join()
        self._publisher.flush(10)

    def run(self) -> None:
        """Publishes the past, waits until it has been read, then publishes the present."""
        try:
            for morning_ms in self._mornings:
                self._past(self._day(morning_ms, HISTORY_RATE, classes=1).everything(HISTORY_DAY_S))
            self.history = self.sent
            began_ms = self._now_ms - LESSON_BEGAN_S * 1000
            self._past(self._lesson(began_ms, self._rate * LESSON_SHARE).everything(LESSON_BEGAN_S))
            self.today = self.sent - self.history
            self._wait_for_readers(CAUGHT_UP)
            self._present()
        except Exception as error:  # noqa: BLE001 - shown by the main thread, which stops the demo
            self.error = error

    def _day(self, start_ms: int, rate: float, *, classes: int, flat: bool = False) -> SchoolDay:
        seed = self._seed + start_ms // 86_400_000
        return SchoolDay(
            self._school, start_ms, rate, seed=seed, faults=Faults(), classes=classes, flat=flat, platform=PLATFORM
        )

    def _lesson(self, start_ms: int, rate: float) -> SchoolDay:
        """Returns a lesson of the whole school."""
        return self._day(start_ms, rate, classes=len(self._school.classes), flat=True)

    def _past(self, sent: Iterator[Sent]) -> None:
        for topic, (when_ms, key, value) in sent:
            if self._stop_asked.is_set():
                return
            self._publisher.send_dated(self._settings.topic(topic), key, value, when_ms)
            self._count(topic)
            if not self.sent & 2047:
                self._wait_for_readers(AHEAD_MAX)
        self._publisher.flush()

    def _present(self) -> None:
        """Publishes each record when its time has come, and a tick a second."""
        joined_ms = time.time_ns() // 1_000_000
        next_tick = 0.0
        for topic, (when_ms, key, value) in self._lesson(joined_ms - WARM_UP_S * 1000, self._rate).everything():
            if when_ms < joined_ms:
                continue
            self.live.set()
            while not self._stop_asked.is_set() and when_ms / 1000 > time.time():
                self._stop_asked.wait(STEP_S)
            if self._stop_asked.is_set():
                return
            self._publisher.send(self._settings.topic(topic), key, value)
            self._count(topic)
            if (moment := time.monotonic()) >= next_tick:
                next_tick = moment + TICK_S
                self._recent.append((moment, self.sent))
                self._tick(when_ms)
                self._publisher.producer.poll(0)

    def _count(self, topic: str) -> None:
        self.sent += 1
        self._clicks += topic == CLICKSTREAM

    def _tick(self, tick_ms: int) -> None:
        send_ticks(self._publisher, self._targets, tick_ms)
        self._ticks += sum(topic == self._topic for topic, _ in self._targets)

    def _wait_for_readers(self, ahead: int) -> None:
        while not self._stop_asked.is_set() and self._unread(self.records) > ahead:
            self._publisher.producer.poll(STEP_S)


def mornings(now_ms: int, timezone: str) -> list[int]:
    """Returns when the days of history begin, oldest first: the last days before today, 8 o'clock local time.

    Example:
        >>> monday = 1_772_445_600_000
        >>> [(monday - morning) // 3_600_000 for morning in mornings(monday, "UTC")]
        [74, 50, 26]
    """
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(now_ms / 1000, zone).replace(hour=HISTORY_STARTS_H, minute=0, second=0, microsecond=0)
    return [round((day - timedelta(days=ago)).timestamp() * 1000) for ago in range(HISTORY_DAYS, 0, -1)]
