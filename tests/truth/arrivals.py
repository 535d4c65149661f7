"""Events of every topic as they came, whatever became of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from tests.oracle.clicks import VIEWS
from tests.oracle.engagement import NEVER, Rules
from tests.oracle.ids import KnownIds
from tests.oracle.learning import event_of
from tests.oracle.reading import TOPIC_ORDER, Event, Record
from tests.truth.facts import Facts, median, moment
from tests.truth.live import student_names
from tests.truth.registry import Row, truth

RULES = Rules()
HOUR_MS, TEN_MINUTES_MS, MOST = 3_600_000, 600_000, 10_000
TYPES = {
    "user_login_events": "session",
    "learning_domain_selection_events": "course",
    "diagnostic_quiz_events": "quiz_action",
    "module_quiz_events": "quiz_action",
    "module_completion_events": "lesson",
}
"""Of a learning event the topic says what it is."""
PLACES = ("class_id", "grade", "subject_id", "course_id", "chapter_id")


def _event(record: Record) -> Event | None:
    """Returns what a record of any topic says; a chapter view happens when it begins."""
    if record.topic == VIEWS:
        body = json.loads(record.value or b"")
        times = (body.get(name) for name in ("start_time", "chapter_start_time", "timestamp"))
        body |= {"timestamp": next(filter(None, times)), "event_name": "chapter_view", "event_type": "page_view"}
        record = replace(record, value=json.dumps(body).encode())
    return event_of(record, "", RULES.max_future_ms, RULES.max_bytes)


def _reported(log: Iterable[Record]) -> Iterator[tuple[Event, Record]]:
    """Yields a topic's events, each id once for as long as it is known."""
    mark, known = NEVER, KnownIds(RULES.repeat_ms)
    for record in log:
        if record.tick is not None:
            mark = max(mark, min(record.tick, record.append_ms))
        elif isinstance(event := _event(record), Event):
            if not known.is_repeat(event.event_id, event.event_ms, mark):
                yield event, record
            mark = max(mark, min(event.event_ms, record.append_ms))


def _course(event: Event, topic: str) -> str | None:
    """Returns what a learning event calls its course."""
    return (event.metadata or {}).get("course") if topic in TYPES else None


def arrived(facts: Facts) -> list[Row]:
    """Returns the students' events of all topics."""
    records = sorted(facts.world.records, key=lambda record: TOPIC_ORDER.index(record.topic))
    found: dict[tuple[int, str, str], Row] = {}
    for topic, log in groupby(records, lambda record: record.topic):
        for event, record in _reported(log):
            if event.role == "student" and event.student_id not in facts.staff:
                found.setdefault(
                    (event.event_ms, event.event_id, topic),
                    {
                        "event_time": event.event_ms,
                        **{name: getattr(event, name) for name in ("event_id", "student_id", "event_name")},
                        **{name: event.texts[name] for name in (*PLACES, "session_id", "device_type", "browser")},
                        "event_type": TYPES.get(topic, event.event_type),
                        "course_id": event.texts["course_id"] or _course(event, topic),
                        "delay": max(0, record.append_ms - event.event_ms) / 1000,
                    },
                )
    return list(found.values())


@truth("latest_events", "event_time", "event_id")
def latest_events(facts: Facts) -> Iterable[Row]:
    """An event of the last hour."""
    for e in arrived(facts):
        if e["event_time"] > facts.now_ms - HOUR_MS:
            yield {name: moment(e[name]) if name == "event_time" else e[name] for name in e if name != "delay"}


@truth("latest_named_events", "event_time", "event_id")
def latest_named_events(facts: Facts) -> Iterable[Row]:
    """The same with names."""
    names = {row["student_id"]: row["display_name"] for row in student_names(facts)}
    return [{**e, "display_name": names.get(e["student_id"])} for e in latest_events(facts)]


@truth("event_quality")
def event_quality(facts: Facts) -> Iterable[Row]:
    """The last ten minutes, of which the latest ten thousand count."""
    some = [e for e in arrived(facts) if facts.now_ms - TEN_MINUTES_MS < e["event_time"] <= facts.now_ms]
    some = sorted(some, key=lambda e: -e["event_time"])[:MOST]
    delays = [e["delay"] for e in some]
    yield {
        "events": len(some),
        "without_class": sum(e["class_id"] is None for e in some),
        "without_session": sum(e["session_id"] is None for e in some),
        "without_device": sum(e["device_type"] is None for e in some),
        "median_delay_seconds": median(delays),
        "p95_delay_seconds": median(delays, 0.95),
        "since": moment(min((e["event_time"] for e in some), default=None)),
    }
