"""A new calibration from the stored attempts, and whether it is better on students that it has not seen."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from dataflows.memory.fold import Curves, Reviews, fold
from dataflows.operators.segments import Bools, Ints
from dataflows.scores.calibration import Calibration, fit, from_parameters, losses
from dataflows.scores.forgetting import MODELS, Floats
from dataflows.settings import Settings

LEAST_FORECASTS: Final = 500
LEAST_STUDENTS: Final = 100
LEAST_OF_EACH: Final = 50
"""Reviews that can be forecast, students who made them, and passes and failures among them: fewer prove nothing."""
HELD_OUT: Final = 0.3
ERRORS: Final = 2.0
"""By so many standard errors it must be better."""

# of each local day of a pair the first attempt counts, as in the flow
_REVIEWS: Final = """
SELECT DISTINCT ON (a.user_id, a.module, local_day(a.attempted_at))
       a.user_id, a.module, a.domain, (extract(epoch FROM a.attempted_at) * 1000)::bigint, a.score, a.pass_mark
FROM marked_attempts a
WHERE a.module IS NOT NULL AND a.attempted_at <= classpulse_now()
ORDER BY a.user_id, a.module, local_day(a.attempted_at), a.attempted_at, a.event_id
"""
_PRESENT: Final = """
SELECT c.model, c.version, c.parameters FROM active_calibrations k JOIN calibrations c USING (model, version)
"""
_ADOPT: Final = """
INSERT INTO calibrations (version, model, parameters, active_from)
SELECT max(version) + 1, %(model)s, %(parameters)s, classpulse_now() FROM calibrations RETURNING version
"""


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Reviews that have one before them; arrays have shape (n,).

    Attributes:
        student: Code of the student.
        held_out: Whether the fit does not see the student; by the id, so that it is the same each time.
        retention: What the model told the instant before.
        last_score: Of the review before.
        pass_mark: Of the module.
        passed: Whether the review was passed.
    """

    student: Ints
    held_out: Bools
    retention: Floats
    last_score: Floats
    pass_mark: Floats
    passed: Bools

    def of(self, rows: Bools) -> Forecasts:
        """Returns some of them."""
        return Forecasts(*(getattr(self, name)[rows] for name in self.__slots__))

    def fit(self) -> Calibration:
        """Returns the calibration that suits them best."""
        return fit(self.retention, self.last_score, self.pass_mark, self.passed)

    def losses(self, one: Calibration) -> Floats:
        """Returns the log loss of each by a calibration."""
        return losses(one.chance(self.retention, self.last_score, self.pass_mark), self.passed)

    def lack(self) -> str:
        """Returns why they are too few; empty where they are enough."""
        students, passes = len(np.unique(self.student)), int(self.passed.sum())
        if len(self.passed) < LEAST_FORECASTS or students < LEAST_STUDENTS:
            return (
                f"{len(self.passed):,} repeated quizzes of {students:,} students are too few: "
                f"{LEAST_FORECASTS} of {LEAST_STUDENTS} are needed"
            )
        if min(passes, len(self.passed) - passes) < LEAST_OF_EACH:
            return f"{passes:,} of {len(self.passed):,} were passed: {LEAST_OF_EACH} of each kind are needed"
        return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one model's calibration.

    Attributes:
        model: The model.
        forecasts: Reviews that could be forecast.
        present: The calibration in force, and its version.
        present_loss: Its log loss a review on held-out students; NaN where they are too few.
        fitted: The one fitted to the others.
        fitted_loss: Its loss on the same students.
        error: Standard error of the difference of both, students taken as the units.
        version: The version under which it was adopted; None: it was not.
        lack: Why it could not be tried.
    """

    model: str
    forecasts: int
    present: tuple[int, Calibration]
    present_loss: float = float("nan")
    fitted: Calibration | None = None
    fitted_loss: float = float("nan")
    error: float = float("nan")
    version: int | None = None
    lack: str = ""

    @property
    def is_better(self) -> bool:
        """Whether the fitted one is better by more than chance gives."""
        return self.present_loss - self.fitted_loss > ERRORS * self.error


def refit(connection: psycopg.Connection[Any], settings: Settings, *, dry_run: bool = False) -> list[Verdict]:
    """Fits a calibration for each model in use, and adopts it from now on where it is better than the present one.

    What is adopted is fitted to all students, held-out ones too. Earlier versions stay, and hold for the time before.

    Args:
        connection: In a transaction that the caller ends, or with autocommit.
        settings: Which model belongs to which domain.
        dry_run: Adopt nothing.
    """
    present = {model: (version, from_parameters(kept)) for model, version, kept in connection.execute(_PRESENT)}
    found = []
    for model, forecasts in _forecasts(connection, settings):
        if model not in present:
            continue
        verdict, everything = _judged(model, forecasts, present[model])
        if verdict.is_better and not dry_run:
            parameters = Jsonb(everything.parameters())
            row = connection.execute(_ADOPT, {"model": model, "parameters": parameters}).fetchone()
            verdict = replace(verdict, version=row[0] if row else None)
        found.append(verdict)
    return found


def _judged(model: str, given: Forecasts, present: tuple[int, Calibration]) -> tuple[Verdict, Calibration]:
    unseen, seen = given.of(given.held_out), given.of(~given.held_out)
    if lack := given.lack():
        return Verdict(model, len(given.passed), present, lack=lack), present[1]
    fitted = seen.fit()
    now, then = unseen.losses(present[1]), unseen.losses(fitted)
    better = now - then
    _students, code = np.unique(unseen.student, return_inverse=True)
    error = float(np.sqrt((np.bincount(code, better - better.mean()) ** 2).sum()) / len(better))
    verdict = Verdict(model, len(given.passed), present, float(now.mean()), fitted, float(then.mean()), error)
    return verdict, given.fit()


def _forecasts(connection: psycopg.Connection[Any], settings: Settings) -> Iterator[tuple[str, Forecasts]]:
    rows = connection.execute(_REVIEWS).fetchall()
    if not rows:
        return
    users, modules, domains = ([row[n] for row in rows] for n in range(3))
    ids, student = np.unique(np.array(users), return_inverse=True)
    begins = np.array([True, *((users[n], modules[n]) != (users[n - 1], modules[n - 1]) for n in range(1, len(rows)))])
    pair = np.cumsum(begins) - 1
    # a pair's model is that of its latest domain
    domain = dict(zip(pair.tolist(), domains, strict=True))
    model = np.array([settings.memory_models_by_domain.get(domain[n] or "", settings.memory_model) for n in domain])
    time_ms = np.array([row[3] for row in rows], np.int64)
    score, mark = (np.array([row[n] for row in rows], np.float64) for n in (4, 5))
    unseen = np.array([zlib.crc32(one.encode()) % 1000 < 1000 * HELD_OUT for one in ids.tolist()])
    for name in sorted(set(model.tolist())):
        mine = (model == name)[pair]
        _pairs, slot = np.unique(pair[mine], return_inverse=True)
        reviews = Reviews(slot.astype(np.int64), time_ms[mine], score[mine])
        counted = np.ones(len(slot), np.bool_)
        folded, _curves = fold(MODELS[name], reviews, counted, Curves.empty(int(slot.max()) + 1))
        again = ~begins[mine]
        yield (
            name,
            Forecasts(
                student[mine][again],
                unseen[student[mine][again]],
                folded.before[again],
                np.roll(reviews.score, 1)[again],
                mark[mine][again],
                reviews.score[again] >= mark[mine][again],
            ),
        )
