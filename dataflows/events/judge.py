"""One batch's way from record to event or reject, record by record: the path that decides for both decoders."""

from __future__ import annotations

from dataflows.batch import Records
from dataflows.events.event import Event
from dataflows.events.kinds import KINDS, canonical_topic
from dataflows.events.normalise import normalise
from dataflows.events.parse import parse
from dataflows.events.rejects import Reject, RejectedError, refuse
from dataflows.events.rules import Rules


class Judge:
    """Judges the records of one batch by their row."""

    def __init__(self, records: Records, rules: Rules) -> None:
        """Looks up what the topic carries."""
        self._records = records
        self._rules = rules
        self._topic = canonical_topic(records.topic, rules.topic_prefix)
        self.kind = KINDS.get(self._topic)

    def event(self, row: int) -> Event | Reject:
        """Returns the event in a record, or why it is none."""
        records = self._records
        try:
            return self._event(row)
        except RejectedError as error:
            return Reject(
                reason=error.reason,
                detail=error.detail,
                topic=records.topic,
                partition=records.partition,
                offset=records.offsets[row],
                append_ms=records.append_ms[row],
                payload=records.values[row] or b"",
            )

    def _event(self, row: int) -> Event:
        records, rules = self._records, self._rules
        if self.kind is None:
            refuse("unknown_topic", records.topic)
        document = parse(records.values[row], rules, accepted=records.accepted)
        append_ms = records.append_ms[row]
        event = normalise(document, self._topic, records.keys[row], append_ms, accepted=records.accepted)
        ahead_ms = event.event_ms - append_ms
        if ahead_ms > rules.max_future_ms and not records.accepted:
            refuse("future", f"{ahead_ms / 1000:g} s ahead of its append time")
        excused = records.accepted or (records.replayed and records.replayed[row])
        if rules.max_age_ms and -ahead_ms > rules.max_age_ms and not excused:
            refuse("too_old", f"{-ahead_ms // 86_400_000} days behind its append time: an old log is replayed")
        return event
