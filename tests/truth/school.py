"""A seeded school's day, written through all flows into a database, with a roster, terms and courses of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from bench.alerts.run import put
from dataflows.archive import flow as archive
from dataflows.batch import Records, TaskBatch
from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.memory import flow as memory
from dataflows.operators import builder
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer
from simulation.day import SchoolDay
from simulation.faults import Faults
from simulation.platform import Platform
from simulation.school import School, build_school
from tests.oracle.reading import Record

BEGINS: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
SECONDS: Final = 3 * 3600
CLOSES: Final = BEGINS + timedelta(seconds=SECONDS, minutes=3)  # while some are still there
SETTINGS: Final = Settings(_env_file=None)
STAFF: Final = "s00003"  # whom the log calls a student, and the roster a teacher
SEEN: Final = 3_000  # of the clickstream's records, a night had seen so many
MODULES: Final = ("geo", "mat")  # courses of modules; the others have chapters
Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """What is known without the database.

    Attributes:
        records: The log, topic by topic.
        tables: Roster and courses, as rows.
        now: The clock: the lowest watermark.
        school: Who is where, of a log that was made.
    """

    records: list[Record]
    tables: dict[str, list[Row]]
    now: datetime
    school: School | None = field(repr=False, default=None)


def world() -> World:
    """Returns the school and its log."""
    school = build_school(24, 11)
    faults = Faults(late=0.02, duplicates=0.02, broken=0.01)
    platform = Platform(chapter_views=True, learning=True, second_tabs=0.1)
    day = SchoolDay(school, round(BEGINS.timestamp() * 1000), 0.5, faults=faults, platform=platform)
    records = before(school)
    offsets: dict[str, int] = dict.fromkeys(sorted({*archive.TOPICS}), 0)
    for record in records:
        offsets[record.topic] += 1
    for topic, (at_ms, key, value) in day.everything(SECONDS):
        records.append(Record(topic, 0, offsets[topic], at_ms, value, key))
        offsets[topic] += 1
    closes = round(CLOSES.timestamp() * 1000)
    records += [Record(topic, 0, offset, closes, None, None, closes) for topic, offset in offsets.items()]
    return World(records, roster(school), CLOSES, school)


def before(school: School) -> list[Record]:
    """Returns what was known earlier: quizzes of three weeks, and a course that was bought."""
    module = next(c for c in school.classes[0].courses.values() if c[0].course_id.startswith(MODULES))[0]
    student = school.classes[0].students[4].student_id
    reported: list[tuple[timedelta, str, Row]] = [
        (timedelta(days=days), "module_quiz_events", {"user_id": user, "score": score, "module": module.chapter_id})
        for days, score in ((20, 85), (9, 55), (3, 90))
        for user in [s.student_id for s in school.classes[0].students[: days - 2]] + ["gone"] * (days == 20)
    ]
    bought = {"event_name": "course_enroll", "student_id": student, "metadata": {"price": 49.9}}
    reported.append((timedelta(minutes=1), "clickstream_events", bought))
    reported += [
        (timedelta(days=7 * week) - minutes - timedelta(seconds=n), "clickstream_events", event)
        for week in (1, 2, 4)
        for class_id, members in (
            (school.classes[0].class_id, school.classes[0].students),
            ("7Z", school.classes[0].students[9:]),
        )
        for minutes, n, event in _usual(class_id, [s.student_id for s in members], week)
    ]
    reported.sort(key=lambda one: -one[0])
    records: list[Record] = []
    for number, (ago, topic, event) in enumerate(reported):
        at = round((BEGINS - ago).timestamp() * 1000) + number
        place = "course" if topic == "module_quiz_events" else "course_id"
        event |= {"event_id": str(uuid.UUID(int=number + 1)), "timestamp": at, place: module.course_id}
        offset = sum(record.topic == topic for record in records)
        records.append(Record(topic, 0, offset, at, json.dumps(event).encode(), b"k"))
    return records


def _usual(class_id: str, students: list[str], week: int) -> Iterator[tuple[timedelta, int, Row]]:
    """Yields clicks about the clock's time of an earlier week: some are there, some were, some come after."""
    closes = CLOSES - BEGINS
    for n, student in enumerate(students[:9]):
        event = {"event_name": "page_view", "student_id": student, "class_id": class_id}
        yield closes - timedelta(minutes=12), n, dict(event)
        if n <= 2 * week:
            yield closes - timedelta(minutes=2), n, dict(event)
        if n > 4:
            yield closes + timedelta(minutes=3), n, dict(event)


def roster(school: School) -> dict[str, list[Row]]:
    """Returns the roster's and the courses' rows: everybody is enrolled, some later, some never came, one left."""
    enrolments: list[Row] = []
    items: dict[tuple[str, str], Row] = {}
    for group in school.classes:
        for chapters in group.courses.values():
            course = chapters[0].course_id
            since = BEGINS - timedelta(days=30)
            members = [student.student_id for student in group.students] + ["never-came", "left", "gone"]
            enrolments += [
                {
                    "student_id": s,
                    "course_id": course,
                    "class_id": group.class_id,
                    "enrolled_at": since,
                    "left_at": None,
                }
                for s in members
            ]
            title = {"kind": "course", "title": f"The course {course}", "position": 0, "expected_seconds": None}
            items[course, course] = {
                "course_id": course,
                "item_id": course,
                **title,
                "pass_mark": None,
                "available_from": None,
            }
            for chapter in chapters:
                expected = 60 * chapter.number if chapter.number % 3 else None
                items[course, chapter.chapter_id] = {
                    "course_id": course,
                    "item_id": chapter.chapter_id,
                    "kind": "module" if course.startswith(MODULES) else "chapter",
                    "title": chapter.title,
                    "position": chapter.number,
                    "expected_seconds": expected,
                    "pass_mark": 60 + chapter.number if chapter.number % 2 else None,
                    "available_from": None if course.startswith(MODULES) else BEGINS - timedelta(days=10),
                }
    enrolments += [  # a class beside their own
        {"student_id": s.student_id, "course_id": "club", "class_id": "7Z", "enrolled_at": BEGINS, "left_at": None}
        for s in school.classes[0].students[5:9]
    ]
    for row in enrolments:
        row["left_at"] = BEGINS - timedelta(days=3) if row["student_id"] == "left" else None
    return {
        "classes": [{"class_id": g.class_id, "title": g.class_id, "grade": "7"} for g in school.classes]
        + [{"class_id": "7Z", "title": "Club", "grade": "7"}],
        "class_staff": [{"class_id": school.classes[0].class_id, "staff_id": STAFF}],
        "terms": [{"term_id": "t", "starts": date(2026, 2, 9), "ends": date(2026, 6, 30)}],
        "periods": [
            {"class_id": g.class_id, "weekday": 1, "starts": time(8), "ends": time(8, 45)} for g in school.classes
        ]
        + [{"class_id": school.classes[0].class_id, "weekday": 1, "starts": time(10, 59), "ends": time(11, 30)}],
        "anomalies": [
            {
                "detected_at": BEGINS - timedelta(days=days),
                "kind": "drop",
                "subject_id": "7A",
                "score": 0.5,
                "detail": None,
            }
            for days in (1, 9)
        ],
        "late_days": [
            {"flow": "content", "day": BEGINS.date() - timedelta(days=days), "up_to_place": "{}", "added": added}
            | {"added_at": BEGINS}
            for days, added in ((2, 3), (3, 0))
        ],
        "nightly_runs": [{"succeeded_at": BEGINS, "added": 3, "waiting_days": 1}],
        "late_seen": [
            {"flow": "engagement", "up_to_place": f'{{"clickstream_events": {{"0": {SEEN}}}}}'} | {"seen_at": BEGINS}
        ],
        "late_left": [{"flow": "content", "day": BEGINS.date(), "events": 5, "settled_at": CLOSES}],
        "dead_letters": [
            {"received_at": datetime.now(UTC) - timedelta(hours=hours), "topic": "clickstream_events", "partition": 9}
            | {"kafka_offset": hours, "reason": "not_json", "payload": "{"}
            for hours in (23, 25)
        ],
        "directory": [{"student_id": s.student_id, "display_name": s.name} for g in school.classes for s in g.students],
        "enrolments": [row for row in enrolments if row["student_id"] != STAFF],
        "content_items": list(items.values()),
    }


def store(url: str, world: World) -> None:
    """Writes the roster, and the log through every flow."""
    put(url, world.tables)
    for flow in (engagement, content, memory):
        _play(url, flow, world.records)
    _play(url, archive, world.records)


def _play(url: str, flow: Any, records: list[Record]) -> None:  # noqa: ANN401
    claim = claim_task(url, flow.FLOW, 0)
    by_topic: dict[str, Records] = {}
    for record in records:
        if record.topic in flow.TOPICS:
            log = by_topic.setdefault(record.topic, Records(record.topic, 0))
            log.offsets.append(record.offset)
            log.append_ms.append(record.append_ms)
            log.keys.append(record.key)
            log.values.append(record.value)
            log.ticks.append(record.tick)
    batch = TaskBatch(
        task=0,
        generation=claim.generation,
        floor={},
        records=list(by_topic.values()),
        offsets={topic: len(log.offsets) for topic, log in by_topic.items()},
        flush=True,
        topic_ids={},
        cluster_id="",
        live_from_ms=1 << 62,
    )
    item = flow.decode(batch, SETTINGS)
    for operator in builder.pipeline(flow, 0, SETTINGS):
        item = operator.process(item)
    changes: list[Changes] = flow.gather(item)
    writer = Writer(url, flow.FLOW, Freshness(), lambda _topic, _records: None, lambda: True)
    writer.write_batch([("0", change) for change in changes])
    writer.close()
