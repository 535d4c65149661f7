"""Decode for the `memory` flow: quizzes and the other learning events as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from dataflows.events.decoding import Chunk, Decoding
from dataflows.events.event import Event, seconds
from dataflows.events.kinds import KINDS, Kind, canonical_topic
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.text import lenient_text
from dataflows.kafka.batch import Records

TEXTS: Final = ("user_id", "role", "event_name", "class_id", "domain", "course", "module", "quiz_type")
NUMBERS: Final = ("score", "time_taken")
MAX_SCORE: Final = 100.0

_fields = attrgetter(*TEXTS, *NUMBERS)
_ORDER: Final = ("event_ms", "append_ms", "is_tick", "id_hi", "id_lo", "offset", *TEXTS, *NUMBERS)


class Learnt(msgspec.Struct, gc=False):
    """What one learning event says."""

    event_id: str
    timestamp: int | datetime
    user_id: str
    role: str
    event_name: str
    class_id: str | None = None
    domain: str | None = None
    course: str | None = None
    module: str | None = None
    quiz_type: str | None = None
    score: float | None = None
    time_taken: float | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """A decoded batch of one topic-partition.

    Attributes:
        frame: One row per accepted event and per tick, in log order: event_ms i64, append_ms i64, is_tick bool,
            id_hi u64, id_lo u64, offset i64; user_id, role, event_name, class_id, domain, course, module, quiz_type
            (what the event itself says) str?; score (0-100, null where there is no valid one) and time_taken (s) f64?.
            A tick's row has nulls for all that is an event's, and zeros for the id's halves.
        rejects: What was turned away, in log order.
    """

    frame: pl.DataFrame
    rejects: list[Reject]


def decode_learning(records: Records, rules: Rules = DEFAULT_RULES) -> Learned:
    """Decodes a batch of a learning topic, or of quiz events of the clickstream; accepts what `decode_full` accepts.

    Example:
        >>> value = b'{"user_id": "user123", "module": "dsa-arrays", "score": 85, "time_taken": 420}'
        >>> learned = decode_learning(Records("module_quiz_events", 0, [7], [1760000000050], [None], [value]))
        >>> learned.frame.select("user_id", "event_name", "module", "score", "time_taken").row(0)
        ('user123', 'module_quiz_completed', 'dsa-arrays', 85.0, 420.0)
    """
    decoding = Decoding(records, rules, _nothing_is_plain, _convert(records.topic, rules))
    parts = [_ticks(records.ticks), *map(_events, decoding.chunks())]
    frame = pl.concat(parts)
    rows = frame["row"].to_numpy()
    frame = frame.with_columns(offset=decoding.offsets[rows], append_ms=decoding.append_ms[rows])
    return Learned((frame.sort("row") if records.ticks else frame).select(_ORDER), decoding.rejects)


def _nothing_is_plain(values: list[bytes | None]) -> tuple[list[Learnt | None], list[int]]:
    return [None] * len(values), list(range(len(values)))


def _convert(topic: str, rules: Rules) -> Callable[[Event], Learnt]:
    clickstream = KINDS.get(canonical_topic(topic, rules.topic_prefix)) is Kind.CLICKSTREAM
    return submitted if clickstream else learnt


def learnt(event: Event) -> Learnt:
    """Returns what an event of a learning topic says; the judge keeps all but the columns in its metadata."""
    said = event.metadata or {}
    return _learnt(event, event.course_id or lenient_text(said.get("course")), lenient_text(said.get("module")))


def submitted(event: Event) -> Learnt:
    """Returns what a quiz event of the clickstream says: the quiz is a module's, or stands for one."""
    said = event.metadata or {}
    found = _learnt(event, event.course_id, lenient_text(said.get("module")) or event.assessment_id)
    if found.time_taken is None:
        found.time_taken = seconds(said, "duration")
    return found


def _learnt(event: Event, course: str | None, module: str | None) -> Learnt:
    said: dict[str, Any] = event.metadata or {}
    score = seconds(said, "score")
    return Learnt(
        event_id=event.event_id,
        timestamp=event.event_ms,
        user_id=event.student_id,
        role=event.role,
        event_name=event.event_name,
        class_id=event.class_id,
        domain=lenient_text(said.get("domain")),
        course=course,
        module=module,
        quiz_type=lenient_text(said.get("quiz_type")),
        score=score if score is not None and 0 <= score <= MAX_SCORE else None,
        time_taken=seconds(said, "time_taken"),
    )


def _events(chunk: Chunk[Learnt]) -> pl.DataFrame:
    names = (*TEXTS, *NUMBERS)
    values = zip(*map(_fields, chunk.events), strict=True) if chunk.events else [()] * len(names)
    return _part(
        chunk.rows,
        chunk.times,
        np.zeros(len(chunk.events), np.bool_),
        chunk.high,
        chunk.low,
        dict(zip(names, values, strict=True)),
    )


def _ticks(ticks: list[int | None]) -> pl.DataFrame:
    rows = np.array([row for row, tick in enumerate(ticks) if tick is not None], np.intp)
    times = np.array([tick for tick in ticks if tick is not None], np.int64)
    zeros = np.zeros(len(rows), np.uint64)
    nothing = [None] * len(rows)
    return _part(rows, times, np.ones(len(rows), np.bool_), zeros, zeros, dict.fromkeys((*TEXTS, *NUMBERS), nothing))


def _part(row: Any, event_ms: Any, is_tick: Any, hi: Any, lo: Any, said: dict[str, Any]) -> pl.DataFrame:  # noqa: ANN401, PLR0913
    columns = {"row": row, "event_ms": event_ms, "is_tick": is_tick, "id_hi": hi, "id_lo": lo}
    texts = {name: pl.Series(said[name], dtype=pl.String) for name in TEXTS}
    return pl.DataFrame(columns | texts | {name: pl.Series(said[name], dtype=pl.Float64) for name in NUMBERS})
