"""The way of a request's events through the gateway: judged, known again, stored, answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from api import metrics
from api.ingest.clock import Clocks
from api.ingest.consents import Consents, settle
from api.ingest.entry import STORED, Entry
from api.ingest.ids import RecentIds
from api.ingest.judging import Gate
from api.ingest.pseudonyms import Pseudonymiser
from api.ingest.spool import Spool
from api.ingest.store import Store
from api.ingest.ticker import Ticker
from api.problems import ProblemError
from api.settings import ApiSettings
from dataflows.events.rules import Rules
from dataflows.settings import Settings
from dataflows.stuck.marks import ANSWERS

RETRY_S = 5.0
"""When a client is asked to send again what could not be stored."""


class Intake:
    """All that takes events in."""

    def __init__(self, settings: Settings, api: ApiSettings) -> None:
        """Takes the spool; nothing runs before `start`.

        Raises:
            SpoolError: Another gateway has the spool.
        """
        self._settings, self._api = settings, api
        pseudonymise = Pseudonymiser(api.key) if api.pseudonyms == "edge" else None
        self._gate = Gate(Rules.of(settings), Clocks().change, pseudonymise)
        self.consents = Consents(settings)
        self._recent = RecentIds(api.api_recent_ids)
        self.spool = Spool(api.spool_dir, api.spool_bytes)
        self._store: Store | None = None
        self._ticker: Ticker | None = None

    async def start(self) -> None:
        """Opens the ways to Kafka and to the spool."""
        if self._api.api_ticks:
            self._ticker = Ticker(self._settings, self.spool.instance, self._unsent)
        wake = self._ticker.wake if self._ticker else lambda: None
        self._store = Store(self._settings, self.spool, self._api.api_ack_s, wake)

    async def stop(self) -> None:
        """Ends in order."""
        if self._store:
            await self._store.close()
        if self._ticker:
            await asyncio.to_thread(self._ticker.close)
        self.spool.close()

    def _unsent(self) -> tuple[int | None, int]:
        return self.spool.oldest_ms, self.spool.events

    @property
    def accepts(self) -> bool:
        """Whether events can be stored now."""
        return self._store is not None and self._store.accepts

    async def take(
        self,
        values: list[bytes],
        topic_of: Callable[[dict[str, Any]], str],
        topic: str,
        sent_at: object = None,
        *,
        answers: bool = False,
    ) -> list[Entry]:
        """Takes events in; each entry's status says what became of it.

        Args:
            values: The events' JSON.
            topic_of: Names a document's topic.
            topic: The topic of events that are spelt plainly.
            sent_at: When the client sent them, by its clock; None where it does not say.
            answers: Whether a teacher's answers are taken, whose right to give them has been checked.
        """
        entries = [Entry(value) for value in values]
        await self.take_entries(entries, topic_of, topic, sent_at, answers=answers)
        return entries

    async def take_entries(  # noqa: PLR0913
        self,
        entries: list[Entry],
        topic_of: Callable[[dict[str, Any]], str],
        topic: str,
        sent_at: object = None,
        *,
        atomic: bool = False,
        answers: bool = False,
    ) -> None:
        """Takes events in that have been prepared; `atomic` stores none of them where one is rejected."""
        self._gate.judge(entries, topic_of, time.time_ns() // 1_000_000, topic, sent_at)
        if not answers:
            _refuse_answers(entries)
        if atomic and any(entry.status == "rejected" for entry in entries):
            for entry in entries:
                entry.status = entry.status or "retry"
        fresh, repeats = self._apart(entries)
        if fresh:
            assert self._store is not None  # noqa: S101 - started before the first request
            passed = await self.consents.gate(fresh)
            if passed:
                await self._store.put(passed)
            settle(fresh)
        for entry, first in repeats:
            entry.status = "duplicate" if first is None or first.status in STORED else first.status
        for entry in fresh:
            if entry.status in STORED:
                self._recent.add(entry.topic, entry.event_id)
        metrics.note_results(entries)

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


def _refuse_answers(entries: list[Entry]) -> None:
    """Rejects what ends an entry of the stuck queue: who sends a class's events may not speak for its teacher."""
    for entry in entries:
        if entry.name in ANSWERS and entry.status is None:
            way = "a teacher's answers come by POST /engagement/class/{class_id}/stuck"
            entry.reject("bad_type", f"event_name: {entry.name} is not for senders of events; {way}")


_encode = msgspec.json.Encoder().encode


def respond(entries: list[Entry]) -> tuple[int, bytes, dict[str, str]]:
    """Returns the answer to a request: 200 where anything of it was stored before or now, or nothing of it may be.

    Raises:
        ProblemError: 422 where every event was rejected, 503 where nothing could be stored.
    """
    results = [entry.result() for entry in entries]
    left = [entry for entry in entries if entry.status == "retry"]
    refused = [entry for entry in entries if entry.status == "rejected"]
    withheld = sum(entry.status == "withheld" for entry in entries)
    stored = len(entries) - len(left) - len(refused) - withheld
    if entries and len(refused) == len(entries):
        first = refused[0]
        text = f"No event was accepted; the first: {first.reason}, {first.detail}."
        raise ProblemError(422, "rejected", text, results=results)
    if left and not stored and not withheld:
        text = "Nothing could be stored now: send the events with status retry again."
        raise ProblemError(503, "full", text, retry_after_s=RETRY_S, results=results)
    headers = {"retry-after": str(int(RETRY_S))} if left else {}
    return 200, _encode({"accepted": stored, "results": results}), headers
