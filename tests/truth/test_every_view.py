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
from tests.truth import (
    activity,
    chapters,
    classes,
    courses,
    live,
    memories,
    operations,
    quizzes,
    recall,
    sessions,
    studies,
    videos,
)
from tests.truth.facts import Facts
from tests.truth.registry import SOMETHING, TRUTHS, Truth
from tests.truth.school import store, world

GROUPS = (activity, chapters, classes, courses, live, memories, operations, quizzes, recall, sessions, studies, videos)
"""Each registers its recomputations."""

NOT_YET = {"event_quality", "latest_events", "latest_named_events"}
"""They show events of every topic; the oracle of kept events reads the clickstream alone. This list may only shrink."""

NOT_OF_THE_LOG = {"database_jobs"}
"""What TimescaleDB's own scheduler does; `tests/db/test_jobs.py` holds it against real failing and late jobs."""

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
            connection.execute("CALL note_risks()")
            yield connection


def test_every_view_has_a_recomputation() -> None:
    listed = set(documented())
    assert GROUPS
    assert not TRUTHS.keys() & (NOT_YET | NOT_OF_THE_LOG)
    assert TRUTHS.keys() | NOT_YET | NOT_OF_THE_LOG == listed


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_a_view_says_what_the_log_says(shown: psycopg.Connection[Row], facts: Facts, name: str) -> None:
    truth = TRUTHS[name]
    found = _by_key(truth, shown.execute(f"SELECT * FROM {name}".encode()).fetchall())
    expected = {_key(truth, row): row for row in map(_plain, truth.compute(facts))}
    assert expected, "the school's day has nothing of this kind"
    told = next(iter(expected.values())).keys()
    columns = [column for column in documented()[name][1] if column != "as_of" or column in told]
    assert sorted(told) == sorted(columns)
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
