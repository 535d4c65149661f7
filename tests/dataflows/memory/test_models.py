"""Another model: a snapshot that was made under the old one is folded anew."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from dataflows.memory import flow as memory
from dataflows.operators import builder
from dataflows.settings import Settings
from tests.dataflows.memory.telling import DAY, START, Logs, append, quiz, run
from tests.oracle.memory_task import MemoryRun, _records

OTHERS: tuple[dict[str, Any], ...] = (
    {"memory_model": "fsrs"},
    {"memory_models_by_domain": {"maths": "fsrs", "dsa": "average"}},
)


def history(days: int) -> Logs:
    rng = random.Random(9)
    logs: Logs = {}
    for day in range(days):
        value = quiz(START + day * DAY, rng.choice((40, 75, 95)), rng.choice("ab"), domain=rng.choice(("dsa", "maths")))
        append(logs, value, START + day * DAY)
    append(logs, None, START + days * DAY, START + days * DAY)
    return logs


@pytest.mark.parametrize("other", OTHERS)
def test_a_worker_that_wakes_under_another_model_writes_all_as_if_it_had_always_been_so(other: dict[str, Any]) -> None:
    logs, now = history(60), Settings(_env_file=None, **other)
    before = run(logs)
    always = run(logs, settings=now)
    assert before.tables["memory_state"] != always.tables["memory_state"]
    woken = MemoryRun(logs, now, tables=before.tables, committed=before.committed)
    woken.task = 0
    operators = builder.pipeline(memory, 0, Settings(_env_file=None))
    _read_all(operators, logs, Settings(_env_file=None), woken)
    operators = _restored(operators, now)
    woken._step(operators, [], {topic: len(log) for topic, log in logs.items()}, {}, flush=True, dies=False)
    assert woken.tables == always.tables
    assert not woken.published


def _read_all(operators: list[Any], logs: Logs, settings: Settings, done: MemoryRun) -> None:
    """Takes the whole log and lets its rows go."""
    other = MemoryRun(logs, settings)
    other.task = 0
    for topic, log in logs.items():
        other._step(operators, [_records(log)], {topic: len(log)}, {}, flush=True, dies=False)
    done.committed = other.committed


def _restored(operators: list[Any], settings: Settings) -> list[Any]:
    fresh: list[Any] = builder.pipeline(memory, 0, settings)
    for operator, old in zip(fresh, operators, strict=True):
        operator.restore(pickle.loads(pickle.dumps(old.state())))
    return fresh
