"""The way of a request's events through the gateway: judged, known again, stored, answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from api import metrics
from api.ingest.delivery import Delivery
from api.ingest.entry import STORED, Entry
from api.ingest.ids import RecentIds
from api.ingest.judging import Change, Gate
from api.problems import ProblemError
from api.settings import ApiSettings
from dataflows.events.rules import Rules
from dataflows.settings import Settings

RETRY_S = 5.0
"""When a client is asked to send again what could not be stored."""


class Intake:
    """All that takes events in."""

    def __init__(self, settings: Settings, api: ApiSettings) -> None:
        """Prepares; nothing runs before `start`."""
        self._settings, self._api = settings, api
        self._gate = Gate(Rules.of(settings))
        self._recent = RecentIds(api.api_recent_ids)
        self._delivery: Delivery | None = None

    async def start(self) -> None:
        """Opens Kafka."""
        self._delivery = Delivery(self._settings, asyncio.get_running_loop())

    async def stop(self) -> None:
        """Ends in order."""
        if self._delivery:
            await asyncio.to_thread(self._delivery.close, self._api.api_ack_s)

    async def take(
        self,
        values: list[bytes],
        topic_of: Callable[[dict[str, Any]], str],
        topic: str,
        changes: tuple[Change, ...] = (),
    ) -> list[Entry]:
        """Takes events in; each entry's status says what became of it.

        Args:
            values: The events' JSON.
            topic_of: Names a document's topic.
            topic: The topic of events that are spelt plainly.
            changes: What is changed in each before it is judged.
        """
        entries = [Entry(value) for value in values]
        self._gate.judge(entries, topic_of, time.time_ns() // 1_000_000, changes, topic)
        fresh, repeats = self._apart(entries)
        if fresh:
            await self._store(fresh)
        for entry, first in repeats:
            entry.status = "duplicate" if first is None or first.status in STORED else first.status
        for entry in fresh:
            if entry.status in STORED:
                self._recent.add(entry.topic, entry.event_id)
        metrics.note_results(entries)
        return entries

    def _apart(self, entries: list[Entry]) -> tuple[list[Entry], list[tuple[Entry, Entry | None]]]:
        """Returns what is new, and the repeats: of an event of this request or, None, of one stored before."""
        fresh: dict[tuple[str, str], Entry] = {}
        repeats: list[tuple[Entry, Entry | None]] = []
        for entry in entries:
            if entry.status is not None:
                continue
            place = (entry.topic, entry.event_id)
            if place in fresh:
                repeats.append((entry, fresh[place]))
            elif self._recent.knows(*place):
                repeats.append((entry, None))
            else:
                fresh[place] = entry
        return list(fresh.values()), repeats

    async def _store(self, entries: list[Entry]) -> None:
        assert self._delivery is not None  # noqa: S101 - started before the first request
        shipment = self._delivery.send(entries)
        try:
            stored = await asyncio.wait_for(asyncio.shield(shipment.done), self._api.api_ack_s)
        except TimeoutError:
            stored = False
        for entry in entries:
            entry.status = "ok" if stored else "retry"


_encode = msgspec.json.Encoder().encode


def respond(entries: list[Entry]) -> tuple[int, bytes, dict[str, str]]:
    """Returns the answer to a request: 200 where anything of it was stored before or now.

    Raises:
        ProblemError: 422 where every event was rejected, 503 where nothing could be stored.
    """
    results = [entry.result() for entry in entries]
    left = [entry for entry in entries if entry.status == "retry"]
    refused = [entry for entry in entries if entry.status == "rejected"]
    stored = len(entries) - len(left) - len(refused)
    if entries and len(refused) == len(entries):
        first = refused[0]
        text = f"No event was accepted; the first: {first.reason}, {first.detail}."
        raise ProblemError(422, "rejected", text, results=results)
    if left and not stored:
        text = "Nothing could be stored now: send the events with status retry again."
        raise ProblemError(503, "full", text, retry_after_s=RETRY_S, results=results)
    headers = {"retry-after": str(int(RETRY_S))} if left else {}
    return 200, _encode({"accepted": stored, "results": results}), headers
