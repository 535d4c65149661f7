"""What a month at the school leaves in the tables of the content and memory flows, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Final

import numpy as np
import polars as pl

from bench.boards.roster import expected_seconds
from bench.boards.rows import Names, at, choose, ids, pairs
from bench.boards.school import CHAPTERS, NOW, SUBJECTS, TASKS, School, course_ids, minute_of
from bench.boards.studying import Curves
from dataflows.operators.segments import Ints
from simulation.timetable import LESSONS

Tables = Iterator[tuple[str, pl.DataFrame]]
MINUTE_MS: Final = 60_000
NOW_MS: Final = round(NOW.timestamp() * 1000)
PRESENT: Final = 0.92
AT_WEEKENDS: Final = 0.12
DEVICES: Final = pl.Series(["desktop", "mobile", "tablet"])
BROWSERS: Final = pl.Series(["chrome", "safari", "firefox", "edge"])
COUNTRIES: Final = pl.Series(["DE", "AT", "CH", "FR"])


def tables(school: School) -> Tables:
    """Yields each table's rows of each day, in the order of days; a table comes many times."""
    names, curves, expected = Names.of(school), Curves.of(school), expected_seconds().to_numpy()
    yield from enrolments(school, names)
    for number, day in enumerate(school.dates()):
        rng = school.rng(2, number)
        share = PRESENT if day.weekday() < 5 else AT_WEEKENDS
        here = np.flatnonzero(rng.random(school.students) < share)
        visited = visits(school, rng, day, here, expected)
        yield from _until_now(names, day, visited)
        yield "video_views", videos(names, rng, visited)
        yield from sessions(school, names, rng, day, here)
        yield from days(school, names, rng, day, here)
        yield "page_days", pages(rng, day)
        yield from curves.study(names, rng, day, here)
        yield "milestones", milestones(names, rng, visited)
    yield from curves.state(names)


def enrolments(school: School, names: Names) -> Tables:
    """Yields who was enrolled when, as milestones: one in twenty courses costs something."""
    rng = school.rng(3)
    student, subject = pairs(school.students, len(SUBJECTS))
    when = _midnight(school.term_starts) + rng.integers(6, 9 * 60, len(student)) * MINUTE_MS
    frame = pl.DataFrame({"student": student, "course": school.grade_of_class[school.class_of[student]] * 6 + subject})
    frame = frame.with_columns(
        at=when, price=np.where(rng.random(len(student)) < 0.05, 20.0, np.nan), gone=rng.random(len(student)) < 0.003
    )
    columns = [at("event_time", "at"), ids("event_id", "e"), names.student(), names.class_id(), names.course()]
    yield (
        "milestones",
        frame.select(*columns, kind=pl.lit("course_enroll"), price=pl.col("price").fill_nan(None)),
    )
    left = frame.filter("gone").with_columns(at=pl.col("at") + 9 * 86_400_000)
    yield "milestones", left.select(*columns, kind=pl.lit("course_unenroll"), price=pl.lit(None, pl.Float64))


def visits(school: School, rng: np.random.Generator, day: date, here: Ints, expected: Ints) -> pl.DataFrame:
    """Returns the day's visits by number: a chapter a lesson, and one or two again after school."""
    lesson = np.tile(np.arange(LESSONS), len(here)) if day.weekday() < 5 else np.empty(0, np.int64)
    student = np.repeat(here, LESSONS) if len(lesson) else np.empty(0, np.int64)
    subject = school.order[school.class_of[student], lesson]
    start = _midnight(day) + np.array([minute_of(n) for n in range(LESSONS)])[lesson] * MINUTE_MS
    start = start + rng.integers(0, 10 * MINUTE_MS, len(student))
    after = rng.choice(here, round(1.3 * len(here)))
    start = np.concatenate([start, _midnight(day) + rng.integers(14 * 60, 21 * 60, len(after)) * MINUTE_MS])
    subject = np.concatenate([subject, rng.integers(0, len(SUBJECTS), len(after))])
    student = np.concatenate([student, after])
    week = np.maximum(school.week(day) - rng.choice(4, len(student), p=[0.7, 0.15, 0.1, 0.05]), 0)
    course = school.grade_of_class[school.class_of[student]] * len(SUBJECTS) + subject
    raw = np.round(expected[course * CHAPTERS + week] * rng.lognormal(-0.1, 0.7, len(student))) * 1000
    scroll = np.minimum(np.round(100 * rng.beta(2.2, 1.1, len(student)) + 5), 100)
    lesson_end = 45 * MINUTE_MS
    return pl.DataFrame(
        {
            "student": student,
            "course": course,
            "week": week,
            "at": start + np.arange(len(student)) % 1000,
            "raw": np.minimum(raw, lesson_end).astype(np.int64),
            "cut": rng.random(len(student)) < 0.1,
            "scroll": scroll,
        }
    ).filter(pl.col("at") + pl.col("raw") <= NOW_MS)


def _until_now(names: Names, day: date, visited: pl.DataFrame) -> Tables:
    spent = pl.when("cut").then(pl.col("raw") * 0.6).otherwise(pl.col("raw")) / 1000
    yield (
        "chapter_visit_facts",
        visited.select(
            at("start_time", "at"),
            ids("event_id", f"v{day:%m%d}"),
            names.student(),
            names.course(),
            names.chapter("ch").alias("chapter_id"),
            names.class_id(),
            at("end_time", pl.col("at") + pl.col("raw")),
            spent.alias("time_spent_seconds"),
            raw_seconds=pl.col("raw") / 1000,
            scroll_depth="scroll",
            idle_capped="cut",
            source=pl.lit("view"),
            task=pl.col("student") % TASKS,
        ),
    )


def videos(names: Names, rng: np.random.Generator, visited: pl.DataFrame) -> pl.DataFrame:
    """Returns the videos of a quarter of the visits."""
    seen = visited.sample(fraction=0.25, seed=int(rng.integers(1 << 30))).sort("at")
    share = rng.beta(3, 1.2, len(seen))
    bins = (1 << np.ceil(20 * share).astype(np.int64)) - 1
    again = np.where(rng.random(len(seen)) < 0.2, bins & 0b11000, 0)
    return seen.with_columns(share=share, bins=bins, again=again).select(
        at("start_time", "at"),
        names.student(),
        names.chapter("v").alias("video_id"),
        names.class_id(),
        names.course(),
        watched_seconds=(400 * pl.col("share") + 20 * (pl.col("again") > 0)).round(1),
        unique_seconds=(400 * pl.col("share")).round(1),
        video_duration_s=pl.lit(400),
        watch_pct=(100 * pl.col("share")).round(2),
        seeks=pl.col("student") % 3,
        rewatched_seconds=20 * (pl.col("again") > 0),
        avg_playback_rate=pl.lit(1),
        completed=pl.col("share") > 0.95,
        bins="bins",
        rewatched_bins="again",
        task=pl.col("student") % TASKS,
    )


def sessions(school: School, names: Names, rng: np.random.Generator, day: date, here: Ints) -> Tables:
    """Yields a session of the morning on school days, and one of the afternoon of every second student."""
    morning = here if day.weekday() < 5 else here[:0]
    after = here[rng.random(len(here)) < 0.5]
    student = np.concatenate([morning, after])
    start = _midnight(day) + np.concatenate([np.full(len(morning), 8 * 60), rng.integers(14 * 60, 20 * 60, len(after))])
    start = _midnight(day) + (start - _midnight(day)) * MINUTE_MS + rng.integers(0, 5 * MINUTE_MS, len(student))
    length = np.concatenate([rng.integers(200, 300, len(morning)), rng.integers(1, 60, len(after))]) * MINUTE_MS
    frame = pl.DataFrame({"student": student, "at": start, "length": length}).filter(pl.col("at") < NOW_MS)
    frame = frame.with_columns(end=pl.min_horizontal(pl.col("at") + pl.col("length"), NOW_MS - 5000))
    frame = frame.with_columns(
        device=choose(rng, DEVICES, len(frame)),
        browser=choose(rng, BROWSERS, len(frame)),
        country=choose(rng, COUNTRIES, len(frame)),
        pages=rng.integers(1, 60, len(frame)),
    )
    columns = frame.select(
        at("session_start", "at"),
        names.student(),
        ids("session_id", f"s{day:%m%d}"),
        names.class_id(),
        at("session_end", "end"),
        duration_seconds=(pl.col("end") - pl.col("at")) / 1000,
        events=8 * pl.col("pages"),
        pages="pages",
        is_bounce=pl.col("pages") == 1,
        device_type="device",
        browser="browser",
        country_code="country",
        task=pl.col("student") % TASKS,
    )
    yield "sessions_open" if day == NOW.date() else "sessions_closed", columns


def days(school: School, names: Names, rng: np.random.Generator, day: date, here: Ints) -> Tables:
    """Yields the students' days."""
    whole = 1.0 if day < NOW.date() else 0.5
    minutes = np.round(rng.integers(60, 260, len(here)) * whole * (1 if day.weekday() < 5 else 0.15)).astype(np.int64)
    frame = pl.DataFrame({"student": here, "minutes": minutes, "scrolls": rng.integers(5, 80, len(here))})
    yield (
        "student_days",
        frame.select(
            pl.lit(day).alias("day"),
            names.student(),
            names.class_id(),
            minutes_active="minutes",
            interactions=5 * pl.col("minutes"),
        ),
    )
    yield (
        "student_click_days",
        frame.select(
            pl.lit(day).alias("day"),
            names.student(),
            names.class_id(),
            clicks=2 * pl.col("minutes"),
            pages=pl.col("minutes") // 4,
            searches=pl.col("minutes") // 50,
            scrolls="scrolls",
            scroll_sum=600 * pl.col("scrolls"),
            interactions=5 * pl.col("minutes"),
        ),
    )


def pages(rng: np.random.Generator, day: date) -> pl.DataFrame:
    """Returns the counts of each chapter's page and of twenty others, by task."""
    urls = [f"/{course}/ch{week}" for course in course_ids() for week in range(CHAPTERS)] + [
        f"/p{n}" for n in range(20)
    ]
    views = rng.integers(20, 2000, len(urls) * TASKS)
    tenth = pl.col("views") // 12
    return pl.DataFrame(
        {"page_url": urls * TASKS, "task": np.repeat(np.arange(TASKS), len(urls)), "views": views}
    ).select(
        pl.lit(day).alias("day"),
        "page_url",
        "task",
        "views",
        students=pl.col("views") // 2,
        scrolls=10 * tenth,
        **{f"s{band}": tenth for band in range(10)},
    )


def milestones(names: Names, rng: np.random.Generator, visited: pl.DataFrame) -> pl.DataFrame:
    """Returns starts of half of the lessons, completions of chapters read to the end, and posts in forums."""
    draw = visited.with_columns(draw=rng.random(len(visited)))
    chapter = names.chapter("ch")
    kinds = {
        "lesson_start": (draw.filter(pl.col("draw") < 0.5), chapter),
        "lesson_complete": (draw.filter(pl.col("scroll") > 90), chapter),
        "forum_post": (draw.filter(pl.col("draw") > 0.996), pl.lit(None, pl.String)),
        "assignment_submit": (draw.filter(pl.col("draw").is_between(0.9, 0.905)), names.chapter("a")),
    }
    parts = [
        frame.select(
            at("event_time", pl.col("at") + 1000 * place),
            ids("event_id", kind),
            names.student(),
            names.class_id(),
            names.course(),
            chapter_id=chapter,
            kind=pl.lit(kind),
            item_id=item,
        )
        for place, (kind, (frame, item)) in enumerate(kinds.items())
    ]
    return pl.concat(parts).sort("event_time")


def _midnight(day: date) -> int:
    return round(datetime.combine(day, time(), UTC).timestamp() * 1000)
