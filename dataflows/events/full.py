"""Decode for the archive: records become the columns of table `events`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from dataflows.events.event import Event
from dataflows.events.ids import split_ids
from dataflows.events.judge import Judge
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.kafka.batch import Records

_TEXTS = (
    "event_id",
    "student_id",
    "role",
    "class_id",
    "grade",
    "subject_id",
    "course_id",
    "chapter_id",
    "lesson_id",
    "video_id",
    "assessment_id",
    "event_type",
    "event_name",
    "session_id",
    "device_type",
    "os",
    "browser",
    "country_code",
    "page_url",
)

_encode = msgspec.json.Encoder().encode

# an escaped NUL, not the end of an escaped backslash
_ESCAPES = re.compile(rb"\\u0000|(\\.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Full:
    """A decoded batch of one topic-partition, with everything that the events say.

    Attributes:
        frame: One row per accepted event and per tick, in log order: event_ms i64; event_id (canonical),
            student_id, role, class_id, grade, subject_id, course_id, chapter_id, lesson_id, video_id,
            assessment_id, event_type, event_name, session_id, device_type, os, browser, country_code, page_url,
            metadata (JSON text), all str and null where unknown; topic str, partition i64, offset i64,
            append_ms i64, is_tick bool, id_hi u64, id_lo u64. A tick's row has nulls for every text of an event.
        rejects: What was turned away, in log order.
    """

    frame: pl.DataFrame
    rejects: list[Reject]


def decode_full(records: Records, rules: Rules = DEFAULT_RULES) -> Full:
    """Decodes a batch for keeping; accepts exactly what `decode_coded` accepts.

    Every record ends as exactly one of: a row, a tick's row, a reject. Never raises, whatever the bytes.

    Example:
        >>> value = b'{"user_id": "user123", "module": "dsa-arrays", "score": 85}'
        >>> full = decode_full(Records("module_quiz_events", 0, [7], [1760000000050], [None], [value]))
        >>> full.frame.select("student_id", "event_name", "metadata").row(0)
        ('user123', 'module_quiz_completed', '{"module":"dsa-arrays","score":85}')
    """
    judge = Judge(records, rules)
    ticks = records.ticks or [None] * len(records.values)
    rows: list[int] = []
    events: list[Event | None] = []
    rejects: list[Reject] = []
    for row, tick in enumerate(ticks):
        verdict = judge.event(row) if tick is None else None
        if isinstance(verdict, Reject):
            rejects.append(verdict)
        else:
            rows.append(row)
            events.append(verdict)
    return Full(_frame(records, rows, events), rejects)


def _frame(records: Records, rows: list[int], events: list[Event | None]) -> pl.DataFrame:
    times = [records.ticks[row] if event is None else event.event_ms for row, event in zip(rows, events, strict=True)]
    columns: dict[str, Any] = {"event_ms": pl.Series(times, dtype=pl.Int64)}
    for name in _TEXTS:
        values = [None if event is None else getattr(event, name) for event in events]
        columns[name] = pl.Series(values, dtype=pl.String)
    metadata = [None if event is None else _json(event.metadata) for event in events]
    high, low, _ = split_ids([_NO_ID if event is None else event.event_id for event in events])
    columns |= {
        "metadata": pl.Series(metadata, dtype=pl.String),
        "topic": pl.Series([records.topic], dtype=pl.String).new_from_index(0, len(rows)),
        "partition": pl.Series([records.partition], dtype=pl.Int64).new_from_index(0, len(rows)),
        "offset": pl.Series([records.offsets[row] for row in rows], dtype=pl.Int64),
        "append_ms": pl.Series([records.append_ms[row] for row in rows], dtype=pl.Int64),
        "is_tick": pl.Series([event is None for event in events], dtype=pl.Boolean),
        "id_hi": high,
        "id_lo": low,
    }
    return pl.DataFrame(columns)


_NO_ID = "00000000-0000-0000-0000-000000000000"


def _json(metadata: dict[str, Any] | None) -> str | None:
    """Returns JSON that `jsonb` can hold: without NUL characters."""
    if metadata is None:
        return None
    encoded = _encode(metadata)
    if b"\\u0000" in encoded:
        encoded = _ESCAPES.sub(lambda match: match[1] or b"", encoded)
    return encoded.decode()
