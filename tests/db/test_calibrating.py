"""Calibrations: which one holds when, and whether a refit is adopted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from dataflows.memory.calibrating import Verdict, refit
from dataflows.scores.calibration import SHIPPED, Calibration, fit
from dataflows.scores.forgetting import MODELS
from dataflows.settings import Settings
from tests.chance import chance
from tests.db.conftest import NOW, Database
from tests.db.memory import attempt, curve

SETTINGS = Settings(_env_file=None)


def test_the_chance_stands_beside_the_curve_and_knows_the_module_s_mark(database: Database) -> None:
    reviewed = NOW - timedelta(days=10)
    database.put("memory_state", curve("ann", [(reviewed, 85)]), curve("ann", [(reviewed, 85)], module="m2"))
    database.put("content_items", {"course_id": "math", "item_id": "m2", "kind": "module", "pass_mark": 50})
    rows = database.values(
        "SELECT module, retention, forgetting_score, pass_chance, calibration FROM memory_scores ORDER BY 1"
    )
    stability = 17 / 7 / -np.log(0.8)
    kept = float(np.exp(-10 / stability))
    assert rows == [
        ("m1", round(kept, 4), pytest.approx(100 * (1 - kept), abs=1e-3), pytest.approx(chance(85, kept), abs=1e-4), 1),
        (
            "m2",
            round(kept, 4),
            pytest.approx(100 * (1 - kept), abs=1e-3),
            pytest.approx(chance(85, kept, 50), abs=1e-4),
            1,
        ),
    ]


def test_a_version_holds_from_its_day_on_and_the_one_before_it_until_then(database: Database) -> None:
    database.put("memory_state", curve("ann", [(NOW - timedelta(days=10), 85)]))
    later = {"model": "ebbinghaus", "parameters": Jsonb({"intercept": 0, "slope": 0, "score": 0})}
    database.put("calibrations", {**later, "version": 2, "active_from": NOW + timedelta(hours=1)})
    query = "SELECT calibration, pass_chance FROM memory_scores"
    [(version, _chance)] = database.values(query)
    assert version == 1
    database.connection.execute("UPDATE calibrations SET active_from = %s WHERE version = 2", (NOW,))
    assert database.values(query) == [(2, 0.5)]


def test_the_fit_finds_what_the_passes_were_drawn_with() -> None:
    random, truth = np.random.default_rng(1), Calibration(-0.5, 0.7, 0.9)
    retention, score, mark = (
        random.random(40_000),
        random.integers(0, 101, 40_000).astype(np.float64),
        np.full(40_000, 70.0),
    )
    found = fit(retention, score, mark, random.random(40_000) < truth.chance(retention, score, mark))
    assert (found.intercept, found.slope, found.score) == pytest.approx((-0.5, 0.7, 0.9), abs=0.05)


def test_a_chance_that_would_rise_with_forgetting_is_not_fitted() -> None:
    retention = np.linspace(0, 1, 1000)
    flat = np.full(1000, 70.0)
    found = fit(retention, flat, flat, retention < 0.5)
    assert (found.intercept, found.slope, found.score) == pytest.approx((0, 0, 0), abs=0.01)
    assert (found.slope, found.score) == (0, 0)


def passed_with(one: Calibration, students: int, seed: int = 3) -> list[dict[str, Any]]:
    """Returns two quizzes of each student: the second is passed with the chance that a calibration tells."""
    random, rows = np.random.default_rng(seed), []
    for n in range(students):
        days, first = int(random.integers(1, 40)), float(random.integers(40, 101))
        memory = MODELS["ebbinghaus"].first(np.array([first]))
        kept = MODELS["ebbinghaus"].retention(memory.stability, memory.decay_factor, np.array([float(days)]))
        passes = random.random() < one.chance(kept, np.array([first]), np.array([70.0]))[0]
        then = NOW - timedelta(days=50)
        rows += [
            attempt(f"s{n:05}", then, first),
            attempt(f"s{n:05}", then + timedelta(hours=1), 100),  # the day's second: it does not count
            attempt(f"s{n:05}", then + timedelta(days=days), 90 if passes else 50),
        ]
    return rows


def refitted(database: Database, rows: list[dict[str, Any]], **options: Any) -> Verdict:
    database.put("quiz_attempts", *rows)
    with psycopg.connect(database.url, options="-c classpulse.clock=data") as connection:
        [verdict] = refit(connection, SETTINGS, **options)
    return verdict


def versions(database: Database) -> list[tuple[Any, ...]]:
    return database.values("SELECT version FROM calibrations WHERE model = 'ebbinghaus' ORDER BY 1")


def test_a_better_calibration_is_adopted_from_now_on(database: Database) -> None:
    truth = Calibration(-1.0, 0.5, 0.2)
    verdict = refitted(database, passed_with(truth, 2000))
    assert (verdict.forecasts, verdict.version, verdict.is_better) == (2000, 2, True)
    [(kept, since)] = database.values("SELECT parameters, active_from FROM calibrations WHERE version = 2")
    assert (kept["intercept"], kept["slope"], kept["score"]) == pytest.approx((-1, 0.5, 0.2), abs=0.2)
    assert since == database.value("SELECT classpulse_now()")


def test_where_it_is_not_better_the_present_one_stays(database: Database) -> None:
    verdict = refitted(database, passed_with(SHIPPED["ebbinghaus"], 2000))
    assert (verdict.is_better, verdict.version, verdict.lack) == (False, None, "")
    assert versions(database) == [(1,)]


def test_a_dry_run_says_so_and_changes_nothing(database: Database) -> None:
    verdict = refitted(database, passed_with(Calibration(-1.0, 0.5, 0.2), 1000), dry_run=True)
    assert (verdict.is_better, verdict.version) == (True, None)
    assert versions(database) == [(1,)]


def test_few_quizzes_prove_nothing(database: Database) -> None:
    verdict = refitted(database, passed_with(Calibration(-3.0, 1, 1), 499))
    assert verdict.lack == "499 repeated quizzes of 499 students are too few: 500 of 100 are needed"
    assert versions(database) == [(1,)]
