"""A fact stands once, as the lowest place in the log tells it: in whatever order and transactions its records come."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import polars as pl

from dataflows.sink.changes import Changes
from dataflows.sink.progress import claim_task
from dataflows.sink.writer import Writer
from tests.dataflows.sink.writing import AT, FLOW, PLAIN, rows, write, writer

Reported = tuple[str, str, int, int]
"""Student, event, hours after nine, place in the log."""

REPORTED: tuple[Reported, ...] = (
    ("ann", "e1", 26, 7),
    ("ann", "e1", 0, 3),
    ("ann", "e1", 3, 5),
    ("ann", "e1", 0, 1 << 56),
    ("bob", "e1", 1, 9),
    ("bob", "e2", 1, 8),
)
STANDS = [("ann", "e1", 0, 3), ("bob", "e1", 1, 9), ("bob", "e2", 1, 8)]


def milestones(offset: int, *reported: Reported) -> Changes:
    frame = pl.DataFrame(
        {
            "event_time": pl.Series(
                [(AT + timedelta(hours=hours)).replace(tzinfo=None) for _, _, hours, _ in reported],
                dtype=pl.Datetime("ms"),
            ),
            "event_id": [event for _, event, _, _ in reported],
            "student_id": [student for student, _, _, _ in reported],
            "kind": ["quiz_submit"] * len(reported),
            "place": [place for *_, place in reported],
        }
    )
    return replace(PLAIN, offsets={"t": offset}, rows={"milestones": frame})


def stands(database: str) -> list[tuple[str, str, int, int]]:
    found = rows(database, "SELECT student_id, event_id, event_time, place FROM milestones ORDER BY 1, 2, 3")
    return [(student, event, (at - AT) // timedelta(hours=1), place) for student, event, at, place in found]


def test_in_any_order_and_any_transactions_the_lowest_place_is_left(database: str) -> None:
    claim_task(database, FLOW, 0)
    here: Writer = writer(database)
    offset = itertools.count(2)
    for seed in range(12):
        rng = random.Random(seed)
        reported = [*REPORTED, *rng.choices(REPORTED, k=4)]
        rng.shuffle(reported)
        while reported:
            size = rng.randrange(1, 5)
            write(here, milestones(next(offset), *reported[:size]))
            reported = reported[size:]
        assert stands(database) == STANDS, seed
        if seed % 3 == 0:
            # a row that went with its chunk, or was never there, leaves the fact known
            continue
        rows(database, "DELETE FROM milestones RETURNING 1")
        rows(database, "DELETE FROM milestone_places RETURNING 1")


def test_a_fact_whose_row_is_gone_does_not_come_again_under_another_time(database: str) -> None:
    claim_task(database, FLOW, 0)
    here = writer(database)
    write(here, milestones(2, ("ann", "e1", 0, 3)))
    rows(database, "DELETE FROM milestones RETURNING 1")
    write(here, milestones(3, ("ann", "e1", 26, 7)))
    assert stands(database) == []
