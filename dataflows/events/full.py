"""Decode for the archive: records become the columns of table `events`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.whole import Whole, decode_whole, whole

TEXTS = (
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
"""The text columns of table `events` that are fields of an event."""

_texts = attrgetter(*TEXTS)

_ORDER = ["event_ms", *TEXTS, "metadata", "topic", "partition", "offset", "append_ms", "is_tick", "id_hi", "id_lo"]

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
            append_ms i64, is_tick bool, id_hi u64, id_lo u64. A tick's row has nulls for every text of
            an event, and zeros for the id's halves.
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
    decoding = Decoding(records, rules, decode_whole, whole)
    parts = [_ticks(records.ticks), *map(_events, decoding.chunks())]
    rows = pl.concat([part.select("row") for part in parts]).to_series().to_numpy()
    frame = pl.concat([part.drop("row") for part in parts]).with_columns(
        topic=pl.lit(records.topic),
        partition=pl.lit(records.partition, dtype=pl.Int64),
        offset=decoding.offsets[rows],
        append_ms=decoding.append_ms[rows],
    )
    return Full((frame.sort("offset") if records.ticks else frame).select(_ORDER), decoding.rejects)


def _events(chunk: Chunk[Whole]) -> pl.DataFrame:
    texts = zip(*map(_texts, chunk.events), strict=True) if chunk.events else [()] * len(TEXTS)
    return _part(
        chunk.rows,
        chunk.times,
        dict(zip(TEXTS, texts, strict=True)) | {"metadata": [_json(event.metadata) for event in chunk.events]},
        {"is_tick": np.zeros(len(chunk.events), dtype=np.bool_), "id_hi": chunk.high, "id_lo": chunk.low},
    )


def _ticks(ticks: list[int | None]) -> pl.DataFrame:
    rows = np.array([row for row, tick in enumerate(ticks) if tick is not None], dtype=np.intp)
    times = np.array([tick for tick in ticks if tick is not None], dtype=np.int64)
    nothing = [None] * len(rows)
    zeros = np.zeros(len(rows), dtype=np.uint64)
    return _part(
        rows,
        times,
        dict.fromkeys((*TEXTS, "metadata"), nothing),
        {"is_tick": np.ones(len(rows), dtype=np.bool_), "id_hi": zeros, "id_lo": zeros},
    )


def _part(
    rows: NDArray[np.intp], times: NDArray[np.int64], texts: dict[str, Any], arrays: dict[str, NDArray[Any]]
) -> pl.DataFrame:
    columns = {"row": rows, "event_ms": times} | arrays
    return pl.DataFrame(columns | {name: pl.Series(values, dtype=pl.String) for name, values in texts.items()})


def _json(metadata: dict[str, Any] | None) -> str | None:
    """Returns JSON that `jsonb` can hold: without NUL characters."""
    if not metadata:
        return None
    encoded = _encode(metadata)
    if b"\\u0000" in encoded:
        encoded = _ESCAPES.sub(lambda match: match[1] or b"", encoded)
    return encoded.decode()
