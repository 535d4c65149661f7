"""Where accepted events go: to Kafka, or, while it is away, on the spool; never past one another.

Kafka counts as away when it has not acknowledged a request in time. Then everything that waits goes on the spool in its
order, and everything new behind it. The drain empties the spool into Kafka; only once it is empty do events go straight
to Kafka again. So a student's events keep their order through an outage. Where events never stop, the spool would never
be empty: when little is left, what comes is held in memory for a moment, unacknowledged, until the rest is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

import structlog

from api import metrics
from api.ingest.delivery import Delivery, Shipment
from api.ingest.drain import CHUNK, Drain
from api.ingest.entry import Entry
from api.ingest.segment import Record
from api.ingest.spool import Spool
from api.ingest.spool_writer import SpoolWriter
from dataflows.settings import Settings

LOOK_EVERY_S: Final = 0.05
LITTLE: Final = 2 * CHUNK
"""Events on the spool from which on downwards the rest is waited for."""
DRAIN_S: Final = 20.0
"""How long an instance that ends tries to leave an empty spool."""
_OVERHEAD: Final = 64
"""Bytes of a record on disk besides its value and key, roughly."""

log = structlog.get_logger()


def _age_s(oldest_ms: int | None) -> float:
    return 0.0 if oldest_ms is None else max(0.0, time.time() - oldest_ms / 1000)


class Store:
    """Stores events; everything of it but the threads it starts belongs to the event loop's thread.

    Attributes:
        is_direct: Whether events go straight to Kafka.
        spool: The spool.
    """

    def __init__(
        self, settings: Settings, spool: Spool, ack_s: float, spooling: Callable[[], object] = lambda: None
    ) -> None:
        """Opens both ways; to be called in a running loop.

        Args:
            settings: How Kafka is reached, and the topics' prefix.
            spool: Where events go while Kafka is away.
            ack_s: How long Kafka may take to acknowledge.
            spooling: Called when the first event after a while lies on the spool, before it is acknowledged.
        """
        self._spooling = spooling
        self._settings, self._ack_s = settings, ack_s
        self._loop = asyncio.get_running_loop()
        self.spool = spool
        self._writer = SpoolWriter(spool)
        self._writing = self._writing_bytes = 0
        self._delivery = self._open()
        self.is_direct = not spool.events
        self._held: list[Shipment] | None = None
        self._drain = Drain(settings, spool, self._advanced)
        self._looking = self._loop.create_task(self._look())
        metrics.SPOOL_LIMIT.set(spool.limit)
        metrics.SPOOLED.set_function(lambda: spool.events)
        metrics.SPOOL_BYTES.set_function(lambda: spool.bytes)
        metrics.SPOOL_AGE.set_function(lambda: _age_s(spool.oldest_ms))
        metrics.KAFKA_AWAY.set(not self.is_direct)
        metrics.DAMAGED.inc(spool.damaged)
        if not self.is_direct:
            log.info("events of an earlier run are on the spool", events=spool.events)

    def _open(self) -> Delivery:
        return Delivery(self._settings, self._loop, self._leave_kafka)

    async def put(self, entries: list[Entry]) -> None:
        """Stores events: returns when each of them has its status."""
        shipment = Shipment(entries, self._loop.create_future())
        if self._held is not None:
            self._held.append(shipment)
        elif not self.is_direct:
            self._to_spool(shipment)
        else:
            self._send(shipment)
        await shipment.done

    def _send(self, shipment: Shipment) -> None:
        if not self._delivery.send(shipment):
            self._leave_kafka()

    @property
    def accepts(self) -> bool:
        """Whether anything can be stored."""
        return self.is_direct or self._has_room(_OVERHEAD, 0)

    def _has_room(self, size: int, rank: int) -> bool:
        return self.spool.has_room(self._writing_bytes + size, rank)

    async def _look(self) -> None:
        """Watches over how long Kafka takes."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.is_direct and self._delivery.waits_s() > self._ack_s:
                self._leave_kafka()

    def _leave_kafka(self) -> None:
        if not self.is_direct:
            return
        self.is_direct = False
        metrics.KAFKA_AWAY.set(1)
        left = self._delivery.abandon()
        if left:
            waiting = sum(len(shipment.entries) for shipment in left)
            log.warning("Kafka does not acknowledge: events go to the spool", waiting=waiting)
        for shipment in left:
            self._to_spool(shipment)
        self._drain.wake()

    def _to_spool(self, shipment: Shipment) -> None:
        """Writes what there is room for, the most important to the last; the rest is to be sent again."""
        records, size = [], 0
        for entry in shipment.entries:
            more = len(entry.value) + len(entry.key) + _OVERHEAD
            if self._has_room(size + more, entry.rank):
                records.append(Record(entry.topic, entry.key, entry.value, entry.event_ms))
                size += more
            else:
                entry.status = "retry"
        if not records:
            shipment.settle("retry")
            return
        self._writing += 1
        self._writing_bytes += size

        def written(done: bool) -> None:  # noqa: FBT001 - the writer calls it so
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                self._loop.call_soon_threadsafe(self._written, shipment, size, done)

        self._writer.write(records, written)

    def _written(self, shipment: Shipment, size: int, done: bool) -> None:  # noqa: FBT001
        self._writing -= 1
        self._writing_bytes -= size
        if done and self.spool.events <= len(shipment.entries):
            self._spooling()
        shipment.settle("spooled" if done else "retry")
        self._drain.wake()
        self._return_to_kafka()

    def _advanced(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._return_to_kafka)

    def _return_to_kafka(self) -> None:
        """Goes straight again, once nothing is left that would be overtaken."""
        if self.is_direct:
            return
        if self._writing or self.spool.events:
            if self._held is None and self.spool.events <= LITTLE:
                self._held = []
                self._loop.call_later(self._ack_s, self._let_go, self._held)
            return
        self._delivery = self._open()
        self.is_direct = True
        metrics.KAFKA_AWAY.set(0)
        log.info("the spool is empty: events go to Kafka again")
        held, self._held = self._held or [], None
        for shipment in held:
            if self.is_direct:
                self._send(shipment)
            else:
                self._to_spool(shipment)

    def _let_go(self, held: list[Shipment]) -> None:
        """Spools what was held, where the rest was not sent in time."""
        if self._held is held:
            self._held = None
            for shipment in held:
                self._to_spool(shipment)

    async def close(self) -> None:
        """Ends in order: what is under way is acknowledged or spooled, and the spool is emptied where Kafka answers."""
        self._looking.cancel()
        if self.is_direct:
            while 0 < self._delivery.waits_s() < self._ack_s:
                await asyncio.sleep(LOOK_EVERY_S)
            self._leave_kafka()
        self._let_go(self._held or [])
        for _ in range(int(DRAIN_S / LOOK_EVERY_S)):
            if not self._writing and not self.spool.events:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.to_thread(self._drain.close)
        await asyncio.to_thread(self._writer.close)
