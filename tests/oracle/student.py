"""One student's story, told event by event in the order of event time; the score of any minute on the way.

Decisions where the text leaves room:

- Events are told by (time, place in the log).
- "The last session_start" of the session rule is the last *event* of that name, not the start that the
  rule inferred, and whether or not it opened a session.
- A session id goes on if the student interacted with it less than the gap ago, whatever came in between.
- A student without any interaction has nulls for times and days, and 0 for `weights`,
  `session_minutes`, `day_bits`.
- The end of a playing video: (duration - position) / rate seconds, cut to whole milliseconds; a position
  beyond the length means that neither is known; a rate that is absent, 0 or negative is 1. There is no
  upper limit.
- The heartbeat's weight belongs to the names `time_ping` and `heartbeat`.
- Day bits reach 32 days back from the last day; the streak is capped at 7 days, and weekends are days
  of the week of the local date.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.oracle.reading import Event

MINUTE = 60_000
SESSION_GAP = 30 * MINUTE
OFFLINE_AFTER = 30 * MINUTE
END_GRACE = 5_000
UNKNOWN_VIDEO = 300_000
NO_INTERACTION = {"idle", "session_end", "course_enroll", "course_unenroll", "course_complete"}


def is_interaction(event: Event) -> bool:
    """Returns whether the student did something."""
    return event.event_name not in NO_INTERACTION and not event.hidden


def weight(event: Event) -> int:
    """Returns the weight of an interaction in tenths."""
    name = event.event_name
    if name.startswith("video_"):
        return 10
    if name.startswith(("quiz_", "assignment_")):
        return 8
    if name in ("page_view", "scroll"):
        return 4
    return 1 if name in ("time_ping", "heartbeat") else 3


Stamp = tuple[int, tuple[int, int]]


def telling_order(event: Event) -> Stamp:
    """Returns the sort key of a student's events."""
    return event.event_ms, event.place


@dataclass
class Student:
    """What is known of one student after the events told so far."""

    local_day: Callable[[int], date]
    last: Event | None = None
    last_class: tuple[Stamp, str] | None = None
    last_grade: tuple[Stamp, str] | None = None
    last_session: tuple[Stamp, str] | None = None
    last_video: Event | None = None
    last_interaction: int | None = None
    idle: int | None = None
    end: int | None = None
    ends: list[int] = field(default_factory=list)
    session_ids: dict[str, int] = field(default_factory=dict)
    session_start: int | None = None
    session_minutes: set[int] = field(default_factory=set)
    weights: dict[int, int] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    def tell(self, event: Event) -> None:
        """Takes the next event in telling order."""
        now = event.event_ms
        stamp = telling_order(event)
        self.last = event
        self.last_class = _latest(self.last_class, stamp, event.texts["class_id"])
        self.last_grade = _latest(self.last_grade, stamp, event.texts["grade"])
        self.last_session = _latest(self.last_session, stamp, event.texts["session_id"])
        if event.event_name.startswith("video_"):
            self.last_video = event
        if event.event_name == "idle":
            self.idle = now
        if event.event_name == "session_end":
            self.end = now
            self.ends.append(now)
        if is_interaction(event):
            self._interact(event)

    def _interact(self, event: Event) -> None:
        now = event.event_ms
        if self._starts_session(event):
            self.session_start = now
            self.session_minutes = set()
        if event.event_name == "session_start":
            self.ends = []
        if event.texts["session_id"] is not None:
            self.session_ids[event.texts["session_id"]] = now
        self.session_minutes.add(now // MINUTE)
        self.weights[now // MINUTE] = max(self.weights.get(now // MINUTE, 0), weight(event))
        self.days.add(self.local_day(now))
        self.last_interaction = now

    def _starts_session(self, event: Event) -> bool:
        now, previous, named = event.event_ms, self.last_interaction, event.texts["session_id"]
        if previous is None or now - previous >= SESSION_GAP:
            return True
        if named in self.session_ids and now - self.session_ids[named] < SESSION_GAP:
            return False
        return event.event_name == "session_start" or any(
            previous - END_GRACE <= end < now - END_GRACE for end in self.ends
        )

    @property
    def class_id(self) -> str | None:
        """The class of the last event that carries one."""
        return self.last_class[1] if self.last_class else None

    @property
    def playing_until(self) -> int | None:
        """When the video that plays will have ended, in epoch milliseconds."""
        video = self.last_video
        if video is None or video.event_name not in ("video_play", "video_seek"):
            return None
        facts = video.metadata or {}
        duration, position = facts.get("video_duration_s"), facts.get("position_s")
        if duration is None or position is None or position > duration:
            return video.event_ms + UNKNOWN_VIDEO
        rate = facts.get("playback_rate") or 1
        return video.event_ms + int((duration - position) / (rate if rate > 0 else 1) * 1000)

    def offline(self, at: int) -> bool:
        """Returns whether the student is gone at instant `at`."""
        if self.last_interaction is None:
            return True
        if self.end is not None and self.end > self.last_interaction:
            return True
        seen = max(self.last_interaction, min(at, self.playing_until or 0))
        return at - seen >= OFFLINE_AFTER

    def score(self, minute: int) -> dict[str, float | str | None]:
        """Returns the row of `engagement_scores` for `minute`, whose events have all been told."""
        at = (minute + 1) * MINUTE
        recency = math.exp(-max(0, at - (self.last_interaction or 0)) / 300_000)
        intensity = sum(self.weights.get(m, 0) for m in range(minute - 9, minute + 1)) / 100
        duration = min(1.0, len(self.session_minutes) / 45)
        streak = self.streak(self.local_day(at - 1))
        total = 0.35 * recency + 0.35 * intensity + 0.20 * duration + 0.10 * streak
        return {
            "class_id": self.class_id,
            "score": round(total, 4),
            "recency": round(recency, 4),
            "intensity": round(intensity, 4),
            "duration": round(duration, 4),
            "streak": round(streak, 4),
        }

    def streak(self, today: date) -> float:
        """Returns the share of 7 consecutive days, empty weekends skipped, that `today` ends."""
        day, count = (today if today in self.days else today - timedelta(days=1)), 0
        while count < 7 and (day in self.days or day.weekday() >= 5):
            count += day in self.days
            day -= timedelta(days=1)
        return count / 7

    def row(self, task: int) -> dict[str, int | str | None]:
        """Returns the row of `student_state`."""
        assert self.last is not None
        texts, recent = self.last.texts, self.last_interaction
        last_day = self.local_day(recent) if recent is not None else None
        return {
            "task": task,
            "role": self.last.role,
            "class_id": self.class_id,
            "grade": self.last_grade[1] if self.last_grade else None,
            "subject_id": texts["subject_id"],
            "course_id": texts["course_id"],
            "chapter_id": texts["chapter_id"],
            "last_event_at": self.last.event_ms,
            "last_event_name": self.last.event_name,
            "last_interaction_at": recent,
            "idle_at": self.idle,
            "session_end_at": self.end,
            "playing_until": self.playing_until,
            "session_id": self.last_session[1] if self.last_session else None,
            "weights": self._nibbles(),
            "weights_end": recent // MINUTE * MINUTE if recent is not None else None,
            "session_start": self.session_start,
            "session_minutes": len(self.session_minutes),
            "day_bits": sum(1 << i for i in range(32) if last_day and last_day - timedelta(days=i) in self.days),
            "last_day": last_day.isoformat() if last_day else None,
            "device": texts["device_type"],
            "browser": texts["browser"],
        }

    def _nibbles(self) -> int:
        if self.last_interaction is None:
            return 0
        newest = self.last_interaction // MINUTE
        return sum(self.weights.get(newest - i, 0) << (4 * i) for i in range(15))


def _latest(known: tuple[Stamp, str] | None, stamp: Stamp, value: str | None) -> tuple[Stamp, str] | None:
    return known if value is None else (stamp, value)
