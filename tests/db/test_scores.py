"""The score's formulas in SQL give what Python gives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.numeric import Int8Dumper

from dataflows.scores.engagement import engagement_scores, streak_days
from tests.db.conftest import NOW, Database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
BASE_MS = round(NOW.timestamp() * 1000)

states = st.fixed_dictionaries(
    {
        "since_ms": st.one_of(st.integers(-300_000, 3_600_000), st.integers(0, 10**12)),
        "nibbles": st.lists(st.integers(0, 10), min_size=15, max_size=15),
        "session_minutes": st.integers(0, 400),
        "day_bits": st.integers(0, 2**32 - 1),
        "as_of_ms": st.integers(BASE_MS - 10**10, BASE_MS + 10**10),
    }
)


def at(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def as_columns(state: dict[str, Any]) -> dict[str, Any]:
    """Returns the columns of student_state that say the same; minutes and days are those of the last interaction."""
    last_ms = state["as_of_ms"] - state["since_ms"]
    return {
        "last": at(last_ms),
        "weights": sum(weight << (4 * i) for i, weight in enumerate(state["nibbles"])),
        "weights_end": at(last_ms // MINUTE_MS * MINUTE_MS),
        "minutes": state["session_minutes"],
        "bits": state["day_bits"],
        "last_day": at(last_ms).date(),
        "as_of": at(state["as_of_ms"]),
    }


def python_parts(state: dict[str, Any]) -> tuple[float, ...]:
    """Returns score, recency, intensity, duration and streak by the flow's own functions."""
    last_minute = (state["as_of_ms"] - state["since_ms"]) // MINUTE_MS
    now_minute = state["as_of_ms"] // MINUTE_MS
    tenths = sum(
        weight for i, weight in enumerate(state["nibbles"]) if now_minute - 10 <= last_minute - i <= now_minute - 1
    )
    columns = as_columns(state)
    today = at(state["as_of_ms"] - 1).date()
    days = streak_days(
        np.array([columns["bits"]]),
        np.array([(columns["last_day"] - date(1970, 1, 1)).days]),
        np.array([(today - date(1970, 1, 1)).days]),
    )
    scores = engagement_scores(
        np.array([state["since_ms"]]), np.array([tenths]), np.array([state["session_minutes"]]), days
    )
    return tuple(float(getattr(scores, name)[0]) for name in ("score", "recency", "intensity", "duration", "streak"))


SQL_PARTS = """
SELECT engagement_score(%(last)s, %(weights)s, %(weights_end)s, %(minutes)s, %(bits)s, %(last_day)s, %(as_of)s),
       engagement_recency(%(last)s, %(as_of)s), engagement_intensity(%(weights)s, %(weights_end)s, %(as_of)s),
       engagement_duration(%(minutes)s),
       engagement_streak(%(bits)s, %(last_day)s, local_day(%(as_of)s - interval '1 ms'),
                         weekends_before(local_day(%(as_of)s - interval '1 ms')))
"""


def test_the_score_in_sql_equals_the_score_in_python(database: Database) -> None:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(states)
    def equal(state: dict[str, Any]) -> None:
        found = database.connection.execute(SQL_PARTS, as_columns(state)).fetchone()
        assert found is not None
        rounded = [round(float(value), 4) for value in list(found.values())]
        assert rounded == pytest.approx(python_parts(state), abs=1e-9)

    # server-side types of parameters: bigint for every integer
    database.connection.adapters.register_dumper(int, Int8Dumper)
    equal()


THURSDAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("active", "streak"),
    [
        ([], 0),
        ([0], 1),
        ([1], 1),  # today is not over
        ([2], 0),  # yesterday was empty
        ([0, 2], 1),
        ([0, 1, 2, 3], 4),  # Thursday to Monday
        ([0, 1, 2, 3, 6], 5),  # over the empty weekend to Friday
        ([0, 1, 2, 3, 5, 6], 6),  # an active Saturday counts
        ([0, 1, 2, 3, 6, 7, 8, 9, 10], 7),  # at most seven count
    ],
)
def test_a_streak_skips_empty_weekends_and_does_not_break_before_today_ends(
    database: Database, active: list[int], streak: int
) -> None:
    bits = sum(1 << i for i in active)
    query = "SELECT round(engagement_streak(%s::bigint, %s::date, %s::date, weekends_before(%s::date)) * 7)"
    assert database.value(query, bits, THURSDAY, THURSDAY, THURSDAY) == streak


def test_where_terms_are_known_a_streak_skips_every_day_that_is_no_study_day(database: Database) -> None:
    # Monday 2 March 2026; active today and on Wednesday 25 February
    database.student("ann", NOW, day_bits=0b100001)
    query = "SELECT skippable FROM streak_calendar"
    streak = f"SELECT streak_days(day_bits, ({query})) FROM student_state"
    assert database.value(streak) == 1  # Friday and Thursday were empty
    database.put("terms", {"term_id": "a", "starts": "2026-02-02", "ends": "2026-02-25"})
    database.put("terms", {"term_id": "b", "starts": "2026-03-02", "ends": "2026-06-30"})
    assert database.value(streak) == 2  # no term on Thursday and Friday
    database.connection.execute("DELETE FROM terms")
    database.put("terms", {"term_id": "c", "starts": "2026-02-02", "ends": "2026-06-30"})
    assert database.value(streak) == 1
    database.put("periods", *({"class_id": "7B", "weekday": d, "starts": "08:00", "ends": "09:00"} for d in (1, 2, 3)))
    assert database.value(streak) == 2  # no lessons on Thursdays and Fridays
