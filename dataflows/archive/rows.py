"""From decoded records to rows of `events`, `dead_letters`, `enrolments` and `course_activity`."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec
import polars as pl

from dataflows.events.full import TEXTS, Full
from dataflows.events.rejects import Reject
from dataflows.operators.segments import Bools, Ints
from dataflows.operators.watermark import NEVER
from dataflows.scores.engagement import NO_INTERACTION

MOST_PAYLOAD: Final = 262_144
"""Of a longer value only the beginning is kept: in base64 it must fit into a record as brokers take it, 1 MB."""

_EVENT_TEXTS: Final = (*TEXTS, "metadata", "topic", "partition")


def event_rows(full: Full, before: Ints, floor: int, first: Bools) -> pl.DataFrame:
    """Returns rows of `events`: accepted events from offset `floor` on, each with the watermark that it met.

    Args:
        full: A decoded batch of one topic-partition.
        before: The watermark that each of its rows met, epoch milliseconds.
        floor: Offsets below it are in the table already.
        first: Which of the rows are events, each the first of its id.
    """
    return (
        full.frame.with_columns(pl.Series("watermark_before", before))
        .filter(pl.Series(first) & (pl.col("offset") >= floor))
        .select(
            pl.col("event_ms").cast(pl.Datetime("ms")).alias("event_time"),
            *_EVENT_TEXTS,
            pl.col("offset").alias("kafka_offset"),
            pl.col("append_ms").cast(pl.Datetime("ms")).alias("ingested_at"),
            pl.when(pl.col("watermark_before") > NEVER)
            .then(pl.col("watermark_before"))
            .cast(pl.Datetime("ms"))
            .alias("watermark_before"),
        )
    )


def enrolment_rows(events: pl.DataFrame) -> pl.DataFrame:
    """Returns facts for `enrolments`, one an event; see `dataflows.sink.enrolments` for how they are merged."""
    enrols = pl.col("event_name") == "course_enroll"
    return events.filter(
        pl.col("event_name").is_in(["course_enroll", "course_unenroll"]) & pl.col("course_id").is_not_null()
    ).select(
        "student_id",
        "course_id",
        "class_id",
        "role",
        pl.when(enrols).then(pl.col("event_time")).alias("enrolled_at"),
        pl.when(~enrols).then(pl.col("event_time")).alias("left_at"),
    )


def course_activity_rows(events: pl.DataFrame) -> pl.DataFrame:
    """Returns, for `course_activity`, the minute of the last interaction of each student in each course.

    To the minute, so that a row is written again once a minute and not with every batch.

    Args:
        events: Rows of `events`.
    """
    is_ping = (pl.col("event_name") == "time_ping") | (pl.col("event_type") == "heartbeat")
    is_hidden = is_ping & (pl.col("metadata").str.json_path_match("$.hidden") == "true").fill_null(value=False)
    return (
        events.filter(
            pl.col("course_id").is_not_null()
            & (pl.col("role").fill_null("student") == "student")
            & ~pl.col("event_name").is_in(NO_INTERACTION)
            & ~is_hidden
        )
        .group_by("student_id", "course_id", maintain_order=True)
        .agg(pl.col("event_time").max().dt.truncate("1m").alias("last_at"))
    )


def reject_rows(rejects: list[Reject]) -> pl.DataFrame:
    """Returns rows of `dead_letters`; the payload is the original bytes, at most `MOST_PAYLOAD`, in base64."""
    return pl.DataFrame(
        {
            "received_at": pl.Series([r.append_ms for r in rejects], dtype=pl.Int64).cast(pl.Datetime("ms")),
            "topic": [r.topic for r in rejects],
            "partition": [r.partition for r in rejects],
            "kafka_offset": [r.offset for r in rejects],
            "reason": [str(r.reason) for r in rejects],
            "detail": [r.detail.replace("\x00", "") for r in rejects],
            "payload": [_payload(r) for r in rejects],
            "payload_bytes": [len(r.payload) for r in rejects],
            "payload_sha256": [_sha256(r) for r in rejects],
        }
    )


def _payload(reject: Reject) -> str:
    return base64.b64encode(reject.payload[:MOST_PAYLOAD]).decode()


def _sha256(reject: Reject) -> str:
    return hashlib.sha256(reject.payload).hexdigest()


def reject_records(rejects: list[Reject]) -> list[tuple[bytes, bytes]]:
    """Returns rejects as (key, value) of records for the topic `dead_letters`.

    The key is the place in the log, so that a reader can drop the repeats that a crash may cause.
    """
    return [
        (
            f"{r.topic}/{r.partition}/{r.offset}".encode(),
            msgspec.json.encode(
                {
                    "reason": r.reason,
                    "detail": r.detail,
                    "topic": r.topic,
                    "partition": r.partition,
                    "offset": r.offset,
                    "received_at": r.append_ms,
                    "payload": _payload(r),
                    "payload_bytes": len(r.payload),
                    "payload_sha256": _sha256(r),
                }
            ),
        )
        for r in rejects
    ]
