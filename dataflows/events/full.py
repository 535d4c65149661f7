"""Decode for the archive: records become the columns of table `events`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataflows.batch import Records
from dataflows.events.agents import agent_of
from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.names import type_of
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.scanner.scan import Group, Scanned, left, scan
from dataflows.events.scanner.vocabulary import Codes, Texts
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

_KIND = ("event_name", "event_type", "role")
_METADATA = ("metadata",)
_DEVICE = ("device_type", "os", "browser")
_SAID_OF_DEVICE = (
    "device.type", "device_type", "device.os", "os", "device.browser", "browser", "metadata.user_agent"
)  # fmt: skip
_AS_SENT: tuple[Group, ...] = (
    ("student_id",),
    ("session_id",),
    ("page_url",),
    ("class_id", "grade", "subject_id", "course_id", "chapter_id"),
    ("lesson_id", "video_id", "assessment_id", "country_code"),
)
_GROUPS = (*_AS_SENT, _KIND, _SAID_OF_DEVICE, _METADATA)
_BLANKS = frozenset(" \n\t\r")

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
    scanned = scan(records, rules, _GROUPS, whole=True)
    if scanned is None:
        parts, rejects = _judged(records, rules)
    else:
        parts, rejects = [_scanned(scanned)], []
        if len(scanned.odd) > len(records.ticks) - records.ticks.count(None):
            more, rejects = _judged(left(records, scanned.odd), rules, scanned.odd)
            parts += more
    parts = [part for part in (_ticks(records.ticks), *parts) if len(part)] or [_ticks([])]
    frame = pl.concat(parts)
    if len(parts) > 1:
        frame = frame.sort("row")
    rows = frame["row"].to_numpy()
    frame = frame.with_columns(
        topic=pl.lit(records.topic),
        partition=pl.lit(records.partition, dtype=pl.Int64),
        offset=np.array(records.offsets, dtype=np.int64)[rows],
        append_ms=np.array(records.append_ms, dtype=np.int64)[rows],
    )
    return Full(frame.select(_ORDER), rejects)


def _judged(
    records: Records, rules: Rules, rows: NDArray[np.intp] | None = None
) -> tuple[list[pl.DataFrame], list[Reject]]:
    """Decodes event by event; `rows` says where the records stand in the batch that they are of."""
    decoding = Decoding(records, rules, decode_whole, whole)
    parts = [_events(chunk) for chunk in decoding.chunks()]
    if rows is not None:
        parts = [part.with_columns(row=rows[part["row"].to_numpy()]) for part in parts]
    return parts, decoding.rejects


def _scanned(scanned: Scanned) -> pl.DataFrame:
    """Returns the rows of what the scanner took."""
    texts: dict[str, pl.Series] = {"event_id": pl.Series(scanned.ids(), dtype=pl.String)}
    for group in _AS_SENT:
        texts |= _columns(group, scanned.texts[group], scanned.codes[group])
    kinds = [(name, kind or type_of(name or ""), role or "student") for name, kind, role in scanned.texts[_KIND]]
    texts |= _columns(_KIND, kinds, scanned.codes[_KIND])
    texts |= _columns(
        _DEVICE, [_device(said) for said in scanned.texts[_SAID_OF_DEVICE]], scanned.codes[_SAID_OF_DEVICE]
    )
    kept = [(_stored(metadata),) for (metadata,) in scanned.texts[_METADATA]]
    texts |= _columns(_METADATA, kept, scanned.codes[_METADATA])
    no_tick = np.zeros(len(scanned.rows), dtype=np.bool_)
    return _part(scanned.rows, scanned.times, texts, {"is_tick": no_tick, "id_hi": scanned.high, "id_lo": scanned.low})


def _columns(names: Group, texts: Sequence[Texts], codes: Codes) -> dict[str, pl.Series]:
    """Returns what codes stand for as a column a name."""
    lists = zip(*texts, strict=True) if texts else [()] * len(names)
    return {name: pl.Series(values, dtype=pl.String).gather(codes) for name, values in zip(names, lists, strict=True)}


def _device(said: Texts) -> Texts:
    """Returns type, system and browser; what nothing else says, the user agent does."""
    *devices, user_agent = said
    found = tuple(devices[at] or devices[at + 1] for at in (0, 2, 4))
    if user_agent is None or all(found):
        return found
    agent = agent_of(user_agent)
    return tuple(text or other for text, other in zip(found, agent, strict=True))


def _stored(metadata: str | None) -> str | None:
    """Returns the scanner's metadata without blanks between its tokens; None where it says nothing."""
    if metadata is None:
        return None
    if not _BLANKS.isdisjoint(metadata):
        metadata = msgspec.json.format(metadata, indent=-1)
    return None if metadata == "{}" else metadata


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
    return pl.DataFrame(columns | {name: pl.Series(texts[name], dtype=pl.String) for name in (*TEXTS, "metadata")})


def _json(metadata: dict[str, Any] | None) -> str | None:
    """Returns JSON that `jsonb` can hold: without NUL characters."""
    if not metadata:
        return None
    encoded = _encode(metadata)
    if b"\\u0000" in encoded:
        encoded = _ESCAPES.sub(lambda match: match[1] or b"", encoded)
    return encoded.decode()
