"""When the tasks of a process write: once a second, all in one transaction."""

from __future__ import annotations

import time

from dataflows.kafka.watch import LogWatch


class FlushTimer:
    """The process's once-a-second pulse: all its tasks write in one transaction.

    Before each flush the broker is asked whether the topics are still the same; until it has answered nothing is
    fetched, so that what is written is certain to be of them (`LogWatch`).
    """

    def __init__(self, interval_s: float, watch: LogWatch) -> None:
        """Starts the pulse; `interval_s` in seconds."""
        self._interval, self.watch = interval_s, watch
        self._next = time.monotonic() + interval_s
        self.asking = False
        self.number = 0

    def now(self) -> int:
        """Returns the number of the current flush."""
        if not self.asking and time.monotonic() >= self._next:
            self.asking = True
            self.watch.ask()
        if self.asking and self.watch.is_answered():
            self.asking = False
            self.number += 1
            # A pulse of its own, whatever a write takes; where writes take most of it, half is left for reading.
            # Late flushes are not made up for: the rows of two flushes fit into one.
            self._next = max(self._next + self._interval, time.monotonic() + self._interval / 2)
        return self.number

    def hasten(self) -> None:
        """Lets the next flush begin at once: a task has as much as it may hold."""
        self._next = time.monotonic()
