"""The flows: does each one write, is anything left unread, and does its watermark move?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from psycopg.rows import dict_row

from dataflows.eras import base_of
from dataflows.flows import names as flow_names
from dataflows.kafka.clients import quiet_logger
from dataflows.kafka.log import MOVE_ON, LogFacts, PartitionCountError
from dataflows.kafka.topics import CLICKSTREAM_ALIAS, INPUT_TOPICS
from dataflows.settings import Settings
from dataflows.sink.connection import APPLICATION
from health.finding import Finding, note, ok, wrong

PART = "flows"
STUCK_AFTER_S = 120
STALE_WATERMARK_S = 120
TIMEOUT_S = 5.0

PROGRESS = """
SELECT flow, task, offsets, watermarks, cluster_id, topic_ids, partitions, updated_at
FROM task_progress ORDER BY flow, task
"""

SESSIONS = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
"""A worker holds a session of its flow's name for as long as it lives: one that died is missed at once."""


@dataclass(slots=True)
class Progress:
    """How far one flow is, over all its tasks.

    Attributes:
        updated_at: The newest commit.
        watermark_ms: The lowest watermark of its topic-partitions that held a record, if any did.
        offsets: (topic, task) -> next offset.
        clusters: The Kafka clusters that it has read.
        topic_ids: The ids of the topics that it has read.
        partitions: How many partitions those had.
    """

    updated_at: datetime = datetime.min.replace(tzinfo=UTC)
    watermark_ms: int | None = None
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    clusters: set[str] = field(default_factory=set)
    topic_ids: dict[str, str] = field(default_factory=dict)
    partitions: int | None = None

    def others(self, facts: LogFacts) -> list[str]:
        """Returns the topics of which the broker has another than this flow has read."""
        if self.clusters - {facts.cluster_id}:
            return sorted({topic for topic, _task in self.offsets})
        return sorted(t for t, known in self.topic_ids.items() if facts.topic_ids.get(t, known) != known)


def check(settings: Settings) -> list[Finding]:
    """Returns one finding a flow; none where the database cannot be asked, which is a finding of its own part."""
    try:
        with psycopg.connect(settings.database_url.get_secret_value(), connect_timeout=5) as connection:
            rows = connection.cursor(row_factory=dict_row).execute(PROGRESS).fetchall()
            sessions = connection.execute(SESSIONS).fetchall()
    except psycopg.Error:
        return []
    flows = progress(rows)
    working = {name.removeprefix(f"{APPLICATION}-") for (name,) in sessions}
    ends = _ends(settings, sorted({part for flow in flows.values() for part in flow.offsets}))
    facts, now = _facts(settings) if ends else None, datetime.now(UTC)
    others = {name: flow.others(facts) for name, flow in flows.items() if facts is not None}
    return [
        (_of_another_log(name, others[name]) if others.get(name) else None)
        or (facts and regrown(name, flows.get(name), facts.partitions))
        or judge(
            name,
            flows.get(name),
            ends,
            now,
            works=name in working,
            others_work=bool(working & {*flow_names()}),
            patience_s=STUCK_AFTER_S + (settings.lake_file_s if name == "lake" else 0),
        )
        for name in dict.fromkeys((*flow_names(), *flows))
    ]


def progress(rows: list[dict[str, Any]]) -> dict[str, Progress]:
    """Gathers the rows of `task_progress` by flow."""
    flows: dict[str, Progress] = {}
    for row in rows:
        flow = flows.setdefault(row["flow"], Progress())
        flow.updated_at = max(flow.updated_at, row["updated_at"])
        flow.offsets.update({(topic, row["task"]): offset for topic, offset in (row["offsets"] or {}).items()})
        flow.clusters |= {row["cluster_id"]} - {None, ""}
        flow.topic_ids |= row["topic_ids"] or {}
        flow.partitions = row["partitions"] or flow.partitions
        marks = [mark for mark in (row["watermarks"] or {}).values() if mark is not None]
        if marks:
            flow.watermark_ms = min([*marks, *([] if flow.watermark_ms is None else [flow.watermark_ms])])
    return flows


def judge(  # noqa: PLR0913
    name: str,
    flow: Progress | None,
    ends: dict[tuple[str, int], int] | None,
    now: datetime,
    *,
    works: bool,
    others_work: bool,
    patience_s: float = STUCK_AFTER_S,
) -> Finding:
    """Says how a flow is: it is wrong when it ought to work and nobody does, or nothing comes of it.

    Args:
        name: The flow.
        flow: Its progress; `None` where it never wrote.
        ends: (topic, partition) -> end of the log; `None` where Kafka cannot be asked.
        now: The wall clock.
        works: Whether a worker of it is connected to the database.
        others_work: Whether a worker of any flow is.
        patience_s: How long a worker may write nothing: the lake writes a file in minutes.
    """
    if flow is None:
        detail = "has not written yet, and a worker is there" if works else "has never written"
        return note(PART, name, detail, "" if works else _start(name))
    unread = None if ends is None else _unread(flow, ends)
    detail = _detail(flow, unread, now)
    if not works:
        advice = f"{_start(name)} If it was running, its log says why it ended."
        say = wrong if unread or others_work else note
        return say(PART, name, f"no worker runs: {detail}", advice)
    if unread and now - flow.updated_at > timedelta(seconds=patience_s):
        return wrong(PART, name, f"a worker is there and writes nothing: {detail}", "Read its log.")
    behind_ms = 0 if flow.watermark_ms is None else now.timestamp() * 1000 - flow.watermark_ms
    if unread is None or behind_ms <= STALE_WATERMARK_S * 1000:
        return ok(PART, name, detail)
    if unread:
        return ok(PART, name, f"catching up: {detail}")
    advice = "A quiet partition holds the watermark back: run `classpulse tick` (or replay with `--close`)."
    return note(PART, name, detail, advice)


def _start(name: str) -> str:
    return f"Start it: `classpulse run {name}`."


def _detail(flow: Progress, unread: int | None, now: datetime) -> str:
    as_of = "no event yet"
    if flow.watermark_ms is not None:
        as_of = f"as of {datetime.fromtimestamp(flow.watermark_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    lag = "Kafka does not answer, so lag is unknown" if unread is None else f"{unread:,} records wait"
    return f"{as_of}, {lag}, last commit {_span(now - flow.updated_at)} ago"


def _unread(flow: Progress, ends: dict[tuple[str, int], int]) -> int:
    places = {part: flow.offsets[part] for part in ends if part in flow.offsets}
    return sum(max(0, base_of(place) + ends[part] - place) for part, place in places.items())


def _of_another_log(name: str, topics: list[str]) -> Finding:
    detail = f"its results come from other topics than the broker has: {', '.join(topics)}"
    advice = (
        "If the old ones are lost for good: `classpulse adopt`; else set KAFKA_BOOTSTRAP_SERVERS to where they are."
    )
    return wrong(PART, name, detail, advice)


def regrown(name: str, flow: Progress | None, partitions: int) -> Finding | None:
    """Returns that the topics have another number of partitions than when the flow wrote, where that is so."""
    if flow is None or flow.partitions in {None, partitions}:
        return None
    detail = f"the topics had {flow.partitions} partitions when it wrote last, and have {partitions}"
    return wrong(PART, name, detail, f"Keys hash to other tasks now. {MOVE_ON}")


def _facts(settings: Settings) -> LogFacts | None:
    try:
        return LogFacts.read(settings, [settings.topic(t) for t in INPUT_TOPICS], [settings.topic(CLICKSTREAM_ALIAS)])
    except (KafkaException, PartitionCountError):  # the Kafka check says what is wrong with it
        return None


def _ends(settings: Settings, parts: list[tuple[str, int]]) -> dict[tuple[str, int], int] | None:
    consumer = Consumer({**settings.kafka_config(), "group.id": "classpulse-doctor", "logger": quiet_logger()})
    ends: dict[tuple[str, int], int] = {}
    try:
        for topic, partition in parts:
            ends[topic, partition] = consumer.get_watermark_offsets(TopicPartition(topic, partition), TIMEOUT_S)[1]
    except KafkaException:  # the Kafka check says what is wrong with it
        return None
    finally:
        consumer.close()
    return ends


def _span(span: timedelta) -> str:
    """Writes a time span in its largest fitting unit."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
