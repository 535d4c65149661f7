"""Batches for tests: values in, records out."""

from __future__ import annotations

import json
from typing import Any

from dataflows.batch import Records
from dataflows.events.full import decode_full

#: 2025-10-09T08:53:20Z, the append time of every record unless a test says otherwise.
NOW_MS = 1_760_000_000_000

EVENT_ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def event(**fields: Any) -> dict[str, Any]:
    """A small valid event; a field set to `...` is left out."""
    document = {"event_id": EVENT_ID, "student_id": "p1_ada", "event_name": "page_view", "timestamp": NOW_MS} | fields
    return {name: value for name, value in document.items() if value is not ...}


def records(*values: Any, topic: str = "clickstream_events", key: bytes | None = b"k") -> Records:
    """Records of documents (dumped as JSON), of bytes as they are, or of None."""
    raw = [v if isinstance(v, bytes) or v is None else json.dumps(v).encode() for v in values]
    total = len(raw)
    return Records(topic, 3, list(range(100, 100 + total)), [NOW_MS] * total, [key] * total, raw)


def accepted(value: Any, topic: str = "clickstream_events") -> dict[str, Any]:
    """The archive's row of one value that must be accepted, its metadata decoded."""
    full = decode_full(records(value, topic=topic))
    assert full.rejects == []
    row = full.frame.row(0, named=True)
    row["metadata"] = None if row["metadata"] is None else json.loads(row["metadata"])
    return row


def rejected(value: Any, topic: str = "clickstream_events") -> tuple[str, str]:
    """Reason and detail of one value that must be rejected."""
    full = decode_full(records(value, topic=topic))
    assert full.frame.height == 0
    (reject,) = full.rejects
    return reject.reason, reject.detail
