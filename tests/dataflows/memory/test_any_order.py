"""The tables are a function of the set of facts: order, repeats, batches and restarts change nothing.

No two facts share an instant here: of those the log's order tells which comes first.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.memory.recommend import recommendation_ids
from dataflows.settings import Settings
from tests.dataflows.memory.telling import DAY, HOUR, START, Logs, log_of, quiz, run
from tests.oracle.memory import Rows
from tests.oracle.memory_task import MemoryRun

_quizzes = st.lists(
    st.builds(
        quiz,
        st.integers(0, 40 * 24).map(lambda hour: START + hour * HOUR),
        st.sampled_from((0, 40, 69.5, 70, 85, 100)),
        st.sampled_from(("ann", "bob")),
        st.sampled_from(("m1", "m2")),
        domain=st.sampled_from(("dsa", "maths", None)),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda value: json.loads(value)["timestamp"],
)
_models = st.sampled_from(
    (
        {},
        {"memory_model": "fsrs"},
        {"memory_model": "average"},
        {"memory_models_by_domain": {"maths": "fsrs", "dsa": "average"}},
    )
)
UNTIL = START + 100 * DAY


def repeated(logs: Logs, rng: random.Random) -> Logs:
    """Returns the quizzes of a log in another order, some of them again, with the tick at the end."""
    (log,) = logs.values()
    values = [record.value for record in log[:-1] if record.value is not None]
    again = values + rng.choices(values, k=len(values) // 2)
    rng.shuffle(again)
    return log_of(*again, until_ms=UNTIL)


def placeless(done: MemoryRun) -> dict[str, Rows]:
    """Returns the tables without where in the log each fact was told."""
    return {
        name: {key: {k: v for k, v in row.items() if k != "place"} for key, row in rows.items()}
        for name, rows in done.tables.items()
    }


def signal_keys(done: MemoryRun) -> list[tuple[str, str, int]]:
    return [(at[0], at[1], at[2]) for at in done.tables["revision_signal_facts"]]


@settings(max_examples=150, deadline=None)
@given(_quizzes, _models, st.integers(0, 1 << 30))
def test_shuffled_repeated_and_split_into_any_batches_they_are_the_same(
    values: list[bytes], model: dict[str, object], seed: int
) -> None:
    given_settings = Settings(timezone="Pacific/Auckland", _env_file=None, **model)  # type: ignore[arg-type]
    logs = log_of(*values, until_ms=UNTIL)
    ordered = run(logs, 0, given_settings, restarts=0)
    other = run(repeated(logs, random.Random(seed)), seed, given_settings, crashes=seed % 3)
    assert placeless(other) == placeless(ordered)
    raised = {recommendation_ids([user], [module], np.array([due]))[0] for user, module, due in signal_keys(other)}
    assert {body["event_id"] for body in other.published} >= raised


def test_of_two_topics_that_tell_one_attempt_otherwise_the_first_of_the_contract_is_believed() -> None:
    logs = log_of(quiz(START, 85), quiz(START + 5 * DAY, 85), until_ms=UNTIL)
    (reported,) = logs.values()
    other = reported[0].value
    assert other is not None
    changed = other.replace(b'"score": 85', b'"score": 40').replace(b'"m1"', b'"m2"')
    diagnostic = "diagnostic_quiz_events"
    logs[diagnostic] = [
        replace(reported[0], topic=diagnostic, value=changed),
        replace(reported[-1], topic=diagnostic, offset=1),
    ]
    for seed in range(30):
        tables = run(logs, seed, crashes=seed % 3).tables
        assert sorted((row["score"], row["module"]) for row in tables["quiz_attempts"].values()) == [
            (40.0, "m2"),
            (85.0, "m1"),
        ]
        assert {at: row["reviews"] for at, row in tables["memory_state"].items()} == {
            ("ann", "m1"): 1,
            ("ann", "m2"): 1,
        }
        assert len(tables["memory_reviews"]) == 2
        assert len(tables["revision_signal_facts"]) == 2
