"""Every view that docs/sql.md lists is computed again, from the log as the oracles read it, and compared row by row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dataflows.settings import Settings
from db.migrate import migrate
from tests.conftest import new_database
from tests.db.test_docs import documented
from tests.jobs import stop_jobs
from tests.truth import activity, chapters, classes, courses, memories, quizzes, sessions, videos
from tests.truth.facts import Facts
from tests.truth.registry import TRUTHS, Truth
from tests.truth.school import store, world

GROUPS = (activity, chapters, classes, courses, memories, quizzes, sessions, videos)
"""Each registers its recomputations."""

NOT_YET = set(
    """active_before active_now activity_trend alert_classes chapter_pace chapter_reach class_elsewhere
    class_list class_overview class_presence class_recall class_students course_drop_off_index curve_changes
    data_clock data_freshness database_jobs enrolment_revenue event_quality fast_readers flow_status
    forgetting_by_cohort forgetting_summary handed_in idle_before knowledge_gap_summary
    knowledge_gaps_by_cohort late_additions latest_events latest_named_events memory_scores memory_summary
    present_now quiz_questions recent_anomalies recent_rejects reviews_coming revision_signals
    revisions_waiting student_analytics_profiles student_course_metrics student_live_metrics student_names
    student_risk_entries student_streak student_video_events todays_lessons""".split()
)
"""Views that nobody has recomputed: this list may only become shorter."""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """The school's day as the oracles read it."""
    return Facts(world())


@pytest.fixture(scope="module", params=["postgres", "timescale"])
def shown(request: pytest.FixtureRequest, facts: Facts) -> Iterator[psycopg.Connection[Row]]:
    """A database into which the same day went through all flows."""
    server = request.getfixturevalue(f"{request.param}_server")
    with new_database(server) as url:
        migrate(url, settings=Settings(_env_file=None))
        stop_jobs(url)
        store(url, facts.world)
        options = "-c timezone=UTC -c classpulse.clock=data"
        with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as connection:
            if request.param == "timescale":
                connection.execute("CALL refresh_summaries()")
            yield connection


def test_every_view_has_a_recomputation() -> None:
    listed = set(documented())
    assert GROUPS
    assert not TRUTHS.keys() & NOT_YET
    assert TRUTHS.keys() | NOT_YET == listed


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_a_view_says_what_the_log_says(shown: psycopg.Connection[Row], facts: Facts, name: str) -> None:
    truth = TRUTHS[name]
    columns = [column for column in documented()[name][1] if column != "as_of"]
    found = _by_key(truth, shown.execute(f"SELECT * FROM {name}".encode()).fetchall())
    expected = {_key(truth, row): row for row in map(_plain, truth.compute(facts))}
    assert expected, "the school's day has nothing of this kind"
    assert sorted(next(iter(expected.values()))) == sorted(columns)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    wrong = [
        f"{key} {column}: {found[key][column]!r}, right {row[column]!r}"
        for key, row in expected.items()
        for column in columns
        if not _same(row[column], found[key][column], 0.021 if column in truth.near else 0)
    ]
    assert not wrong, f"{len(wrong)} values: " + "; ".join(wrong[:5])


def _by_key(truth: Truth, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        first = found.setdefault(_key(truth, row), row)
        for column in truth.sums if first is not row else ():
            first[column] += row[column]
    return {key: row for key, row in found.items() if not truth.sums or any(row[column] for column in truth.sums)}


def _key(truth: Truth, row: Row) -> tuple[Any, ...]:
    return tuple(_text(row[column]) for column in truth.key)


def _plain(row: Row) -> Row:
    return {name: _text(value) if isinstance(value, date | datetime) else value for name, value in row.items()}


def _text(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _same(right: Any, shown: Any, width: float) -> bool:  # noqa: ANN401
    if right is None or shown is None or isinstance(right, bool | str | list):
        return bool(right == _text(shown))
    return math.isclose(right, float(shown), rel_tol=max(width, 1e-9), abs_tol=0.5001e-4)
