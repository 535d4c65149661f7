"""Quizzes of the month and the forgetting curves that they leave, by the rules of the default model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.boards.rows import Names, at, ids
from bench.boards.school import CHAPTERS, NOW, SUBJECTS, TASKS, School
from dataflows.operators.segments import Ints

Floats = npt.NDArray[np.float64]
Rows = Iterator[tuple[str, pl.DataFrame]]
DAY_MS: Final = 86_400_000
NOW_MS: Final = round(NOW.timestamp() * 1000)
PER_DAY: Final = -np.log(0.8)
PASS_MARK: Final = 70


@dataclass
class Curves:
    """The curve of every student and module; 0 reviews: none yet. All arrays: students x subjects x weeks.

    Attributes:
        school: Who studies.
        able: How well a student does, 0 to 1.
        last: Last review, epoch ms.
        interval: Its interval, days.
        score: Its score.
        reviews: Counted reviews so far.
    """

    school: School
    able: Floats
    last: Ints
    interval: Floats
    score: Floats
    reviews: Ints
    _signals: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, school: School) -> Curves:
        """Returns a school in which nobody has taken a quiz."""
        shape = (school.students, len(SUBJECTS), CHAPTERS)
        able = school.rng(4).beta(5, 2, school.students)
        return cls(school, able, np.zeros(shape, np.int64), np.ones(shape), np.zeros(shape), np.zeros(shape, np.int64))

    def study(self, names: Names, rng: np.random.Generator, day: date, here: Ints) -> Rows:
        """Yields the day's rows: this week's quiz of the weekday's subject, retries, and what was due."""
        midnight = round(datetime.combine(day, time(), UTC).timestamp() * 1000)
        present = np.zeros(self.last.shape[0], bool)
        present[here] = True
        draw = rng.random(self.last.shape)
        taking = np.zeros(self.last.shape, bool)
        if day.weekday() < 5:
            week_now = self.school.week(day)
            for tested in {day.weekday(), *([5] if day.weekday() == 2 else [])}:
                taking[:, tested, week_now] |= draw[:, tested, week_now] < 0.85
        had = self.reviews > 0
        due = had & (midnight - self.last >= self.interval * DAY_MS)
        taking |= (had & (self.score < PASS_MARK) & (draw < 0.15)) | (due & (draw < 0.04))
        student, subject, week = np.nonzero(taking & present[:, None, None])
        when = midnight + rng.integers(9 * 60, 19 * 60, len(student)) * 60_000 + rng.integers(0, 60_000, len(student))
        kept = when < NOW_MS
        student, subject, week, when = student[kept], subject[kept], week[kept], when[kept]
        score = np.clip(np.round(100 * rng.beta(2 + 6 * self.able[student], 2.6), 0), 0, 100)
        yield from self._rows(names, day, (student, subject, week), when, score)

    def _rows(self, names: Names, day: date, place: tuple[Ints, Ints, Ints], when: Ints, score: Floats) -> Rows:
        student, subject, week = place
        reviews = self.reviews[place]
        elapsed = np.where(reviews > 0, (when - self.last[place]) / DAY_MS, self.interval[place])
        share, old = score / PASS_MARK, self.interval[place]
        growth = np.where(score >= PASS_MARK, 1 + (2 * share - 1) * np.minimum(1, elapsed / old), share)
        interval = np.clip(old * growth, 1, 180)
        scheduled = self.last[place] + (old * DAY_MS).astype(np.int64)
        frame = pl.DataFrame(
            {
                "student": student,
                "course": self.school.grade_of_class[self.school.class_of[student]] * len(SUBJECTS) + subject,
                "week": week,
                "at": when,
                "score": score,
                "interval": interval,
                "scheduled": scheduled,
                "old": reviews,
            }
        )
        module = names.chapter("m")
        domain = pl.lit(pl.Series(SUBJECTS)).gather(pl.col("course") % len(SUBJECTS))
        self._signals.append(
            frame.filter((pl.col("old") > 0) & (pl.col("scheduled") < pl.col("at"))).select(
                names.student("user_id"),
                module.alias("module_id"),
                at("scheduled_at", "scheduled"),
                at("reviewed_at", "at"),
                at("created_at", "scheduled"),
            )
        )
        self.last[place], self.interval[place], self.score[place] = when, interval, score
        self.reviews[place] += 1
        common = [names.student("user_id"), domain.alias("domain"), module.alias("module")]
        event_id = ids("event_id", f"q{day:%m%d}")
        yield (
            "quiz_attempts",
            frame.select(
                at("attempted_at", "at"),
                event_id,
                *common,
                names.class_id(),
                names.course("course"),
                quiz_type=pl.lit("module"),
                score="score",
                time_taken_seconds=pl.lit(400),
            ),
        )
        yield (
            "memory_reviews",
            frame.select(
                at("reviewed_at", "at"),
                event_id,
                *common,
                score="score",
                counted=pl.lit(value=True),
                model=pl.lit("ebbinghaus"),
                interval_days="interval",
                stability=pl.col("interval") / PER_DAY,
            ),
        )
        for kind, shift, rows in (
            ("module_started", -3_600_000, frame.filter(pl.col("old") == 0)),
            ("module_completed", 60_000, frame.filter(pl.col("score") >= PASS_MARK)),
        ):
            yield (
                "learning_events",
                rows.select(
                    at("event_time", pl.col("at") + shift),
                    ids("event_id", f"{kind}{day:%m%d}"),
                    *common,
                    kind=pl.lit(kind),
                    course=names.course("course"),
                ),
            )

    def state(self, names: Names) -> Rows:
        """Yields the curves as they stand, and what fell due."""
        student, subject, week = np.nonzero(self.reviews)
        place = (student, subject, week)
        frame = pl.DataFrame(
            {
                "student": student,
                "course": self.school.grade_of_class[self.school.class_of[student]] * len(SUBJECTS) + subject,
                "week": week,
                "last": self.last[place],
                "next": self.last[place] + (self.interval[place] * DAY_MS).astype(np.int64),
                "interval": self.interval[place],
                "score": self.score[place],
                "reviews": self.reviews[place],
            }
        )
        yield (
            "memory_state",
            frame.select(
                names.student("user_id"),
                names.chapter("m").alias("module"),
                pl.lit(pl.Series(SUBJECTS)).gather(pl.col("course") % len(SUBJECTS)).alias("domain"),
                at("last_reviewed_at", "last"),
                at("next_review_at", "next"),
                task=pl.col("student") % TASKS,
                model=pl.lit("ebbinghaus"),
                last_score="score",
                interval_days="interval",
                stability=pl.col("interval") / PER_DAY,
                decay_factor=PER_DAY / pl.col("interval"),
                reviews="reviews",
            ),
        )
        open_ = frame.filter(pl.col("next") < NOW_MS).select(
            names.student("user_id"),
            names.chapter("m").alias("module_id"),
            at("scheduled_at", "next"),
            at("created_at", "next"),
            reviewed_at=pl.lit(None, pl.Datetime("ms")),
        )
        answered = [one.select(open_.columns) for one in self._signals]
        yield "revision_signal_facts", pl.concat([open_, *answered], how="vertical_relaxed")
