"""Every table that `engagement` and `archive` should hold after a log of clickstream records, by brute force.

The log is read record by record, in offset order within each topic-partition; nothing is vectorised and
nothing is shared with the program. Times are epoch milliseconds, days ISO dates, rows are dictionaries
under their keys.

Decisions where the text leaves room:

- Events of roles other than `student` move the watermark and are stored in `events`; they are neither
  counted as late nor seen by the dedupe of `engagement`.
- A topic-partition that holds nothing but rejects has held a record: its watermark is minus infinity,
  and so is its task's lowest.
- Topic-partitions of one task are read topic by topic in the order of their names; that matters only if
  two topics hold one event_id.
- A record is judged by the greater of its topic-partition's watermark and of what its task had settled before that
  topic-partition's first record (`begun`: how the topics were read decides it, so it is given); in the end a task is
  settled up to its lowest watermark, or up to the highest of these.
- `events` has one row per (event_time, event_id, topic), that of the lowest offset.
- The first record of an id counts, or is late; another one while the id is known does not count, whatever its time.
- Nights add what `events` holds: a record with the time and id of an earlier one is not in it, however long ago it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.consent import Consents
from tests.oracle.ids import KnownIds
from tests.oracle.nights import LateDays, is_counted
from tests.oracle.reading import Event, Record, read
from tests.oracle.student import MINUTE, Student, is_interaction, telling_order

NEVER = -(1 << 62)
Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Rules:
    """The settings that change results."""

    timezone: str = "UTC"
    lateness_ms: int = 60_000
    max_future_ms: int = 300_000
    repeat_ms: int = 172_800_000
    max_bytes: int = 65_536
    late_days: LateDays = field(default_factory=dict)


@dataclass
class Expected:
    """The tables, each as rows under their primary key; and what was only counted.

    Attributes:
        activity_windows: (window_start, scope, scope_id, task) to events, active_students, active_5m.
        student_state: (student_id,) to all columns but `updated_at`.
        engagement_scores: (time, student_id) to class_id, score and its four parts.
        student_days: (day, student_id) to class_id, minutes_active, interactions.
        student_day_classes: (day, student_id, class_id) to minutes_active, interactions, on days with several classes.
        events: (event_time, event_id, topic) to all columns.
        dead_letters: (received_at, topic, partition, kafka_offset) to reason and payload (bytes).
        late: The students' events that came too late to count.
        duplicates: The students' events that were repeats.
        watermarks: (topic, partition) to the watermark after the last record; None where it never moved.
    """

    activity_windows: Rows = field(default_factory=dict)
    student_state: Rows = field(default_factory=dict)
    engagement_scores: Rows = field(default_factory=dict)
    student_days: Rows = field(default_factory=dict)
    student_day_classes: Rows = field(default_factory=dict)
    events: Rows = field(default_factory=dict)
    dead_letters: Rows = field(default_factory=dict)
    late: int = 0
    duplicates: int = 0
    watermarks: dict[tuple[str, int], int | None] = field(default_factory=dict)


def expect(
    records: Iterable[Record], rules: Rules | None = None, begun: dict[tuple[str, int], int] | None = None
) -> Expected:
    """Returns the tables that `records` must lead to.

    Args:
        records: Records of any number of topic-partitions, in offset order within each.
        rules: Settings; the defaults of the program where absent.
        begun: What a task had settled before the first record of a (topic, partition); nothing where absent.
    """
    rules, begun = rules or Rules(), begun or {}
    logs: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        logs.setdefault((record.partition, record.topic), []).append(record)
    expected = Expected()
    counted: dict[int, list[Event]] = {}
    added: dict[int, list[Event]] = {}
    lowest: dict[int, int] = {}
    for (task, topic), log in sorted(logs.items()):
        events = counted.setdefault(task, [])
        settled = begun.get((topic, task), NEVER)
        lists = (events, added.setdefault(task, []))
        watermark = _read_log(log, rules, expected, lists, settled)
        expected.watermarks[topic, task] = watermark if watermark > NEVER else None
        lowest[task] = min(watermark, lowest.get(task, watermark))
    for (_topic, task), settled in begun.items():
        lowest[task] = max(lowest[task], settled)
    for task, events in counted.items():
        _windows(task, events + added[task], lowest[task], expected)
        _students(task, events, lowest[task], rules, expected)
        # Late events are added to days and windows; scores and states say what was known in time.
        again = Expected()
        _students(task, events + added[task], lowest[task], rules, again)
        expected.student_days |= again.student_days
        expected.student_day_classes |= again.student_day_classes
    return expected


def _read_log(  # noqa: PLR0913
    log: list[Record], rules: Rules, expected: Expected, lists: tuple[list[Event], list[Event]], settled: int
) -> int:
    """Reads one topic-partition into what counts in time and what nights added; returns its last watermark."""
    watermark, (counted, added), consents = NEVER, lists, Consents()
    kept, seen = KnownIds(rules.repeat_ms), KnownIds(max(rules.repeat_ms, rules.lateness_ms + MINUTE))
    for record in log:
        if record.tick is not None:
            watermark = max(watermark, min(record.tick, record.append_ms))
            continue
        event = read(record, rules.max_future_ms, rules.max_bytes)
        if not isinstance(event, Event):
            key = (record.append_ms, record.topic, record.partition, record.offset)
            expected.dead_letters[key] = {"reason": event.reason, "payload": record.value or b""}
            continue
        if consents.holds_back(event):
            watermark = max(watermark, min(event.event_ms, record.append_ms))
            continue
        row = event.event_ms, event.event_id, record.topic
        stored = not kept.is_repeat(event.event_id, event.event_ms, watermark) and row not in expected.events
        if stored:
            expected.events[row] = _archived(event, record, watermark)
        if event.role == "student":
            is_repeat = seen.is_repeat(event.event_id, event.event_ms, watermark)
            closes = (event.event_ms // MINUTE + 1) * MINUTE + rules.lateness_ms
            if max(watermark, settled) >= closes:
                expected.late += 1
                if stored and not is_repeat and is_counted(rules.late_days, rules.timezone, event.event_ms, record):
                    added.append(event)
            elif is_repeat:
                expected.duplicates += 1
            else:
                counted.append(event)
        watermark = max(watermark, min(event.event_ms, record.append_ms))
    return watermark


def _archived(event: Event, record: Record, watermark: int) -> dict[str, Any]:
    return {
        "student_id": event.student_id,
        "role": event.role,
        "event_type": event.event_type,
        "event_name": event.event_name,
        **event.texts,
        "metadata": event.metadata,
        "partition": record.partition,
        "kafka_offset": record.offset,
        "ingested_at": record.append_ms,
        "watermark_before": watermark if watermark > NEVER else None,
    }


def scopes(event: Event) -> list[tuple[str, str]]:
    """Returns the (scope, scope_id) pairs that an event counts in."""
    texts = event.texts
    found = [("all", "all")]
    for scope in ("class", "grade", "subject", "course", "chapter"):
        value = texts["grade" if scope == "grade" else f"{scope}_id"]
        if value is not None:
            found.append((scope, value))
    if texts["class_id"] is not None and texts["chapter_id"] is not None:
        pair = (texts["class_id"].replace("/", "%2F"), texts["chapter_id"].replace("/", "%2F"))
        found.append(("class_chapter", "/".join(pair)))
    return found


def _windows(task: int, events: list[Event], low: int, expected: Expected) -> None:
    counts: dict[tuple[int, str, str], int] = {}
    seen: dict[tuple[int, str, str], set[str]] = {}
    acted: dict[tuple[int, str, str], set[str]] = {}
    for event in events:
        minute = event.event_ms // MINUTE
        for scope, scope_id in scopes(event):
            here = (minute, scope, scope_id)
            counts[here] = counts.get(here, 0) + 1
            seen.setdefault(here, set()).add(event.student_id)
            if is_interaction(event):
                acted.setdefault(here, set()).add(event.student_id)
    after = {(m + i, s, k) for m, s, k in acted for i in range(5) if (m + i) * MINUTE <= low}
    for minute, scope, scope_id in counts.keys() | after:
        five = set[str]().union(*(acted.get((minute - i, scope, scope_id), ()) for i in range(5)))
        expected.activity_windows[minute * MINUTE, scope, scope_id, task] = {
            "events": counts.get((minute, scope, scope_id), 0),
            "active_students": len(seen.get((minute, scope, scope_id), ())),
            "active_5m": len(five),
        }


def _students(task: int, events: list[Event], low: int, rules: Rules, expected: Expected) -> None:
    zone, known = ZoneInfo(rules.timezone), dict[int, date]()

    def local_day(at: int) -> date:
        # no zone changes its offset within a quarter of an hour
        quarter = at // (15 * MINUTE)
        if quarter not in known:
            known[quarter] = datetime.fromtimestamp(quarter * 15 * 60, UTC).astimezone(zone).date()
        return known[quarter]

    stories: dict[str, list[Event]] = {}
    for event in events:
        stories.setdefault(event.student_id, []).append(event)
    last_final = (low - rules.lateness_ms) // MINUTE - 1
    for student_id, story in stories.items():
        if (student_id,) in expected.student_state:
            message = f"{student_id} lives in two tasks: the log is keyed wrongly"
            raise ValueError(message)
        story.sort(key=telling_order)
        student = Student(local_day)
        for reported, event in enumerate(story):
            student.tell(event)
            minute = event.event_ms // MINUTE
            upto = story[reported + 1].event_ms // MINUTE if reported + 1 < len(story) else last_final + 1
            for m in range(minute, min(upto, last_final + 1)):
                if student.offline((m + 1) * MINUTE):
                    break
                expected.engagement_scores[m * MINUTE, student_id] = student.score(m)
        expected.student_state[(student_id,)] = student.row(task)
        _days(student_id, story, local_day, expected)


def _days(student_id: str, story: list[Event], local_day: Any, expected: Expected) -> None:
    days: dict[date, list[Event]] = {}
    for event in story:
        days.setdefault(local_day(event.event_ms), []).append(event)
    for day, events in days.items():
        acts = [e for e in events if is_interaction(e)]
        classes = [(e.event_ms, e.place, e.texts["class_id"]) for e in acts if e.texts["class_id"] is not None]
        if acts:
            expected.student_days[day.isoformat(), student_id] = {
                "class_id": max(classes)[2] if classes else None,
                "minutes_active": len({e.event_ms // MINUTE for e in acts}),
                "interactions": len(acts),
            }
        by_class: dict[str, list[Event]] = {}
        for event in acts:
            by_class.setdefault(event.texts["class_id"] or "", []).append(event)
        for class_id, some in by_class.items() if len(by_class) > 1 else ():
            expected.student_day_classes[day.isoformat(), student_id, class_id] = {
                "minutes_active": len({e.event_ms // MINUTE for e in some}),
                "interactions": len(some),
            }
