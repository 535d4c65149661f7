"""Activity by window and day, scores by minute, the leaderboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from tests.truth.chapters import DAY_MS, HOUR_MS, grouped
from tests.truth.facts import Facts, moment
from tests.truth.registry import Row, truth

WINDOW = ("start", "scope", "scope_id", "task")
MINUTE_MS = 60_000


def windows(facts: Facts) -> list[Row]:
    """Returns the minute windows; a log of one task has each once."""
    keys = dict(facts.engagement.activity_windows)
    return [{**dict(zip(WINDOW, key, strict=True)), **row} for key, row in keys.items()]


def _final(facts: Facts, start: int) -> bool:
    return start + 2 * MINUTE_MS <= facts.now_ms


@truth("activity", "window_start", "scope", "scope_id")
def activity(facts: Facts) -> Iterable[Row]:
    """A minute and scope."""
    for w in windows(facts):
        yield {
            "window_start": moment(w["start"]),
            **{name: w[name] for name in ("scope", "scope_id", "events", "active_students", "active_5m")},
            "is_final": _final(facts, w["start"]),
        }


@truth("class_chapter_activity", "window_start", "class_id", "chapter_id")
def class_chapter_activity(facts: Facts) -> Iterable[Row]:
    """A minute, class and chapter."""
    for w in windows(facts):
        if w["scope"] == "class_chapter":
            class_id, chapter_id = (part.replace("%2F", "/") for part in w["scope_id"].split("/"))
            yield {
                "window_start": moment(w["start"]),
                "class_id": class_id,
                "chapter_id": chapter_id,
                **{name: w[name] for name in ("events", "active_students", "active_5m")},
                "is_final": _final(facts, w["start"]),
            }


def _buckets(facts: Facts, width_ms: int) -> Iterable[Row]:
    def key(w: Row) -> tuple[int, str, str]:
        return w["start"] // width_ms * width_ms, w["scope"], w["scope_id"]

    for (bucket, scope, scope_id), some in grouped(windows(facts), key).items():
        yield {
            "bucket": moment(bucket),
            "scope": scope,
            "scope_id": scope_id,
            "events": sum(w["events"] for w in some),
            "peak_active_students": max(w["active_students"] for w in some),
            "peak_active_5m": max(w["active_5m"] for w in some),
            "student_minutes": sum(w["active_students"] for w in some),
            "active_minutes": sum(w["events"] > 0 for w in some),
        }


@truth("activity_by_minute", "bucket", "scope", "scope_id")
def activity_by_minute(facts: Facts) -> Iterable[Row]:
    """A minute."""
    return _buckets(facts, MINUTE_MS)


@truth("activity_by_hour", "bucket", "scope", "scope_id")
def activity_by_hour(facts: Facts) -> Iterable[Row]:
    """An hour."""
    return _buckets(facts, HOUR_MS)


@truth("activity_by_day", "bucket", "scope", "scope_id")
def activity_by_day(facts: Facts) -> Iterable[Row]:
    """A day."""
    return _buckets(facts, DAY_MS)


SCORE = ("time", "student_id")


def scores(facts: Facts) -> list[Row]:
    """Returns the students' scores by minute."""
    return facts.of_students(facts.engagement.engagement_scores, SCORE)


@truth("student_engagement", *SCORE)
def student_engagement(facts: Facts) -> Iterable[Row]:
    """A final minute and student."""
    return [{**row, "time": moment(row["time"])} for row in scores(facts)]


@truth("engagement_by_class", "bucket", "class_id")
def engagement_by_class(facts: Facts) -> Iterable[Row]:
    """A final minute and class."""
    for (at, class_id), some in grouped(scores(facts), lambda s: (s["time"], s["class_id"])).items():
        if class_id is not None:
            mean = sum(round(10_000 * s["score"]) for s in some) / (100 * len(some))
            yield {"bucket": moment(at), "class_id": class_id, "score": mean, "students": len(some)}


def days(facts: Facts) -> list[Row]:
    """Returns students' days."""
    found = facts.of_students(facts.engagement.student_days, ("day", "student_id"))
    return [{name: str(v) if name == "day" else v for name, v in row.items()} for row in found]


def class_days(facts: Facts) -> list[Row]:
    """Returns students' days in each class that their interactions named."""
    split = facts.of_students(facts.engagement.student_day_classes, ("day", "student_id", "class_id"))
    several = {(row["day"], row["student_id"]) for row in split}
    whole = [row for row in days(facts) if (row["day"], row["student_id"]) not in several]
    return whole + [{**row, "class_id": row["class_id"] or None} for row in split]


@truth("student_active_days", "day", "student_id")
def student_active_days(facts: Facts) -> Iterable[Row]:
    """A student's day."""
    return days(facts)


@truth("student_class_days", "day", "student_id", "class_id")
def student_class_days(facts: Facts) -> Iterable[Row]:
    """A student's day in a class."""
    return class_days(facts)


@truth("daily_activity", "day", "class_id")
def daily_activity(facts: Facts) -> Iterable[Row]:
    """A day and class."""
    for (day, class_id), some in grouped(class_days(facts), lambda d: (d["day"], d["class_id"])).items():
        yield {
            "day": day,
            "class_id": class_id,
            "active_students": len(some),
            "minutes_active": sum(d["minutes_active"] for d in some),
            "interactions": sum(d["interactions"] for d in some),
        }


@truth("leaderboard", "student_id", "class_id")
def leaderboard(facts: Facts) -> Iterable[Row]:
    """Minutes of seven days, today's among them."""
    today = facts.world.now.date()
    week = {(today - timedelta(days=n)).isoformat() for n in range(7)}
    everywhere: Counter[str] = Counter()
    for d in days(facts):
        everywhere[d["student_id"]] += d["minutes_active"] if d["day"] in week else 0
    recent = [d for d in class_days(facts) if d["day"] in week and d["minutes_active"]]
    seats = grouped(recent, lambda d: (d["student_id"], d["class_id"]))
    total = {seat: sum(d["minutes_active"] for d in some) for seat, some in seats.items()}
    for (student, class_id), some in seats.items():
        mine, all_mine = total[student, class_id], everywhere[student]
        beside = [minutes for seat, minutes in total.items() if seat[1] == class_id]
        yield {
            "student_id": student,
            "class_id": class_id,
            "minutes_active": mine,
            "minutes_today": sum(d["minutes_active"] for d in some if d["day"] == today.isoformat()),
            "active_days": len(some),
            "place": 1 + sum(other > all_mine for other in everywhere.values()),
            "place_in_class": 1 + sum(other > mine for other in beside),
            "minutes_everywhere": all_mine,
        }
