"""Retention and urgency in SQL are those of Python."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflows.scores.calibration import SHIPPED, Calibration, from_parameters
from dataflows.scores.forgetting import DAY_MS, MODELS, urgency
from tests.db.conftest import NOW, Database

RETENTION = "SELECT retention(%s, %s::double precision, %s::double precision, %s::double precision)"

arguments = st.tuples(
    st.sampled_from(sorted(MODELS)),
    st.floats(0.001, 40_000),
    st.floats(0.01, 2),
    st.one_of(st.integers(-5 * DAY_MS, 400 * DAY_MS), st.integers(0, 40_000 * DAY_MS)).map(lambda ms: ms / DAY_MS),
)


def test_retention_in_sql_equals_retention_in_python(database: Database) -> None:
    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(arguments)
    def equal(drawn: tuple[str, float, float, float]) -> None:
        model, stability, decay_factor, elapsed_days = drawn
        python = MODELS[model].retention(np.array([stability]), np.array([decay_factor]), np.array([elapsed_days]))
        assert database.value(RETENTION, *drawn) == pytest.approx(float(python[0]), abs=1e-9)

    equal()


def rounded(least: float, most: float) -> st.SearchStrategy[float]:
    """Numbers as they are stored; of the smallest that a double holds PostgreSQL refuses the product."""
    return st.floats(least, most).map(lambda number: round(number, 9))


def test_the_chance_to_pass_in_sql_equals_that_in_python(database: Database) -> None:
    query = "SELECT pass_chance(%s, %s, %s, %s, %s, %s)"
    scores, parameters = rounded(0, 100), rounded(0, 20)

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(rounded(0, 1), scores, scores, rounded(-20, 20), parameters, parameters))
    def equal(drawn: tuple[float, ...]) -> None:
        retention, last_score, mark, *numbers = drawn
        python = Calibration(*numbers).chance(*(np.array([one]) for one in (retention, last_score, mark)))
        assert database.value(query, *map(float, drawn)) == pytest.approx(float(python[0]), abs=1e-9)

    equal()


@pytest.mark.parametrize("missing", range(6))
def test_no_chance_is_told_where_something_is_not_known(database: Database, missing: int) -> None:
    given = [None if n == missing else 0.5 for n in range(6)]
    assert database.value("SELECT pass_chance(%s, %s, %s, %s, %s, %s)", *given) is None


def test_the_first_calibrations_are_those_that_are_shipped(database: Database) -> None:
    rows = database.values("SELECT model, parameters FROM calibrations WHERE version = 1")
    assert {model: from_parameters(kept) for model, kept in rows} == SHIPPED


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_chance_never_rises_while_nothing_is_revised(model: str) -> None:
    days = np.linspace(0, 400, 500)
    memory = MODELS[model].first(np.array([85.0]))
    retention = MODELS[model].retention(memory.stability, memory.decay_factor, days)
    chances = SHIPPED[model].chance(retention, np.full(500, 85.0), np.full(500, 70.0))
    assert (np.diff(chances) <= 0).all()
    assert chances[0] > chances[-1]


def test_urgency_in_sql_equals_urgency_in_python(database: Database) -> None:
    query = "SELECT revision_urgency(%s::timestamptz, %s::timestamptz, %s::timestamptz)"

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 180 * 86_400), st.integers(-100, 400 * 86_400))
    def equal(interval_s: int, elapsed_s: int) -> None:
        due, as_of = NOW + timedelta(seconds=interval_s), NOW + timedelta(seconds=elapsed_s)
        assert database.value(query, NOW, due, as_of) == urgency(float(elapsed_s), float(interval_s))

    equal()


@pytest.mark.parametrize(
    ("after", "expected"), [("1:59:59.999", "low"), ("2:00", "medium"), ("3:59:59.999", "medium"), ("4:00", "high")]
)
def test_urgency_changes_at_the_very_millisecond(database: Database, after: str, expected: str) -> None:
    query = "SELECT revision_urgency(t, t + interval '2 hours', t + %s::interval) FROM (SELECT now()) AS n (t)"
    assert database.value(query, after) == expected


def test_a_session_whose_clock_is_put_forward_between_the_reviews_counts_the_same_hours(database: Database) -> None:
    query = (
        "SELECT revision_urgency(t, t + interval '24 hours', t + interval '48 hours' - interval '1 ms'),"
        " revision_urgency(t, t + interval '24 hours', t + interval '48 hours'),"
        " days_between(t, t + interval '48 hours') FROM (SELECT timestamptz '2026-03-28 10:00Z') AS n (t)"
    )
    database.connection.execute("SET timezone = 'Europe/Berlin'")
    assert database.values(query) == [("medium", "high", 2.0)]


def test_what_is_unknown_is_null_and_what_is_long_gone_is_nothing(database: Database) -> None:
    assert database.value(RETENTION, "other", 1, 1, 1) is None
    assert database.value(RETENTION, "ebbinghaus", 1, 1, None) is None
    assert database.value(RETENTION, "ebbinghaus", 0.001, 1000, 1e9) == pytest.approx(0)
    assert database.value("SELECT revision_urgency(NULL, NULL, now())") is None
