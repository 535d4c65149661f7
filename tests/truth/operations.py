"""What arrived, how far the data are, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from dataflows.archive import flow as archive
from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.memory import flow as memory
from tests.truth.facts import Facts, moment
from tests.truth.registry import SOMETHING, Row, truth
from tests.truth.school import BEGINS, SEEN

MINUTE_MS = 60_000
FLOWS = (archive, content, engagement, memory)
VIDEO = ("video_id", "course_id", "lesson_id", "session_id", "event_name")


def events(facts: Facts) -> list[Row]:
    """Returns the students' clickstream, as it is kept."""
    kept = facts.of_students(facts.engagement.events, ("event_time", "event_id", "topic"))
    return [e for e in kept if e["role"] == "student"]


@truth("student_video_events", "event_time", "event_id")
def student_video_events(facts: Facts) -> Iterable[Row]:
    """A video event or ping."""
    for e in events(facts):
        if e["video_id"] and (e["event_name"].startswith("video_") or e["event_name"] == "time_ping"):
            data: dict[str, Any] = e["metadata"] or {}
            numbers = ("position_s", "video_duration_s", "from_s", "to_s", "buffer_health", "video_quality")
            yield {
                **{name: e[name] for name in ("event_id", "student_id", *VIDEO)},
                "event_time": moment(e["event_time"]),
                **{name: data.get(name) for name in numbers},
                "playback_rate": data.get("playback_rate", 1),
            }


@truth("data_clock", "as_of")
def data_clock(facts: Facts) -> Iterable[Row]:
    """The lowest watermark: every topic's last record is a tick of one instant."""
    return [{"as_of": facts.world.now}]


def of_flow(facts: Facts, flow: Any) -> dict[str, int]:  # noqa: ANN401
    """Returns how many records each of a flow's topics holds."""
    counts: dict[str, int] = {}
    for record in facts.world.records:
        if record.topic in flow.TOPICS:
            counts[record.topic] = counts.get(record.topic, 0) + 1
    return counts


@truth("flow_status", "flow", "task", "topic")
def flow_status(facts: Facts) -> Iterable[Row]:
    """A topic of each flow's only task, which was claimed once."""
    for flow in FLOWS:
        for topic, records in of_flow(facts, flow).items():
            yield {
                "flow": flow.FLOW,
                "task": 0,
                "topic": topic,
                "next_offset": records,
                "watermark": facts.world.now,
                "generation": 1,
                "updated_at": SOMETHING,
            }


@truth("data_freshness", "flow")
def data_freshness(facts: Facts) -> Iterable[Row]:
    """A flow; by the wall clock nothing has arrived lately."""
    for flow in FLOWS:
        yield {
            "flow": flow.FLOW,
            "as_of": facts.world.now,
            "stalled_task": 0,
            "late_events_10m": 0,
            "rejected_10m": 0,
            "tasks": 1,
            **dict.fromkeys(("lag_seconds", "last_write_at"), SOMETHING),
        }


@truth("recent_anomalies", "detected_at", "kind", "subject_id")
def recent_anomalies(facts: Facts) -> Iterable[Row]:
    """An anomaly of the last seven days."""
    rows = facts.world.tables["anomalies"]
    return [row for row in rows if row["detected_at"] > facts.world.now - timedelta(days=7)]


@truth("late_additions", "flow", "day")
def late_additions(facts: Facts) -> Iterable[Row]:
    """A day to which a night added something."""
    for row in facts.world.tables["late_days"]:
        if row["added"]:
            reported = {name: row[name] for name in ("flow", "day", "added_at")}
            yield {**reported, "events": row["added"]}


@truth("late_waiting", "flow", "day")
def late_waiting(facts: Facts) -> Iterable[Row]:
    """A day whose minutes were final before some of their events came, and what the last night had left."""
    waiting = [
        e
        for e in facts.engagement.events.values()
        if e["kafka_offset"] >= SEEN and e["role"] == "student" and e["watermark_before"] is not None
    ]
    times = {id(e): at for (at, _id, _topic), e in facts.engagement.events.items()}
    late = [e for e in waiting if e["watermark_before"] >= (times[id(e)] // MINUTE_MS + 2) * MINUTE_MS]
    if late:  # of the made log, and all of its first day
        came = moment(min(e["ingested_at"] for e in late))
        yield {"flow": "engagement", "day": BEGINS.date(), "events": len(late), "settled_at": None, "came_at": came}
    for left in facts.world.tables.get("late_left", ()):
        yield {**left, "came_at": None}


@truth("last_night", "succeeded_at")
def last_night(facts: Facts) -> Iterable[Row]:
    """The only row, where there was a night."""
    return facts.world.tables.get("nightly_runs", ())


@truth("recent_rejects", "topic", "partition", "kafka_offset")
def recent_rejects(facts: Facts) -> Iterable[Row]:
    """A reject of the last day of the wall clock: the log's are older."""
    rows = facts.world.tables["dead_letters"]
    recent = [row for row in rows if row["received_at"] > datetime.now(UTC) - timedelta(days=1)]
    return [{**{k: v for k, v in row.items() if k != "payload"}, "detail": None} for row in recent]
