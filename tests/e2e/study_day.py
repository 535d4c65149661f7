"""A day of four students, written out: what they did, and every row of the content tables that follows, by hand.

Everything arrives when it happens, but for one event that comes an hour late and joins two sessions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.oracle.reading import Record

CLICKS, VIEWS = "clickstream_events", "chapter_view_events"
DAY = "2024-03-01"


def ms(clock: str) -> int:
    """Returns an instant of the day in epoch milliseconds."""
    return round(datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=UTC).timestamp() * 1000)


def uid(number: int) -> str:
    """Returns the id of the event with that number."""
    return str(uuid.UUID(int=number))


@dataclass(frozen=True)
class Sent:
    """What a client sends, and when it arrives."""

    topic: str
    arrives_ms: int
    body: dict[str, Any]

    @property
    def key(self) -> bytes:
        """The record's key: the student."""
        return str(self.body["student_id"]).encode()

    @property
    def value(self) -> bytes:
        """The record's value."""
        return json.dumps(self.body).encode()


def click(number: int, clock: str, student: str, name: str, arrives: str = "", **more: Any) -> Sent:
    """Returns an event of the clickstream."""
    body = {"event_id": uid(number), "student_id": student, "event_name": name, "timestamp": ms(clock)}
    return Sent(CLICKS, ms(arrives or clock), body | more)


def view(number: int, student: str, chapter: str, start: str, end: str, **more: Any) -> Sent:
    """Returns a chapter view, sent when it ends."""
    body = {"event_id": uid(number), "student_id": student, "chapter_id": chapter, "start_time": ms(start)}
    return Sent(VIEWS, ms(end), body | {"end_time": ms(end)} | more)


CH1 = {"class_id": "7A", "course_id": "maths", "chapter_id": "ch1", "page_url": "/fractions"}
V1 = {"class_id": "7A", "course_id": "maths", "lesson_id": "l1", "video_id": "v1"}
DESK = {"session_id": "x1", "device_type": "desktop", "browser": "Firefox", "country_code": "DE"}
BEN1 = CH1 | {"class_id": "7B"}
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
BEN2 = {"class_id": "7B", "chapter_id": "ch2", "page_url": "/decimals"}


def at(seconds: float) -> dict[str, Any]:
    """Returns where a video of ten minutes is."""
    return {"metadata": {"position_s": seconds, "video_duration_s": 600}}


ADA = (
    click(1, "09:00:00", "ada", "login", class_id="7A", **DESK),
    click(2, "09:00:10", "ada", "page_view", **CH1, metadata={"scroll_depth": 0}),
    click(3, "09:01:40", "ada", "scroll", **CH1, metadata={"scroll_depth": 40}),
    click(4, "09:04:00", "ada", "time_ping", chapter_id="ch1", metadata={"hidden": True}),
    click(5, "09:06:00", "ada", "time_ping", chapter_id="ch1"),
    click(6, "09:06:30", "ada", "scroll", **CH1, metadata={"scroll_depth": 80}),
    click(7, "09:20:00", "ada", "page_view", page_url="/home"),
    click(8, "09:20:20", "ada", "video_play", **V1, **at(0)),
    click(9, "09:22:20", "ada", "video_pause", **V1, **at(120)),
    click(10, "09:22:30", "ada", "video_seek", **V1, metadata={"from_s": 120, "to_s": 60}),
    click(11, "09:22:40", "ada", "video_play", **V1, **at(60)),
    click(12, "09:24:40", "ada", "video_stop", **V1, **at(180)),
    click(13, "09:25:00", "ada", "quiz_submit", assessment_id="q1", metadata={"score": 85}),
    click(14, "09:26:00", "ada", "session_end"),
    click(15, "10:30:00", "ada", "page_view", page_url="/home", device_type="mobile"),
    view(16, "ada", "ch2", "11:00:00", "11:20:00", course_id="maths", scroll_depth=70),
)
BEN = (
    click(21, "09:00:00", "ben", "page_view", **BEN1),
    click(22, "09:03:00", "ben", "scroll", **BEN1, metadata={"scroll_depth": 55}),
    click(23, "09:05:00", "ben", "page_view", **BEN2),
    click(24, "09:07:00", "ben", "idle"),
    click(25, "09:08:00", "ben", "active"),
    view(26, "ben", "ch2", "09:05:00", "09:10:00", course_id="maths"),
    click(27, "09:10:00", "ben", "page_view", **BEN1),
    click(28, "09:11:00", "ben", "course_enroll", course_id="maths", metadata={"price": 49.5}),
    click(29, "09:12:00", "ben", "button_click"),
)
CEM = (
    click(31, "09:00:00", "cem", "page_view", metadata={"user_agent": LINUX}),
    click(32, "09:40:00", "cem", "search", metadata={"query": "fractions"}),
    click(33, "09:20:00", "cem", "scroll", arrives="10:20:00", session_id="x3"),
)
DEE = (
    click(41, "13:50:00", "dee", "page_view", chapter_id="ch1"),
    click(42, "13:58:00", "dee", "button_click", chapter_id="ch1"),
    click(43, "09:30:00", "dee", "lesson_complete", arrives="13:59:00", lesson_id="l1"),
    click(44, "09:30:00", "dee", "role_tried", role="teacher"),
)
NOW = ms("14:00:00")
"""When the ticks come: dee's last session is still open, the time after her last click not yet known."""


def the_day(*, joined: bool = True) -> list[Sent]:
    """Returns what was sent, in the order of arrival; without the event that joins two sessions, where wanted."""
    sent = [one for one in (*ADA, *BEN, *CEM, *DEE) if joined or one.body["event_id"] != uid(33)]
    return sorted(sent, key=lambda one: one.arrives_ms)


def records_of(day: Iterable[Sent]) -> list[Record]:
    """Returns the records of a log of one partition, closed by ticks."""
    found: list[Record] = []
    for topic in (CLICKS, VIEWS):
        mine = [one for one in day if one.topic == topic]
        found += [Record(topic, 0, n, one.arrives_ms, one.value, one.key) for n, one in enumerate(mine)]
        found.append(Record(topic, 0, len(mine), NOW, None, tick=NOW))
    return found


def session(end: str, seconds: float, events: int, pages: int, **more: Any) -> dict[str, Any]:
    """Returns what a row of `sessions` says."""
    nothing = dict.fromkeys(("class_id", "device_type", "browser", "country_code"))
    said = {"session_end": ms(end), "duration_seconds": seconds, "events": events, "pages": pages, "is_bounce": False}
    return nothing | said | more


def made_up(student: str, clock: str) -> str:
    """Returns the id of a session that carries none."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{student}|{ms(clock)}"))


def visit(student: str, chapter: str, end: str, spent: float, raw: float, **more: Any) -> dict[str, Any]:
    """Returns what a row of `chapter_visit_facts` says."""
    nothing = dict.fromkeys(("course_id", "class_id", "scroll_depth"))
    said = {"student_id": student, "chapter_id": chapter, "end_time": ms(end), "time_spent_seconds": spent}
    return nothing | said | {"raw_seconds": raw, "idle_capped": raw > spent, "source": "clickstream"} | more


def milestone(student: str, kind: str, **more: Any) -> dict[str, Any]:
    """Returns what a row of `milestones` says."""
    nothing = dict.fromkeys(("class_id", "course_id", "chapter_id", "item_id", "price", "score"))
    return nothing | {"student_id": student, "kind": kind} | more


def day_of(class_code: str | None, interactions: int, **counts: int) -> dict[str, Any]:
    """Returns what a row of `student_click_days` says."""
    names = ("clicks", "pages", "searches", "scrolls", "scroll_sum")
    return {"class_id": class_code} | dict.fromkeys(names, 0) | counts | {"interactions": interactions}


CLOSED = {
    (ms("09:00:00"), "ada"): session("09:26:00", 1560, 12, 2, session_id="x1", class_id="7A")
    | {name: DESK[name] for name in ("device_type", "browser", "country_code")},
    (ms("10:30:00"), "ada"): session("10:30:00", 0, 1, 1, session_id=made_up("ada", "10:30:00"))
    | {"is_bounce": True, "device_type": "mobile"},
    (ms("09:00:00"), "ben"): session("09:12:00", 720, 6, 3, session_id=made_up("ben", "09:00:00"), class_id="7B"),
    # device and browser from the user agent, where nothing else says them
    (ms("09:00:00"), "cem"): session("09:40:00", 2400, 3, 1, session_id="x3", device_type="desktop", browser="Firefox"),
}
CLOSED_BEFORE = {key: row for key, row in CLOSED.items() if key[1] != "cem"} | {
    (ms("09:00:00"), "cem"): session("09:00:00", 0, 1, 1, session_id=made_up("cem", "09:00:00"))
    | {"is_bounce": True, "device_type": "desktop", "browser": "Firefox"},
    (ms("09:40:00"), "cem"): session("09:40:00", 0, 1, 0, session_id=made_up("cem", "09:40:00")),
}
"""Without the event that joins cem's two sessions."""
OPEN = {(ms("13:50:00"), "dee"): session("13:58:00", 480, 2, 1, session_id=made_up("dee", "13:50:00"))}
VISITS = {
    # 90 s, 140 s, a hidden tab for 120 s, 30 s, and 810 s until the next click, of which 300 count
    (ms("09:00:10"), uid(2)): visit("ada", "ch1", "09:20:00", 560, 1190, scroll_depth=80.0)
    | {"course_id": "maths", "class_id": "7A"},
    (ms("11:00:00"), uid(16)): visit("ada", "ch2", "11:20:00", 1200, 1200, scroll_depth=70.0)
    | {"course_id": "maths", "source": "view"},
    (ms("09:00:00"), uid(21)): visit("ben", "ch1", "09:05:00", 300, 300, scroll_depth=55.0)
    | {"course_id": "maths", "class_id": "7B"},
    # idle for a minute; the page view of the same chapter gives no row of its own, but the class
    (ms("09:05:00"), uid(26)): visit("ben", "ch2", "09:10:00", 240, 300, source="view")
    | {"course_id": "maths", "class_id": "7B"},
    # after the last click five minutes are inferred; an enrolment says nothing
    (ms("09:10:00"), uid(27)): visit("ben", "ch1", "09:17:00", 420, 420) | {"course_id": "maths", "class_id": "7B"},
    # eight minutes without a sign count for five, and what follows the last click is not known yet
    (ms("13:50:00"), uid(41)): visit("dee", "ch1", "13:58:00", 300, 480),
}
VIDEOS = {
    (ms("09:20:20"), "ada", "v1"): {
        "session_id": "x1",
        "class_id": "7A",
        "course_id": "maths",
        "lesson_id": "l1",
        "watched_seconds": 240.0,
        "unique_seconds": 180.0,
        "video_duration_s": 600.0,
        "watch_pct": 30.0,
        "seeks": 1,
        "rewatched_seconds": 60.0,
        "avg_playback_rate": 1.0,
        "completed": False,
        "bins": 0b111111,
        "rewatched_bins": 0b1100,
    }
}
MILESTONES = {
    (ms("09:00:00"), uid(1)): milestone("ada", "login", class_id="7A"),
    (ms("09:25:00"), uid(13)): milestone("ada", "quiz_submit", item_id="q1", score=85.0),
    (ms("09:11:00"), uid(28)): milestone("ben", "course_enroll", course_id="maths", price=49.5),
    # too late for everything else
    (ms("09:30:00"), uid(43)): milestone("dee", "lesson_complete", item_id="l1"),
}
DAYS = {
    (DAY, "ada"): day_of("7A", 13, pages=3, scrolls=3, scroll_sum=1200),
    (DAY, "ben"): day_of("7B", 6, clicks=1, pages=3, scrolls=1, scroll_sum=550),
    (DAY, "cem"): day_of(None, 3, pages=1, searches=1),
    (DAY, "dee"): day_of(None, 2, clicks=1, pages=1),
}
PAGES = {
    (DAY, "/fractions"): {"views": 3, "students": 2, "scrolls": 4, "s0": 1, "s4": 1, "s5": 1, "s8": 1},
    (DAY, "/home"): {"views": 2, "students": 1, "scrolls": 0},
    (DAY, "/decimals"): {"views": 1, "students": 1, "scrolls": 0},
}
Rows = dict[tuple[Any, ...], dict[str, Any]]
BY_HAND: dict[str, Rows] = {
    "sessions_open": OPEN,
    "sessions_closed": CLOSED,
    "chapter_visit_facts": VISITS,
    "video_views": VIDEOS,
    "milestones": MILESTONES,
    "student_click_days": DAYS,
}
"""Every table but `page_days`, whose key has the task."""
