"""Every table that `content` should hold after a log of its topics, by brute force.

The logs are read record by record, in offset order within each topic-partition; students are told one after the other,
whole stories at once; nothing is vectorised, nothing forgotten, and nothing shared with the program. Times are epoch
milliseconds, days ISO dates, rows are dictionaries under their keys.

Decisions where the text leaves room:

- Records of other roles than `student` move the watermark and do nothing else.
- A topic-partition that holds nothing but rejects takes no part in its task's lowest watermark.
- Chapter views that begin earlier than the watermark that the first one met, less the reach, are late: until then
  nobody kept anything for them. Late ones are facts that never take the place of one that came in time.
- A record is judged as late by the greater of its topic-partition's watermark and of what its task
  had settled before that topic-partition's first record (`begun`: how the topics were read decides it).
- The first record of an id counts, or is late; another one of that topic while the id is known does not count, whatever
  its time.
- Nights add what `events` holds: a record with the time and id of an earlier one is not in it, however long ago it was.
- Milestones and explicit visits are facts: a student's event_id stands once, as the lowest (topic, offset) tells it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.clicks import CLICKS, VIEWS, View, in_order, is_ping, number, scroll_of, view_of
from tests.oracle.consent import Consents, consent_in
from tests.oracle.ids import KnownIds
from tests.oracle.nights import LateDays, is_counted
from tests.oracle.reading import Event, Record, number_of, read, type_of
from tests.oracle.sittings import Times, places, sittings_of
from tests.oracle.student import is_interaction
from tests.oracle.visits import visits_of
from tests.oracle.watching import watched

NEVER = -(1 << 62)
MILESTONES = {"lesson_start", "lesson_complete", "course_enroll", "course_unenroll", "course_complete"} | {
    "assignment_start", "assignment_submit", "forum_post", "login", "quiz_start", "quiz_submit",
}  # fmt: skip
Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class ContentRules:
    """The settings that change results; `include_late`: nothing is late, as a rebuild may be told."""

    prefix: str = ""
    timezone: str = "UTC"
    lateness_ms: int = 3_600_000
    times: Times = field(default_factory=Times)
    max_future_ms: int = 300_000
    repeat_ms: int = 172_800_000
    max_bytes: int = 65_536
    late_days: LateDays = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """How long after its time an event still counts."""
        return self.times.gap + self.lateness_ms

    @property
    def known(self) -> int:
        """How long an id is known: at least as long as an event may count."""
        return max(self.repeat_ms, self.reach + self.times.visit_cap)


@dataclass
class ExpectedContent:
    """The tables, each as rows under their primary key; and what was only counted.

    Attributes:
        sessions_open: (session_start, student_id).
        sessions_closed: Likewise.
        chapter_visit_facts: (start_time, event_id).
        video_views: (start_time, student_id, video_id).
        milestones: (event_time, event_id).
        student_click_days: (day, student_id).
        page_days: (day, page_url, task).
        late: Events of students that came too late to count, chapter views that stand alone among them.
        duplicates: Events of students that were repeats.
    """

    sessions_open: Rows = field(default_factory=dict)
    sessions_closed: Rows = field(default_factory=dict)
    chapter_visit_facts: Rows = field(default_factory=dict)
    video_views: Rows = field(default_factory=dict)
    milestones: Rows = field(default_factory=dict)
    student_click_days: Rows = field(default_factory=dict)
    page_days: Rows = field(default_factory=dict)
    late: int = 0
    duplicates: int = 0


@dataclass
class _Task:
    """What one task has taken in."""

    clicks: dict[str, list[Event]] = field(default_factory=dict)
    views: dict[str, list[View]] = field(default_factory=dict)
    milestones: dict[tuple[str, str], Event] = field(default_factory=dict)
    low: int | None = None
    stored: set[tuple[int, str]] = field(default_factory=set)

    def is_stored(self, at: int, event_id: str) -> bool:
        """Returns whether `events` holds a record: nights add no other."""
        is_new = (at, event_id) not in self.stored
        self.stored.add((at, event_id))
        return is_new


def expect(
    records: Iterable[Record], rules: ContentRules | None = None, begun: dict[tuple[str, int], int] | None = None
) -> ExpectedContent:
    """Returns the tables that `records` must lead to.

    Args:
        records: Records of any topics and partitions, in offset order within each; other topics are left out.
        rules: Settings; the defaults of the program where absent.
        begun: What a task had settled before the first record of a (topic, partition); nothing where absent.
    """
    rules, begun = rules or ContentRules(), begun or {}
    logs: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        topic = record.topic.removeprefix(rules.prefix)
        if topic in (*CLICKS, VIEWS):
            logs.setdefault((record.partition, topic), []).append(record)
    expected = ExpectedContent()
    tasks: dict[int, _Task] = {}
    for (number_, topic), log in sorted(logs.items()):
        task = tasks.setdefault(number_, _Task())
        settled = begun.get((rules.prefix + topic, number_), NEVER)
        mark = (_read_views if topic == VIEWS else _read_clicks)(log, rules, expected, task, settled)
        if mark > NEVER:
            task.low = mark if task.low is None else min(task.low, mark)
    for (_topic, number_), settled in begun.items():
        low = tasks[number_].low
        tasks[number_].low = settled if low is None else max(low, settled)
    for number_, task in sorted(tasks.items()):
        _tell(number_, task, rules, expected)
    return expected


def _read_clicks(log: list[Record], rules: ContentRules, expected: ExpectedContent, task: _Task, settled: int) -> int:
    """Reads one topic-partition; returns its last watermark."""
    mark, known, consents = NEVER, KnownIds(rules.known), Consents()
    for record in log:
        if record.tick is not None:
            mark = max(mark, min(record.tick, record.append_ms))
            continue
        event = read(record, rules.max_future_ms, rules.max_bytes)
        if not isinstance(event, Event):
            continue
        if consents.holds_back(event):
            mark = max(mark, min(event.event_ms, record.append_ms))
            continue
        if event.role == "student":
            _milestone(event, task)
            stored = task.is_stored(event.event_ms, event.event_id)
            met, is_repeat = max(mark, settled), known.is_repeat(event.event_id, event.event_ms, mark)
            if met >= event.event_ms + rules.reach:
                expected.late += 1
                if stored and not is_repeat and is_counted(rules.late_days, rules.timezone, event.event_ms, record):
                    task.clicks.setdefault(event.student_id, []).append(event)
            elif is_repeat:
                expected.duplicates += 1
            else:
                task.clicks.setdefault(event.student_id, []).append(event)
        mark = max(mark, min(event.event_ms, record.append_ms))
    return mark


def _read_views(log: list[Record], rules: ContentRules, expected: ExpectedContent, task: _Task, settled: int) -> int:
    mark, first, known, consents = NEVER, None, KnownIds(rules.known), Consents()
    for record in log:
        if record.tick is not None:
            mark = max(mark, min(record.tick, record.append_ms))
            continue
        consent = consent_in(record, rules.max_future_ms, rules.max_bytes)
        if consent is not None:
            consents.holds_back(consent)
            mark = max(mark, min(consent.event_ms, record.append_ms))
            continue
        view = view_of(record, rules.max_future_ms, rules.max_bytes)
        if view is None:
            continue
        if consents.holds_back_of(view.student_id):
            mark = max(mark, min(view.start, record.append_ms))
            continue
        if view.role == "student":
            met, is_repeat = max(mark, settled), known.is_repeat(view.event_id, view.start, mark)
            first = met if first is None else first
            over = min(view.start if view.end is None else view.end, view.start + rules.times.visit_cap)
            alone = met >= over + rules.reach or view.start < first - rules.reach
            expected.late += alone
            stored = task.is_stored(view.start, view.event_id)
            mine = task.views.setdefault(view.student_id, [])
            if is_repeat:
                expected.duplicates += not alone
            else:
                counts = stored and is_counted(rules.late_days, rules.timezone, view.start, record)
                mine.append(replace(view, alone=alone and not counts))
        mark = max(mark, min(view.start, record.append_ms))
    return mark


def _milestone(event: Event, task: _Task) -> None:
    if event.event_name in MILESTONES:
        known = task.milestones.setdefault((event.student_id, event.event_id), event)
        if event.place < known.place:
            task.milestones[event.student_id, event.event_id] = event


def _milestone_row(event: Event) -> dict[str, Any]:
    texts = event.texts
    return {
        "student_id": event.student_id,
        **{name: texts[name] for name in ("class_id", "course_id", "chapter_id")},
        "kind": event.event_name,
        "item_id": texts["lesson_id"] or texts["assessment_id"],
        "price": number(event, "price"),
        "score": number(event, "score"),
        "place": number_of(event.place),
    }


def _tell(number_: int, task: _Task, rules: ContentRules, expected: ExpectedContent) -> None:
    low = NEVER if task.low is None else task.low
    for event in sorted(task.milestones.values(), key=lambda event: event.place):
        expected.milestones.setdefault((event.event_ms, event.event_id), _milestone_row(event))
    _pages(number_, task, rules, expected)
    for student in sorted(task.clicks.keys() | task.views.keys()):
        story, views = in_order(task.clicks.get(student, [])), task.views.get(student, [])
        sittings = sittings_of(story, low, rules.times)
        at = places(story, sittings, rules.times)
        for sitting in sittings:
            table = expected.sessions_open if sitting.is_open else expected.sessions_closed
            _put(table, (sitting.first, student), sitting.row(number_))
        # One that came late never takes the place of another of the same key; what came in time is told first.
        reported: dict[str, int] = {}
        for view in views:
            reported[view.event_id] = min(number_of(view.place), reported.get(view.event_id, number_of(view.place)))
        for key, row in visits_of(story, at, views, low, rules.times, number_):
            if row["place"] is None or row["place"] == reported[key[1]]:
                expected.chapter_visit_facts.setdefault(key, row)
        for watched_view, row in watched(story, at, sittings, low, rules.times):
            _put(expected.video_views, watched_view, row | {"task": number_})
        _days(student, story, rules, expected)


def _put(table: Rows, key: tuple[Any, ...], row: dict[str, Any]) -> None:
    assert key not in table, f"the key {key} comes twice"
    table[key] = row


def _local_day(at: int, rules: ContentRules) -> date:
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(rules.timezone)).date()


def _days(student: str, story: list[Event], rules: ContentRules, expected: ExpectedContent) -> None:
    days: dict[date, list[Event]] = {}
    for event in story:
        days.setdefault(_local_day(event.event_ms, rules), []).append(event)
    for day, events in days.items():
        acts = [event for event in events if is_interaction(event)]
        names = [act.event_name for act in acts]
        clicks = [a for a in acts if type_of(a.event_name) == "click" and a.event_name != "search" and not is_ping(a)]
        scrolls = [scroll for scroll in map(scroll_of, acts) if scroll is not None]
        classes = [(e.event_ms, e.place, e.texts["class_id"]) for e in events if e.texts["class_id"] is not None]
        if acts:
            expected.student_click_days[day.isoformat(), student] = {
                "class_id": max(classes)[2] if classes else None,
                "clicks": len(clicks),
                "pages": names.count("page_view"),
                "searches": names.count("search"),
                "scrolls": len(scrolls),
                "scroll_sum": sum(scrolls),
                "interactions": len(acts),
            }


def _pages(number_: int, task: _Task, rules: ContentRules, expected: ExpectedContent) -> None:
    seen: dict[tuple[str, str], list[Event]] = {}
    for act in (event for story in task.clicks.values() for event in story if is_interaction(event)):
        page = act.texts["page_url"]
        if page is not None and (act.event_name == "page_view" or scroll_of(act) is not None):
            page = (page.split("?")[0] or "/")[:512]
            seen.setdefault((_local_day(act.event_ms, rules).isoformat(), page), []).append(act)
    for (day, page), acts in seen.items():
        scrolls = [scroll for scroll in map(scroll_of, acts) if scroll is not None]
        expected.page_days[day, page, number_] = {
            "views": sum(act.event_name == "page_view" for act in acts),
            "students": len({act.student_id for act in acts}),
            "scrolls": len(scrolls),
            **{f"s{ten}": sum(min(scroll // 100, 9) == ten for scroll in scrolls) for ten in range(10)},
        }
