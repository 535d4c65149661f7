"""The running lesson and what the engagement and archive flows left: states, windows, scores, the last hour's events.

Where a row a student and minute of the whole month would be a hundred million, earlier days have what their
aggregates need: one student's score a class and minute, and the windows of classes, grades and courses of one task.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np
import polars as pl

from bench.boards.month import BROWSERS, DEVICES, NOW_MS, PRESENT
from bench.boards.rows import Names, at, choose, ids
from bench.boards.school import GRADES, LESSON_MINUTES, NOW, SUBJECTS, TASKS, School, course_ids, minute_of
from dataflows.operators.segments import Ints
from simulation.timetable import LESSONS

Tables = Iterator[tuple[str, pl.DataFrame]]
EVENTS_A_SECOND: Final = 0.03
"""A present student's events: one in 33 s."""
LATENESS_MS: Final = 61_000


def tables(school: School) -> Tables:
    """Yields each table's rows."""
    names = Names.of(school)
    yield "student_state", states(school, names)
    yield "task_progress", progress()
    for number, day in enumerate(school.dates()):
        if day.weekday() < 5:
            yield from _day(school, names, number)
    yield from events(school, names)


def states(school: School, names: Names) -> pl.DataFrame:
    """Returns every student's state: most are here, one in eight of them idle, the rest were last here yesterday."""
    rng = school.rng(5)
    here = rng.random(school.students) < PRESENT
    idle = rng.random(school.students) < 0.12
    ago = np.where(idle, rng.integers(301, 1200, school.students), rng.integers(1, 200, school.students))
    ago = np.where(here, ago, rng.integers(60_000, 200_000, school.students)) * 1000
    subject = school.order[school.class_of, 3]
    frame = pl.DataFrame(
        {
            "student": np.arange(school.students),
            "course": school.grade_of_class[school.class_of] * len(SUBJECTS) + subject,
            "week": np.full(school.students, school.week(NOW.date())),
            "last": NOW_MS - ago,
            "weights": np.where(idle | ~here, 0, int("34a4a83a43a4a3", 16)),
        }
    )
    grade = pl.lit(pl.Series(GRADES)).gather(pl.col("course") // len(SUBJECTS))
    return frame.with_columns(
        device=choose(rng, DEVICES, len(frame)), browser=choose(rng, BROWSERS, len(frame))
    ).select(
        names.student(),
        names.class_id(),
        names.course(),
        at("last_event_at", "last"),
        at("last_interaction_at", "last"),
        task=pl.col("student") % TASKS,
        role=pl.lit("student"),
        grade=grade,
        subject_id=pl.lit(pl.Series(SUBJECTS)).gather(pl.col("course") % len(SUBJECTS)),
        chapter_id=names.chapter("ch"),
        last_event_name=pl.lit("page_view"),
        weights="weights",
        weights_end=pl.lit(NOW.replace(second=0)),
        session_start=pl.lit(NOW - timedelta(hours=3)),
        session_minutes=pl.lit(150),
        day_bits=pl.lit(0b111100111110011111),
        last_day=pl.lit(NOW.date()),
        device="device",
        browser="browser",
    )


def progress() -> pl.DataFrame:
    """Returns the flows' progress: the database's clock stands at `NOW`."""
    topics = {
        "engagement": ["clickstream_events"],
        "archive": ["clickstream_events", "chapter_view_events"],
        "content": ["clickstream_events", "chapter_view_events"],
        "memory": ["module_quiz_events", "clickstream_events"],
    }
    rows = [
        (
            flow,
            task,
            "{" + ",".join(f'"{name}": 1000000' for name in names) + "}",
            "{" + ",".join(f'"{name}": {NOW_MS}' for name in names) + "}",
        )
        for flow, names in topics.items()
        for task in range(TASKS)
    ]
    return pl.DataFrame(rows, orient="row", schema=["flow", "task", "offsets", "watermarks"])


def _day(school: School, names: Names, number: int) -> Tables:
    """Yields a school day's windows and scores, minute by minute of its lessons."""
    day = school.dates()[number]
    midnight = round(datetime.combine(day, time(), UTC).timestamp() * 1000)
    minutes = np.concatenate([minute_of(n) + np.arange(LESSON_MINUTES) for n in range(LESSONS)])
    starts = midnight + minutes * 60_000
    is_today = day == NOW.date()
    if is_today:
        starts = starts[starts + LATENESS_MS <= NOW_MS]
    rng = school.rng(6, number)
    for some in np.array_split(starts, max(len(starts) // 30, 1)):
        yield "engagement_scores", _scores(school, names, rng, some, everybody=is_today)
        yield "activity_windows", _windows(school, rng, some, everything=is_today)


def _scores(school: School, names: Names, rng: np.random.Generator, starts: Ints, *, everybody: bool) -> pl.DataFrame:
    if everybody:
        student = np.flatnonzero(school.rng(5).random(school.students) < PRESENT)
    else:
        student = np.unique(school.class_of, return_index=True)[1]
    score = np.round(rng.beta(5, 2.5, len(starts) * len(student)), 4)
    frame = pl.DataFrame(
        {"at": np.repeat(starts, len(student)), "student": np.tile(student, len(starts)), "score": score}
    )
    return frame.select(
        at("time", "at"),
        names.student(),
        names.class_id(),
        score="score",
        recency=pl.lit(0.9),
        intensity=pl.lit(0.6),
        duration=pl.lit(0.8),
        streak=pl.lit(0.7),
    )


def _windows(school: School, rng: np.random.Generator, starts: Ints, *, everything: bool) -> pl.DataFrame:
    """Returns the windows of every scope; of all tasks, and of chapters too, where everything is wanted."""
    size = school.students / school.classes
    class_ids = school.class_ids()
    scopes = [("class", class_id, size) for class_id in class_ids]
    scopes += [("grade", grade, school.students / len(GRADES)) for grade in GRADES]
    scopes += [("subject", subject, school.students / len(SUBJECTS)) for subject in SUBJECTS]
    grades = [(GRADES[grade], lessons) for grade, lessons in zip(school.grade_of_class, school.order, strict=True)]
    scopes += [("course", course, 60.0) for course in course_ids()]
    scopes.append(("all", "all", float(school.students)))
    if everything:
        week = school.week(NOW.date())
        for class_id, (grade, lessons) in zip(class_ids, grades, strict=True):
            chapter = f"{SUBJECTS[lessons[3]].lower()}-{grade}-ch"
            scopes += [("class_chapter", f"{class_id}/{chapter}{at_week}", size / 2) for at_week in (week, week - 1)]
        scopes += [
            ("chapter", f"{s.lower()}-{g}-ch{w}", 60.0) for g in GRADES for s in SUBJECTS for w in range(week + 1)
        ]
    tasks = TASKS if everything else 1
    kinds, names, sizes = zip(*scopes, strict=True)
    each = np.repeat(np.arange(len(scopes)), tasks)
    count = len(starts) * len(each)
    people = np.round(np.tile(np.array(sizes)[each], len(starts)) * rng.uniform(0.6, 0.95, count) / tasks).astype(
        np.int64
    )
    return pl.DataFrame(
        {"at": np.repeat(starts, len(each)), "scope": np.tile(each, len(starts)), "people": people}
    ).select(
        at("window_start", "at"),
        scope_id=pl.lit(pl.Series(names)).gather(pl.col("scope")),
        scope=pl.lit(pl.Series(kinds)).gather(pl.col("scope")),
        task=pl.int_range(pl.len()) % tasks,
        events=3 * pl.col("people"),
        active_students=pl.col("people"),
        active_5m=pl.col("people"),
    )


def events(school: School, names: Names) -> Tables:
    """Yields the events of the last hour in steps of a minute; one in a hundred is a login or a session's end."""
    rng = school.rng(7)
    here = np.flatnonzero(school.rng(5).random(school.students) < PRESENT)
    a_minute = round(60 * EVENTS_A_SECOND * len(here))
    actions = pl.Series(["page_view", "button_click", "scroll", "time_ping", "video_play", "quiz_answer", "login"])
    for minute in range(60):
        start = NOW_MS - (60 - minute) * 60_000
        student = rng.choice(here, a_minute)
        lesson = 2 if minute < 20 else 3
        frame = pl.DataFrame(
            {
                "student": student,
                "course": school.grade_of_class[school.class_of[student]] * len(SUBJECTS)
                + school.order[school.class_of[student], lesson],
                "week": np.full(a_minute, school.week(NOW.date())),
                "at": np.sort(start + rng.integers(0, 60_000, a_minute)),
                "action": rng.choice(len(actions), a_minute, p=[0.2, 0.2, 0.25, 0.25, 0.05, 0.04, 0.01]),
            }
        ).with_columns(device=choose(rng, DEVICES, a_minute), browser=choose(rng, BROWSERS, a_minute))
        yield (
            "events",
            frame.select(
                at("event_time", "at"),
                ids("event_id", f"e{minute}"),
                names.student(),
                names.class_id(),
                names.course(),
                role=pl.lit("student"),
                grade=pl.lit(pl.Series(GRADES)).gather(pl.col("course") // len(SUBJECTS)),
                subject_id=pl.lit(pl.Series(SUBJECTS)).gather(pl.col("course") % len(SUBJECTS)),
                chapter_id=names.chapter("ch"),
                event_name=pl.lit(actions).gather(pl.col("action")),
                session_id=pl.lit("s") + pl.col("student").cast(pl.String),
                device_type="device",
                browser="browser",
                topic=pl.lit("clickstream_events"),
                partition=pl.col("student") % TASKS,
                kafka_offset=pl.int_range(pl.len()) + minute * a_minute,
                ingested_at=pl.from_epoch(pl.col("at") + 700, "ms"),
                watermark_before=pl.from_epoch(pl.col("at") - 200, "ms"),
            ),
        )
