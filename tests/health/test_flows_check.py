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


BACKLOG, NONE = {PART: 5000}, {PART: 100}


@pytest.mark.parametrize(
    ("case", "ends", "watermark_ms", "silent_s", "works", "others", "state", "words"),
    [
        ("live", NONE, NOW_MS - 1000, 1, True, True, State.OK, "0 records wait"),
        ("a backlog of a minute", BACKLOG, NOW_MS - 1000, 1, True, True, State.OK, "4,900 records wait"),
        ("catching up after days", BACKLOG, NOW_MS - 10**8, 45, True, True, State.OK, "catching up: as of"),
        ("stuck", BACKLOG, NOW_MS, 300, True, True, State.WRONG, "a worker is there and writes nothing"),
        ("died a second ago with work to do", BACKLOG, NOW_MS, 1, False, False, State.WRONG, "no worker runs: as of"),
        ("died a second ago, others live", NONE, NOW_MS, 1, False, True, State.WRONG, "no worker runs: as of"),
        ("all read, all stopped", NONE, NOW_MS, 3600, False, False, State.NOTE, "0 records wait"),
        ("a log of 2022, caught up", NONE, NOW_MS - 10**11, 3600, False, False, State.NOTE, "as of 2022-12-31"),
        (
            "a quiet partition without ticks",
            NONE,
            NOW_MS - 600_000,
            1,
            True,
            True,
            State.NOTE,
            "as of 2026-03-02 09:50",
        ),
        ("Kafka is away", None, NOW_MS - 1000, 1, True, True, State.OK, "so lag is unknown"),
        (
            "Kafka is away for an hour",
            None,
            NOW_MS - 10**7,
            3600,
            True,
            True,
            State.OK,
            "so lag is unknown",
        ),
    ],
)
def test_a_flow_is_wrong_when_it_ought_to_work_and_nothing_comes_of_it(  # noqa: PLR0913
    case: str,
    ends: dict[tuple[str, int], int] | None,
    watermark_ms: int,
    silent_s: int,
    works: bool,
    others: bool,
    state: State,
    words: str,
) -> None:
    flow = progress([row(0, 100, watermark_ms, silent_s)])["engagement"]
    found = judge("engagement", flow, ends, NOW, works=works, others_work=others)
    assert found.state is state, (case, found)
    assert words in found.detail


def test_records_of_a_log_that_was_begun_anew_wait_as_those_of_any_other() -> None:
    flow = progress([row(0, 2 * ERA + 100, NOW_MS, 1)])["engagement"]
    found = judge("engagement", flow, {PART: 5000}, NOW, works=True, others_work=True)
    assert "4,900 records wait" in found.detail


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
    found = judge("archive", None, {}, NOW, works=False, others_work=False)
    assert found.state is State.NOTE
    assert "classpulse run archive" in found.advice


def test_progress_takes_the_lowest_watermark_and_the_newest_commit() -> None:
    flow = progress([row(0, 10, NOW_MS, 50), row(1, 20, NOW_MS - 5, 2)])["engagement"]
    assert flow.watermark_ms == NOW_MS - 5
    assert flow.updated_at == NOW - timedelta(seconds=2)
    assert flow.offsets == {(PART[0], 0): 10, (PART[0], 1): 20}


def test_the_lake_may_write_nothing_for_as_long_as_it_gathers() -> None:
    flow = progress([row(0, 0, NOW_MS, 300)])["engagement"]
    for patience_s, state in ((120, "wrong"), (420, "ok")):
        found = judge("lake", flow, {PART: 5000}, NOW, works=True, others_work=True, patience_s=patience_s)
        assert found.state == state
