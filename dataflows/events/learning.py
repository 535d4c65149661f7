"""Decode for the `memory` flow: quizzes and the other learning events as columns."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from dataflows.batch import Records
from dataflows.events.decoding import Chunk, Decoding, Fast
from dataflows.events.event import Event, seconds
from dataflows.events.kinds import KINDS, LEARNING_NAMES, Kind, canonical_topic
from dataflows.events.plain import PlainText, PlainTime, PlainUuid, decode_each
from dataflows.events.rejects import Reject
from dataflows.events.rules import DEFAULT_RULES, Rules
from dataflows.events.text import lenient_text

TEXTS: Final = ("user_id", "role", "event_name", "class_id", "domain", "course", "module", "quiz_type")
NUMBERS: Final = ("score", "time_taken")
MAX_SCORE: Final = 100.0
DEFAULT_ROLE: Final = "student"

_fields = attrgetter(*TEXTS, *NUMBERS)
_ORDER: Final = ("event_ms", "append_ms", "is_tick", "id_hi", "id_lo", "offset", *TEXTS, *NUMBERS)


class LearningFields(msgspec.Struct, gc=False):
    """What one learning event says, as it is spelt plainly; after `_complete`, the second half means nothing.

    What it accepts, the judge accepts with the same values: a field whose mere presence changes an event is typed
    `None`, one that could reject it is typed strictly.
    """

    event_id: PlainUuid
    user_id: PlainText
    timestamp: PlainTime
    event_name: PlainText | None = None
    domain: PlainText | None = None
    course: PlainText | None = None
    module: PlainText | None = None
    score: float | None = None
    time_taken: float | None = None
    class_id: PlainText | None = None
    role: PlainText | None = None
    quiz_type: PlainText | None = None

    event_type: PlainText | None = None
    course_id: PlainText | None = None
    student_id: None = None
    grade: PlainText | None = None
    subject_id: PlainText | None = None
    chapter_id: PlainText | None = None
    session_id: PlainText | None = None
    device: None = None
    metadata: None = None
    context: None = None
    payload: None = None
    event_data: None = None

    scroll_depth: float | None = None
    price: float | None = None
    position_s: float | None = None
    video_duration_s: float | None = None
    playback_rate: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    duration: float | None = None
    lesson_id: PlainText | None = None
    video_id: PlainText | None = None
    assessment_id: PlainText | None = None


_decoder = msgspec.json.Decoder(LearningFields)


@dataclass(frozen=True, slots=True)
class DecodedLearning:
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


def decode_learning(records: Records, rules: Rules = DEFAULT_RULES) -> DecodedLearning:
    """Decodes a batch of a learning topic, or of quiz events of the clickstream; accepts what `decode_full` accepts.

    Example:
        >>> value = b'{"user_id": "user123", "module": "dsa-arrays", "score": 85, "time_taken": 420}'
        >>> learned = decode_learning(Records("module_quiz_events", 0, [7], [1760000000050], [None], [value]))
        >>> learned.frame.select("user_id", "event_name", "module", "score", "time_taken").row(0)
        ('user123', 'module_quiz_completed', 'dsa-arrays', 85.0, 420.0)
    """
    topic = canonical_topic(records.topic, rules.topic_prefix)
    convert = submitted if KINDS.get(topic) is Kind.CLICKSTREAM else learning_fields
    decoding = Decoding(records, rules, _fast(topic), convert, Kind.LEARNING)
    parts = [_ticks(records.ticks), *map(_events, decoding.chunks())]
    frame = pl.concat(parts)
    rows = frame["row"].to_numpy()
    frame = frame.with_columns(offset=decoding.offsets[rows], append_ms=decoding.append_ms[rows])
    return DecodedLearning((frame.sort("row") if records.ticks else frame).select(_ORDER), decoding.rejects)


def _fast(topic: str) -> Fast[LearningFields]:
    """Returns the fast decoder of a topic."""
    name, _type = LEARNING_NAMES.get(topic, ("", ""))

    def decode(values: list[bytes | None]) -> tuple[list[LearningFields | None], list[int]]:
        events, odd = decode_each(_decoder, values)
        for event in events:
            if event is not None:
                _complete(event, name)
        return events, odd

    return decode


def _complete(event: LearningFields, name: str) -> None:
    event.event_name = event.event_name or event.event_type or name
    event.role = event.role or DEFAULT_ROLE
    event.course = event.course_id or event.course
    event.score = valid_score(event.score)


def valid_score(score: float | None) -> float | None:
    """Returns a score of 0-100, None for any other.

    Example:
        >>> valid_score(85.0), valid_score(100.5), valid_score(None)
        (85.0, None, None)
    """
    return score if score is not None and 0 <= score <= MAX_SCORE else None


def learning_fields(event: Event) -> LearningFields:
    """Returns what an event of a learning topic says; the judge keeps all but the columns in its metadata."""
    said = event.metadata or {}
    return _learning_fields(
        event, event.course_id or lenient_text(said.get("course")), lenient_text(said.get("module"))
    )


def submitted(event: Event) -> LearningFields:
    """Returns what a quiz event of the clickstream says: the quiz is a module's, or stands for one."""
    said = event.metadata or {}
    found = _learning_fields(event, event.course_id, lenient_text(said.get("module")) or event.assessment_id)
    if found.time_taken is None:
        found.time_taken = seconds(said, "duration")
    return found


def _learning_fields(event: Event, course: str | None, module: str | None) -> LearningFields:
    said: dict[str, Any] = event.metadata or {}
    return LearningFields(
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
        score=valid_score(seconds(said, "score")),
        time_taken=seconds(said, "time_taken"),
    )


def _events(chunk: Chunk[LearningFields]) -> pl.DataFrame:
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
