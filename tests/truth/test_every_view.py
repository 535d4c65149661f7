"""Every view that docs/sql lists is computed again, from the log as the oracles read it, and compared row by row."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dataflows.settings import Settings
from tests.databases import migrated_database
from tests.db.test_docs import documented
from tests.truth.facts import Facts
from tests.truth.moodle import moodle
from tests.truth.oulad import oulad
from tests.truth.registry import SOMETHING, TRUTHS, Truth
from tests.truth.school import World, store, world

for module in pkgutil.iter_modules([str(Path(__file__).parent)]):  # each registers its recomputations
    if not module.name.startswith("test_"):
        importlib.import_module(f"tests.truth.{module.name}")

NOT_OF_THE_LOG = {"database_jobs", "stuck_now", "student_predictions"}
# stuck_now: the flow's oracle is tests/oracle/test_stuck_flow.py, the view's known answers tests/db/test_stuck.py.
# student_predictions: a model's, outside the flows; tests/db/test_predictions.py.
"""What TimescaleDB's own scheduler does; `tests/db/test_jobs.py` holds it against real failing and late jobs."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Reported:
    """What a log tells of each view, computed once."""

    facts: Facts
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)

    def of(self, truth: Truth) -> dict[tuple[Any, ...], Row]:
        """Returns the rows that a view should show, by key."""
        if truth.view not in self.rows:
            self.rows[truth.view] = {_key(truth, row): row for row in map(_plain, truth.compute(self.facts))}
        return self.rows[truth.view]


@dataclass(frozen=True)
class Shown:
    """What a database shows of a log."""

    log: str
    connection: psycopg.Connection[Row]
    reported: Reported


LOGS: dict[str, Callable[[Path], World]] = {"school": lambda _folder: world(), "moodle": moodle, "oulad": oulad}
"""A day of a made school, and two real logs."""

NO_VIDEOS_PAGES_LOGINS = set(
    (
        "chapter_reach class_elsewhere course_titles daily_logins domain_popularity fast_readers last_night "
        "late_additions late_waiting next_modules quiz_questions recent_anomalies recent_rejects scroll_distribution "
        "student_video_events student_video_views top_pages top_pages_by_week video_drop_off video_engagement "
        "video_rewatch_peaks video_summary "
    ).split()
)
"""Neither real log tells of titles of courses, videos, addresses, logins, answers to questions, or was ever late."""

NOTHING: dict[str, set[str]] = {
    "school": set(),
    "moodle": NO_VIDEOS_PAGES_LOGINS
    | set(
        (
            "attempts_by_day class_attempts class_course_days_summary class_recall curve_changes enrolment_revenue "
            "forgetting_by_cohort forgetting_summary forum_activity knowledge_gap_summary knowledge_gaps "
            "knowledge_gaps_by_cohort memory_history memory_scores module_performance module_summary quiz_analytics "
            "quiz_failure "
            "quiz_failure_summary reviews_coming revision_signals revisions_waiting score_distribution score_summary "
            "student_attempts user_engagement "
        ).split()
    ),
    "oulad": NO_VIDEOS_PAGES_LOGINS | {"chapter_pace", "todays_lessons"},
}
"""Views for which a log has nothing: the Moodle export has no scores, the Open University's no lessons. Each view has
something in one of the logs."""


@pytest.fixture(scope="module")
def known() -> dict[str, Reported]:
    """The logs that were read so far."""
    return {}


@pytest.fixture(
    scope="module", params=[(log, server) for log in LOGS for server in ("postgres", "timescale")], ids="-".join
)
def shown(request: pytest.FixtureRequest, known: dict[str, Reported]) -> Iterator[Shown]:
    """A database into which a log went through all flows, and the log as the oracles read it."""
    log, server = request.param
    if log not in known:
        known[log] = Reported(Facts(LOGS[log](Path() if log == "school" else request.getfixturevalue("data_dir"))))
    reported = known[log]
    with migrated_database(request.getfixturevalue(f"{server}_server"), Settings(_env_file=None)) as url:
        store(url, reported.facts.world)
        options = "-c timezone=UTC -c classpulse.clock=data"
        with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=options) as connection:
            if server == "timescale":
                connection.execute("CALL refresh_summaries()")
            connection.execute("CALL note_risks()")
            yield Shown(log, connection, reported)


def test_every_view_has_a_recomputation() -> None:
    listed = set(documented())
    assert not TRUTHS.keys() & NOT_OF_THE_LOG
    assert TRUTHS.keys() | NOT_OF_THE_LOG == listed
    assert not set.intersection(*NOTHING.values())


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_a_view_says_what_the_log_says(shown: Shown, name: str) -> None:
    truth = TRUTHS[name]
    found = _by_key(truth, shown.connection.execute(f"SELECT * FROM {name}".encode()).fetchall())
    expected = shown.reported.of(truth)
    assert bool(expected) == (name not in NOTHING[shown.log]), f"{len(expected)} rows"
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    reported = set().union(*expected.values())
    columns = [column for column in documented()[name][1] if column != "as_of" or column in reported]
    assert not expected or sorted(reported) == sorted(columns)
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
    reported = (_text(row[column]) for column in truth.key)
    return tuple(tuple(value) if isinstance(value, list) else value for value in reported)


def _plain(row: Row) -> Row:
    return {name: _text(value) if isinstance(value, date | datetime) else value for name, value in row.items()}


def _text(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list) and all(isinstance(one, datetime) for one in value):
        return sorted(map(_text, value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _same(right: Any, shown: Any, width: float) -> bool:  # noqa: ANN401
    if right is SOMETHING:
        return shown is not None
    if right is None or shown is None or isinstance(right, bool | str | list):
        return bool(right == _text(shown))
    return math.isclose(right, float(shown), rel_tol=max(width, 1e-9), abs_tol=0.5001e-4)
