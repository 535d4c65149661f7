"""A task that has seen more students than fit into 20 bits, or 21, tells them apart as it did the first."""

from __future__ import annotations

from typing import Any

import pytest

from dataflows.batch import Records, TaskBatch
from dataflows.content import flow as content
from dataflows.engagement import flow as engagement
from dataflows.settings import Settings
from tests.dataflows.content.inprocess import Database, Rows
from tests.dataflows.test_topics_in_turns import clicks_and_views, clicks_twice
from tests.e2e.tables import CONTENT, ENGAGEMENT, differences
from tests.oracle.reading import Record


def run(flow: Any, tables: tuple[str, ...], log: list[Record], seen: int) -> dict[str, Rows]:
    """Returns the rows of a task that has seen so many students before."""
    settings, database = Settings(_env_file=None), Database(tables={name: {} for name in tables})
    made = {step: make(0) for step, make in flow.steps(settings).items()}
    made["encode"].restore([f"{n}" for n in range(seen)])
    for start in range(0, len(log), 40):
        piece = log[start : start + 40]
        batch = TaskBatch(0, 1, {}, [], {}, True, {}, "", 0)
        for record in piece:
            value = None if record.tick is not None else record.value
            one = ([record.offset], [record.append_ms], [record.key], [value], [record.tick])
            batch.records.append(Records(record.topic, 0, *one))
        item = flow.decode(batch, settings)
        for operator in made.values():
            item = operator.process(item)
        for changes in flow.gather(item):
            database.write(changes)
    return database.tables


@pytest.mark.parametrize("edge", [20, 21])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))])
@pytest.mark.parametrize(
    ("flow", "tables", "logs"),
    [(engagement, ENGAGEMENT, clicks_twice), (content, CONTENT, clicks_and_views)],
    ids=["engagement", "content"],
)
def test_students_beyond_the_edge_are_told_apart(flow: Any, tables: Any, logs: Any, edge: int, seed: int) -> None:
    """The first students of the log get the last codes below the edge, the others those above it."""
    log = [record for one in logs(seed).values() for record in one]
    few = run(flow, tuple(tables), log, 0)
    many = run(flow, tuple(tables), log, (1 << edge) - 1)
    assert all(few[name] for name in tables if name in {"student_days", "student_click_days"})
    said = [differences(few[name], many[name], name) for name in tables]
    assert not any(said), "\n".join(filter(None, said))
