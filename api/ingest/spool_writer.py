"""Writes to the spool in a thread of its own: what waits is written together and synced once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final

import structlog

from api.ingest.segment import Record
from api.ingest.spool import Spool

MOST: Final = 256
"""Requests that one sync is for, at most."""

Written = Callable[[bool], None]

log = structlog.get_logger()


class SpoolWriter:
    """Takes records from any thread and calls back, in its own thread, when they are on disk or could not be."""

    def __init__(self, spool: Spool) -> None:
        """Starts the thread."""
        self._spool = spool
        self._waiting: queue.SimpleQueue[tuple[list[Record], Written] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def write(self, records: list[Record], written: Written) -> None:
        """Queues records; they are written in the order of the calls."""
        self._waiting.put((records, written))

    def close(self) -> None:
        """Writes what waits, then ends."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            ending = False
            while len(group) < MOST and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    ending = True
                    break
                group.append(more)
            self._write(group)
            if ending:
                return

    def _write(self, group: list[tuple[list[Record], Written]]) -> None:
        try:
            self._spool.append([record for records, _written in group for record in records])
        except OSError as error:
            log.error("the spool cannot be written", reason=str(error))
            done = False
        else:
            done = True
        for _records, written in group:
            written(done)
