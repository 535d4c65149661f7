"""`classpulse rebuild memory`: where nothing was changed nothing changes; another model holds for the whole past."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.harness import stack
from tests.e2e.learners import DAY, lessons, publish
from tests.e2e.remembering import assert_recommended, assert_remembers, expected_of, recommended, tick

MODELS = [
    pytest.param({"CLASSPULSE_MEMORY_MODEL": "fsrs"}, {"model": "fsrs"}, id="everywhere"),
    pytest.param(
        {"CLASSPULSE_MEMORY_MODELS_BY_DOMAIN": '{"maths": "fsrs"}'},
        {"models_by_domain": {"maths": "fsrs"}},
        id="in one domain",
        marks=pytest.mark.soak,
    ),
]


@pytest.mark.parametrize(("settings", "rules"), MODELS)
def test_another_model_is_a_rebuild_and_the_worker_goes_on_with_it(
    kafka: str,
    timescale_url: str,
    topic_prefix: str,
    tmp_path: Path,
    settings: dict[str, str],
    rules: dict[str, object],
) -> None:
    log = lessons(4_000)
    half = len(log) // 2
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        tick(here)
        publish(kafka, here.prefix, log[:half])
        tick(here, log[half].arrives_ms + DAY)
        here.catch_up("memory")
        first = expected_of(here)
        assert_remembers(here, first)
        assert_recommended(here, first)

        assert_changes_nothing(here.command("rebuild", "memory", "--dry-run"))
        published = sum(recommended(here).times.values())
        here.settings |= settings
        here.command("rebuild", "memory")
        assert_remembers(here, expected_of(here, **rules))
        assert sum(recommended(here).times.values()) == published, "a rebuild publishes nothing"
        assert_changes_nothing(here.command("rebuild", "memory", "--dry-run"))

        publish(kafka, here.prefix, log[half:])
        tick(here, log[-1].arrives_ms + 20 * DAY)
        here.catch_up("memory", workers=2)
        assert_remembers(here, expected_of(here, **rules))


def assert_changes_nothing(output: str) -> None:
    """Reads the table that `rebuild` prints: table, same, changed, added, removed, kept."""
    counts = re.findall(r"(\w+) +│ ([\d,]+) +│ (\d+) +│ (\d+) +│ (\d+) +│", output)
    assert {name for name, *_ in counts} >= {"memory_reviews", "memory_state", "revision_signal_facts"}, output
    assert all((changed, added, removed) == ("0", "0", "0") for _, _, changed, added, removed in counts), output
    assert all(same != "0" for name, same, *_ in counts if name == "memory_state"), output
