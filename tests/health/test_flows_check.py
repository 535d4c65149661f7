"""When a flow is wrong: records wait and nobody writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dataflows.eras import ERA
from dataflows.kafka.log import LogFacts
from dataflows.settings import Settings
from health.finding import State
from health.flows import judge, progress, regrown

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
PART = ("clickstream_events", 0)


def row(task: int, offset: int, watermark_ms: int, silent_s: int) -> dict[str, object]:
    return {
        "flow": "engagement",
        "task": task,
        "offsets": {PART[0]: offset},
        "watermarks": {PART[0]: watermark_ms},
        "cluster_id": "here",
        "topic_ids": {PART[0]: "one"},
        "partitions": 4,
        "updated_at": NOW - timedelta(seconds=silent_s),
    }


@pytest.mark.parametrize(
    ("case", "end", "watermark_ms", "silent_s", "state", "words"),
    [
        ("live", 100, NOW_MS - 1000, 1, State.OK, "0 records wait"),
        ("a backlog is being worked off", 5000, NOW_MS - 1000, 1, State.OK, "4,900 records wait"),
        (
            "records wait and nobody writes",
            5000,
            NOW_MS,
            3600,
            State.WRONG,
            "4,900 records wait, nothing written for 60 min",
        ),
        ("everything was read and the workers were stopped", 100, NOW_MS, 3600, State.OK, "0 records wait"),
        ("a replayed log of 2019, caught up", 100, NOW_MS - 10**11, 3600, State.OK, "as of 2022-12-31"),
        ("a quiet partition without ticks", 100, NOW_MS - 600_000, 1, State.NOTE, "as of 2026-03-02 09:50"),
    ],
)
def test_a_flow_is_wrong_only_when_records_wait_and_nobody_writes(
    case: str, end: int, watermark_ms: int, silent_s: int, state: State, words: str
) -> None:
    flow = progress([row(0, 100, watermark_ms, silent_s)])["engagement"]
    found = judge("engagement", flow, {PART: end}, NOW)
    assert found.state is state, case
    assert words in found.detail


def test_records_of_a_log_that_was_begun_anew_wait_as_those_of_any_other() -> None:
    flow = progress([row(0, 2 * ERA + 100, NOW_MS, 1)])["engagement"]
    assert "4,900 records wait" in judge("engagement", flow, {PART: 5000}, NOW).detail


@pytest.mark.parametrize(
    ("cluster", "topic_id", "others"),
    [("here", "one", []), ("here", "another", [PART[0]]), ("elsewhere", "one", [PART[0]])],
)
def test_topics_of_another_cluster_or_made_again_are_others(cluster: str, topic_id: str, others: list[str]) -> None:
    flow = progress([row(0, 100, NOW_MS, 1)])["engagement"]
    assert flow.others(LogFacts([PART[0]], 1, cluster, {PART[0]: topic_id}, [], Settings())) == others


def test_topics_that_have_grown_since_the_flow_wrote_are_wrong() -> None:
    flow = progress([row(0, 100, NOW_MS, 1)])["engagement"]
    assert regrown("engagement", flow, 4) is None
    found = regrown("engagement", flow, 6)
    assert found is not None
    assert (found.state, found.detail) == (
        State.WRONG,
        "the topics had 4 partitions when it wrote last, and have 6",
    )
    assert "CLASSPULSE_TOPIC_PREFIX" in found.advice


def test_a_flow_that_never_ran_is_named_with_the_command_that_starts_it() -> None:
    found = judge("archive", None, {}, NOW)
    assert found.state is State.NOTE
    assert "classpulse run archive" in found.advice


def test_progress_takes_the_lowest_watermark_and_the_newest_commit() -> None:
    flow = progress([row(0, 10, NOW_MS, 50), row(1, 20, NOW_MS - 5, 2)])["engagement"]
    assert flow.watermark_ms == NOW_MS - 5
    assert flow.updated_at == NOW - timedelta(seconds=2)
    assert flow.offsets == {(PART[0], 0): 10, (PART[0], 1): 20}
