"""The flows' own judge, at the door: what passes here no flow will reject later.

An event that is spelt plainly is taken byte for byte, once the fast decoder of the live flow has proved it. Anything
else is prepared (an id, a time, whatever else the gateway adds) and then judged as the flows will judge it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from api.ingest.entry import Entry
from api.ingest.ids import uuid7
from api.ingest.priorities import RANKS, rank_of
from dataflows.batch import Records
from dataflows.events.event import Event
from dataflows.events.ids import canonical_uuid, derived_uuid
from dataflows.events.judge import Judge
from dataflows.events.kinds import KINDS, Kind
from dataflows.events.parse import parse
from dataflows.events.plain import Plain, decode_plain
from dataflows.events.rejects import Reject, RejectedError
from dataflows.events.rules import Rules
from dataflows.events.text import is_blank
from dataflows.events.times import datetime_ms
from dataflows.kafka.peek import CHAPTER_TIME_FIELDS, TIME_FIELDS, student_key
from dataflows.kafka.topics import CLICKSTREAM

CLOCKS_MS: Final = 5_000
"""How far the brokers' clocks, by which the flows judge, may be from this machine's."""
RECEIVED: Final = "timestamp_from"
"""The note in the metadata of an event whose time is that of its receipt."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII)

_OF_SENDING: Final = (b'"sent_at"', b'"age_ms"')

Change = Callable[[dict[str, Any], str], bool]
"""Changes a document of a topic in place before it is judged; says whether it did."""
Clocked = Callable[[dict[str, Any], str, object, int], bool]
"""The same, given also when the request says it was sent and when it came."""


def strict(rules: Rules) -> Rules:
    """Returns the rules of the flows, a little narrower: theirs are applied by another clock, and later."""
    return replace(
        rules,
        topic_prefix="",
        max_future_ms=max(0, rules.max_future_ms - CLOCKS_MS),
        max_age_ms=rules.max_age_ms and max(1, rules.max_age_ms - CLOCKS_MS),
    )


class Gate:
    """Judges the events of a request; one for each gateway."""

    def __init__(self, rules: Rules, clocked: Clocked, pseudonymise: Change | None = None) -> None:
        """Judges by the flows' rules.

        Args:
            rules: The rules of the flows.
            clocked: Puts clients' clocks right.
            pseudonymise: Replaces students' ids; None where they stay.
        """
        self._rules = strict(rules)
        self._clocked, self._pseudonymise = clocked, pseudonymise

    def judge(
        self,
        entries: list[Entry],
        topic_of: Callable[[dict[str, Any]], str],
        now_ms: int,
        topic: str = CLICKSTREAM,
        sent_at: object = None,
    ) -> None:
        """Gives every entry its topic, key, id and time, or rejects it.

        Args:
            entries: The events of a request, in their order.
            topic_of: Names the topic of a document that is not plain.
            now_ms: When the request came.
            topic: The topic of events that are spelt plainly; one that is not of the clickstream has none.
            sent_at: When the client sent them, by its clock, where it says so for all of them.
        """
        may_be_plain = KINDS[topic] is Kind.CLICKSTREAM and self._pseudonymise is None and sent_at is None
        plain = [entry.value for entry in entries] if may_be_plain else []
        events, _odd = decode_plain(plain)  # type: ignore[arg-type]
        for entry, event in zip(entries, events or [None] * len(entries), strict=True):
            if event is None or not self._take(entry, event, now_ms):
                self._prepare_and_judge(entry, topic_of, now_ms, sent_at)

    def _take(self, entry: Entry, event: Plain, now_ms: int) -> bool:
        """Takes a plain event as it is; False where what the decoder cannot see needs the judge."""
        time = event.timestamp
        ms = time if isinstance(time, int) else datetime_ms(time)
        if not _UUID.fullmatch(event.event_id) or not self._is_timely(ms, now_ms):
            return False
        if len(entry.value) > self._rules.max_bytes or any(word in entry.value for word in _OF_SENDING):
            return False
        entry.topic, entry.key = CLICKSTREAM, event.student_id.encode()
        entry.event_id, entry.event_ms = event.event_id.lower(), ms
        entry.name = event.event_name
        entry.rank = RANKS.get(event.event_name, 1)
        return True

    def _is_timely(self, ms: int, now_ms: int) -> bool:
        return ms - now_ms <= self._rules.max_future_ms and (
            not self._rules.max_age_ms or now_ms - ms <= self._rules.max_age_ms
        )

    def _prepare_and_judge(
        self, entry: Entry, topic_of: Callable[[dict[str, Any]], str], now_ms: int, sent_at: object
    ) -> None:
        try:
            document = parse(entry.value, self._rules)
            entry.event_id = _own_id(document)
            entry.topic = topic_of(document)
            changed = [
                self._clocked(document, entry.topic, sent_at, now_ms),
                self._pseudonymise is not None and self._pseudonymise(document, entry.topic),
            ]
            entry.key = student_key(document) or b""
            if any((*changed, _give_time(document, entry.topic, now_ms), _give_id(document, entry, now_ms))):
                entry.value = _encode(document)
        except RejectedError as error:
            entry.reject(error.reason, error.detail)
            return
        records = Records(entry.topic, 0, [0], [now_ms], [entry.key], [entry.value])
        verdict = Judge(records, self._rules).event(0)
        if isinstance(verdict, Reject):
            entry.reject(verdict.reason, verdict.detail)
        else:
            _note(entry, verdict)


def _own_id(document: dict[str, Any]) -> str:
    """Returns the id by which the sender knows the event, so that a reject is told by it."""
    given = document.get("event_id")
    return (canonical_uuid(given) if isinstance(given, str) else None) or ""


def _note(entry: Entry, event: Event) -> None:
    entry.key = event.student_id.encode()
    entry.event_id, entry.event_ms = event.event_id, event.event_ms
    entry.name = event.event_name
    entry.rank = rank_of(entry.topic, event.event_name)


def _give_time(document: dict[str, Any], topic: str, now_ms: int) -> bool:
    """Gives an event without a time that of its receipt; a visit without a beginning stays without one."""
    kind = KINDS[topic]
    fields = CHAPTER_TIME_FIELDS if kind is Kind.CHAPTER_VIEW else TIME_FIELDS
    if kind is Kind.CHAPTER_VIEW or any(not is_blank(document.get(field)) for field in fields):
        return False
    document["timestamp"] = now_ms
    note(document, topic, RECEIVED, "receipt")
    return True


def _give_id(document: dict[str, Any], entry: Entry, now_ms: int) -> bool:
    """Gives an event without an id the one that the flows would give it, or, where the time is ours, a new one.

    Sent again, the first is known as a repeat; of the second nobody could know.
    """
    if not is_blank(document.get("event_id")):
        return False
    is_ours = noted(document, RECEIVED) is not None
    document.pop("event_id", None)
    document["event_id"] = uuid7(now_ms) if is_ours else derived_uuid(entry.topic, entry.key, document)
    return True


def note(document: dict[str, Any], topic: str, name: str, value: object) -> None:
    """Keeps in an event's metadata what the gateway has changed.

    In the clickstream that is the object `metadata`, which the fast decoders read; elsewhere, and where `metadata` is
    no object, a field of its own, which ends up in the metadata too.
    """
    metadata = document.get("metadata")
    if KINDS[topic] is Kind.CLICKSTREAM and (metadata is None or isinstance(metadata, dict)):
        document["metadata"] = {**(metadata or {}), name: value}
    else:
        document[name] = value


def noted(document: dict[str, Any], name: str) -> object:
    """Returns what `note` kept, or None."""
    metadata = document.get("metadata")
    inner = metadata.get(name) if isinstance(metadata, dict) else None
    return document.get(name) if inner is None else inner


_encode: Final = msgspec.json.Encoder().encode
