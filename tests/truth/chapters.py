"""Visits, chapters and courses: where time goes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from tests.truth.facts import Facts, median, moment, ratio
from tests.truth.registry import Row, truth

WEEK_MS, HOUR_MS, DAY_MS = 7 * 86_400_000, 3_600_000, 86_400_000


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Returns rows by key."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def seconds(visits: list[Row]) -> float:
    """Returns the time that counts, exact to the millisecond."""
    total: int = sum(round(1000 * v["counted"]) for v in visits)
    return total / 1000


def of_chapter(visit: Row) -> tuple[str | None, str]:
    """Returns a visit's chapter."""
    return visit["course_id"], visit["chapter_id"]


def typical(facts: Facts) -> dict[tuple[str | None, str], float | None]:
    """Returns each chapter's median visit."""
    return {c: median([v["counted"] for v in vs]) for c, vs in grouped(facts.visits, of_chapter).items()}


@truth("chapter_visits", "start_time", "event_id")
def chapter_visits(facts: Facts) -> Iterable[Row]:
    """A visit is skimmed below a quarter of the expected time, or of the chapter's median."""
    usual = typical(facts)
    for v in facts.visits:
        whole = v["expected"] or (usual[of_chapter(v)] if v["course_id"] else None)
        yield {
            **{name: v[name] for name in ("event_id", "student_id", "course_id", "chapter_id", "class_id", "source")},
            "start_time": moment(v["start_time"]),
            "end_time": moment(v["end_time"]),
            "time_spent_seconds": v["counted"],
            "raw_seconds": v["raw_seconds"],
            "scroll_depth": v["scroll_depth"],
            "idle_capped": v["idle_capped"] or v["counted"] < v["time_spent_seconds"],
            # within the width of a bucket of the median nothing is said
            "skimmed": None if whole is None else v["counted"] < 0.25 * whole,
        }


def of_student(facts: Facts) -> dict[tuple[str, str | None, str], Row]:
    """Returns what a student did with a chapter over all time."""
    found = {}
    for (student, course, chapter), visits in grouped(
        facts.visits, lambda v: (v["student_id"], v["course_id"], v["chapter_id"])
    ).items():
        depths = [v["scroll_depth"] for v in visits if v["scroll_depth"] is not None]
        last = max(v["end_time"] for v in visits)
        done = (student, chapter) in facts.finished
        depth = max(depths, default=None)
        left = None if depth is None else depth < 50 and not done and last <= facts.now_ms - WEEK_MS
        found[student, course, chapter] = {"visits": visits, "depth": depth, "last": last, "done": done, "left": left}
    return found


@truth("chapter_engagement_summary", "student_id", "course_id", "chapter_id")
def chapter_engagement_summary(facts: Facts) -> Iterable[Row]:
    """A student and chapter over all time."""
    for (student, course, chapter), one in of_student(facts).items():
        total = seconds(one["visits"])
        depth = None if one["depth"] is None else one["depth"] / 100
        yield {
            "student_id": student,
            "course_id": course,
            "chapter_id": chapter,
            "total_time_spent": total,
            "avg_time_spent": total / len(one["visits"]),
            "visits_count": len(one["visits"]),
            "last_visited_at": moment(one["last"]),
            "completion_rate": 1 if one["done"] else depth,
            "drop_off": one["left"],
        }


@truth("chapter_analytics", "course_id", "chapter_id", near=("median_time_spent", "difficulty_score"))
def chapter_analytics(facts: Facts) -> Iterable[Row]:
    """A chapter over all time; difficulty by rank of median by expected time, and drop-off."""
    chapters = []
    pairs: dict[tuple[str | None, str], list[Row]] = defaultdict(list)
    for (_student, *where), one in of_student(facts).items():
        pairs[where[0], str(where[1])].append(one)
    usual = typical(facts)
    for (course, chapter), some in pairs.items():
        known = [one for one in some if one["left"] is not None]
        visits = [v for one in some for v in one["visits"]]
        item = facts.items.get((course, chapter), {})
        chapters.append(
            {
                "chapter_id": chapter,
                "course_id": course,
                "avg_time_spent": seconds(visits) / len(visits),
                "median_time_spent": usual[course, chapter],
                "total_visits": len(visits),
                "unique_students": len(some),
                "drop_off_rate": ratio(sum(one["left"] for one in known), len(known)),
                "title": item.get("title"),
                "position": item.get("position"),
                "expected_seconds": item.get("expected_seconds"),
                "total_time_spent": seconds(visits),
                "completed_share": sum(one["done"] for one in some) / len(some),
            }
        )
    for row in chapters:
        ranked = [c for c in chapters if c["course_id"] == row["course_id"] and _is_ranked(c)]
        row["difficulty_score"] = None
        if _is_ranked(row) and row["drop_off_rate"] is not None:
            efforts = [c["median_time_spent"] / c["expected_seconds"] for c in ranked]
            mine = row["median_time_spent"] / row["expected_seconds"]
            place = sum(e < mine for e in efforts) / (len(efforts) - 1) if len(efforts) > 1 else 0
            row["difficulty_score"] = 100 * (0.5 * place + 0.5 * row["drop_off_rate"])
    return chapters


def _is_ranked(chapter: Row) -> bool:
    return bool(chapter["unique_students"] >= 10 and chapter["expected_seconds"] and chapter["course_id"])


@truth("course_analytics", "course_id", near=("median_time_spent",))
def course_analytics(facts: Facts) -> Iterable[Row]:
    """A course over all time."""
    for course, visits in grouped(facts.visits, lambda v: v["course_id"]).items():
        if course is None:
            continue
        pairs = [one for key, one in of_student(facts).items() if key[1] == course and one["left"] is not None]
        students = {v["student_id"] for v in visits}
        yield {
            "course_id": course,
            "avg_time_spent": seconds(visits) / len(visits),
            "median_time_spent": median([v["counted"] for v in visits]),
            "total_visits": len(visits),
            "unique_students": len(students),
            "drop_off_rate": ratio(sum(one["left"] for one in pairs), len(pairs)),
            "total_time_spent": seconds(visits),
            "time_per_student": seconds(visits) / len(students),
        }


def _times(facts: Facts, width_ms: int, *, by_chapter: bool) -> Iterable[Row]:
    def key(v: Row) -> tuple[Any, ...]:
        where = of_chapter(v) if by_chapter else (v["course_id"],)
        return (v["start_time"] // width_ms * width_ms, *where)

    for (bucket, *where), visits in grouped(facts.visits, key).items():
        yield {
            "bucket": moment(bucket),
            **dict(zip(("course_id", "chapter_id"), where, strict=False)),
            "visits": len(visits),
            "time_ms": sum(round(1000 * v["counted"]) for v in visits),
            "raw_ms": sum(round(1000 * v["raw_seconds"]) for v in visits),
            "capped_visits": sum(v["idle_capped"] or v["counted"] < v["time_spent_seconds"] for v in visits),
        }


@truth("chapter_time_by_hour", "bucket", "course_id", "chapter_id")
def chapter_time_by_hour(facts: Facts) -> Iterable[Row]:
    """An hour and chapter."""
    return _times(facts, HOUR_MS, by_chapter=True)


@truth("chapter_time_by_day", "bucket", "course_id", "chapter_id")
def chapter_time_by_day(facts: Facts) -> Iterable[Row]:
    """A day and chapter."""
    return _times(facts, DAY_MS, by_chapter=True)


@truth("course_time_by_hour", "bucket", "course_id")
def course_time_by_hour(facts: Facts) -> Iterable[Row]:
    """An hour and course."""
    return _times(facts, HOUR_MS, by_chapter=False)


@truth("chapter_time_distribution", "course_id", "chapter_id", near=("p05", "p25", "p50", "p75", "p95"))
def chapter_time_distribution(facts: Facts) -> Iterable[Row]:
    """The box plot of a chapter's visits."""
    for (course, chapter), visits in grouped(facts.visits, of_chapter).items():
        lengths = [v["counted"] for v in visits]
        yield {
            "course_id": course,
            "chapter_id": chapter,
            "visits": len(visits),
            "time_ms": sum(round(1000 * v["counted"]) for v in visits),
            **{f"p{p:02}": median(lengths, p / 100) for p in (5, 25, 50, 75, 95)},
        }


def _bucket(length: float) -> int:
    return -350 if length < 0.001 else math.floor(math.log(length) / math.log(1.02))


def _spread(facts: Facts, *, by_chapter: bool) -> Iterable[Row]:
    def key(v: Row) -> tuple[Any, ...]:
        where = of_chapter(v) if by_chapter else (v["course_id"],)
        return (v["start_time"] // DAY_MS * DAY_MS, _bucket(v["counted"]), *where)

    for (day, bucket, *where), visits in grouped(facts.visits, key).items():
        yield {
            "bucket": moment(day),
            **dict(zip(("course_id", "chapter_id"), where, strict=False)),
            "log_bucket": bucket,
            "visits": len(visits),
            "time_ms": sum(round(1000 * v["counted"]) for v in visits),
        }


@truth("chapter_time_spread", "bucket", "course_id", "chapter_id", "log_bucket")
def chapter_time_spread(facts: Facts) -> Iterable[Row]:
    """How long a chapter's visits were, by day."""
    return _spread(facts, by_chapter=True)


@truth("course_time_spread", "bucket", "course_id", "log_bucket")
def course_time_spread(facts: Facts) -> Iterable[Row]:
    """How long a course's visits were, by day."""
    return _spread(facts, by_chapter=False)


@truth("course_items", "course_id", "item_id")
def course_items(facts: Facts) -> Iterable[Row]:
    """Courses' items as they were loaded."""
    empty = dict.fromkeys(("parent_id", "available_from", "due_at"))
    return [{**empty, **row} for row in facts.world.tables["content_items"]]
