"""Consent at the door: what is sent of a student who has withdrawn hers is not stored; her word goes to every topic.

The flows decide, each by the place of her word in its own log; this is the barrier in front of them. A word holds here
as soon as it has come, and at the other instances once a flow has written it: five seconds later, as a rule.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
import psycopg
import structlog

from api.ingest.entry import STORED, Entry
from dataflows.events.consents import CONSENTS, WITHDRAWN
from dataflows.events.ids import NAMESPACE
from dataflows.kafka.ticks import tick_targets
from dataflows.kafka.topics import INPUT_TOPICS, TopicError
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION, connect

EVERY_S: Final = 5.0
OWN_S: Final = 3600.0
"""For so long the word that came to this instance holds against a database that does not know it yet."""
TOPICS_S: Final = 60.0

log = structlog.get_logger()

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Own:
    withdrawn: bool
    since_s: float


class Consents:
    """Who has withdrawn consent, as the database and this instance's own requests told."""

    def __init__(self, settings: Settings) -> None:
        """Knows nobody yet; asks nobody before `refresh`."""
        self._settings, self._url = settings, settings.database_url.get_secret_value()
        self._duties = frozenset(settings.consent_duties)
        self._known: frozenset[bytes] = frozenset()
        self._own: dict[bytes, _Own] = {}
        self._topics: tuple[str, ...] = INPUT_TOPICS
        self._topics_s = float("-inf")
        self._answers = True

    async def run(self) -> None:
        """Asks the database again and again, until it is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(EVERY_S)

    async def refresh(self) -> None:
        """Asks the database once; what was known stays where it does not answer."""
        try:
            self._known = await asyncio.to_thread(self._read)
        except psycopg.Error as error:
            if self._answers:
                log.warning("database unavailable: consents stay as they were", reason=str(error).strip())
            self._answers = False
            return
        self._answers = True
        for key, own in list(self._own.items()):
            if own.withdrawn == (key in self._known) or time.monotonic() - own.since_s > OWN_S:
                del self._own[key]

    def _read(self) -> frozenset[bytes]:
        with connect(self._url, f"{APPLICATION}-consents") as connection:
            rows = connection.execute("SELECT student_id FROM withdrawn_students").fetchall()
        return frozenset(student_id.encode() for (student_id,) in rows)

    def is_withdrawn(self, key: bytes) -> bool:
        """Says whether the student of a key has withdrawn consent."""
        own = self._own.get(key)
        return key in self._known if own is None else own.withdrawn

    async def gate(self, entries: list[Entry]) -> list[Entry]:
        """Returns what is to be stored, in its order: a consent is followed by its copies, for each topic one.

        Args:
            entries: Events that were judged; those that are not to be stored get the status `withheld`.
        """
        consents = [entry for entry in entries if entry.name in CONSENTS]
        if consents:
            await self._look_for_topics()
        elif not (self._known or self._own):
            return entries
        passed: list[Entry] = []
        for entry in entries:
            if entry.name in CONSENTS:
                entry.copies = [_copy(entry, topic) for topic in self._topics if topic != entry.topic]
                passed += [entry, *entry.copies]
                if entry.name == WITHDRAWN:  # at once: whatever comes after it comes too late
                    self._own[entry.key] = _Own(withdrawn=True, since_s=time.monotonic())
                elif self.is_withdrawn(entry.key):
                    self._own[entry.key] = _Own(withdrawn=False, since_s=time.monotonic())
            elif self.is_withdrawn(entry.key) and entry.name not in self._duties:
                entry.status = "withheld"
            else:
                passed.append(entry)
        return passed

    async def _look_for_topics(self) -> None:
        """Asks which topics there are, `lms_clickstream` too; while Kafka is away those that were known stay."""
        if time.monotonic() - self._topics_s < TOPICS_S:
            return
        try:
            targets = await asyncio.to_thread(tick_targets, self._settings, timeout_s=2.0)
        except TopicError:
            return
        prefix = self._settings.topic_prefix
        self._topics = tuple(dict.fromkeys(name.removeprefix(prefix) for name, _partition in targets))
        self._topics_s = time.monotonic()


def settle(entries: Iterable[Entry]) -> None:
    """Lets a consent count as stored only where all its copies are: else it is to be sent again."""
    for entry in entries:
        if any(copy.status not in STORED for copy in entry.copies):
            entry.status = "retry"


def _copy(entry: Entry, topic: str) -> Entry:
    """Returns a consent as another topic is told it, under an id that follows from its own: a repeat is known as one.

    Example:
        >>> entry = Entry(b"")
        >>> entry.key, entry.name, entry.event_id, entry.event_ms = b"ann", "consent_given", "7", 1_760_000_000_000
        >>> _copy(entry, "module_quiz_events").event_id == _copy(entry, "module_quiz_events").event_id
        True
    """
    copy = Entry(b"")
    copy.topic, copy.key, copy.name = topic, entry.key, entry.name
    copy.event_ms, copy.rank = entry.event_ms, 0
    copy.event_id = str(uuid.uuid5(NAMESPACE, f"{topic}|{entry.event_id}"))
    copy.value = _encode(
        {
            "event_id": copy.event_id,
            "student_id": entry.key.decode(),
            "event_name": entry.name,
            "timestamp": entry.event_ms,
        }
    )
    return copy
