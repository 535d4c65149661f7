"""The content flow rebuilt is the content flow as it was; a day may be made again with what came late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from dataflows.claim import RefusedError
from dataflows.flows import named
from dataflows.rebuild.content import TIMES
from dataflows.rebuild.shadow import Report
from dataflows.settings import Settings
from tests.dataflows.content.spiteful import CLICKS, HOUR, START, VIEWS, spiteful_log
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import Message, publish
from tests.oracle.reading import Record


def settings_of(here: Stack) -> Settings:
    return Settings(
        database_url=SecretStr(here.database),
        kafka_bootstrap_servers=here.kafka,
        topic_prefix=here.prefix,
        _env_file=None,
    )


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    found = {t.table: (t.changed, t.added, t.removed) for t in report.tables}
    return {table: counts for table, counts in found.items() if any(counts)}


def rebuilt(here: Stack, *, dry_run: bool = False) -> Report:
    return named("content").rebuilder()(settings_of(here), lambda _done, _total: None, dry_run=dry_run)


def fetch(here: Stack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(here.database, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def send(here: Stack, log: list[Record]) -> None:
    for topic in (CLICKS, VIEWS):
        mine = [Message(r.append_ms, b"k%d" % r.partition, r.value) for r in log if r.topic == topic and r.value]
        publish(here.kafka, here.topic(topic), mine)


def begin(here: Stack) -> None:
    """Begins both topics: what a topic's very first records meet depends on how far the others have come."""
    for topic in (CLICKS, VIEWS):
        close(here.kafka, here.topic(topic), START - HOUR)


@pytest.fixture
def here(request: pytest.FixtureRequest, kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stack]:
    """Two spiteful logs, read by the flow in two goes; most of the second is late."""
    database = request.getfixturevalue(getattr(request, "param", "postgres_url"))
    with stack(kafka, database, topic_prefix, tmp_path) as made:
        begin(made)
        for seed in (3, 4):
            send(made, spiteful_log(seed, size=300, partitions=4, students=4, long=0.02))
            made.catch_up("content", "archive")
        yield made


@pytest.mark.parametrize("here", ["timescale_url", pytest.param("postgres_url", marks=pytest.mark.soak)], indirect=True)
def test_a_dry_run_over_a_spiteful_log_finds_no_difference(here: Stack) -> None:
    said = here.command("rebuild", "content", "--dry-run")
    assert "holds from the beginning of the log" in said
    report = rebuilt(here, dry_run=True)
    assert differing(report) == {}
    assert {t.table for t in report.tables if t.same} >= set(TIMES) - {"sessions_open"}


def test_rows_changed_by_hand_are_repaired_and_a_worker_goes_on(here: Stack) -> None:
    with psycopg.connect(here.database, autocommit=True) as connection:
        connection.execute("UPDATE sessions_closed SET events = events + 1")
        connection.execute("DELETE FROM chapter_visit_facts WHERE source = 'view'")
        connection.execute("DELETE FROM video_views")
    found = differing(rebuilt(here))
    assert set(found) == {"sessions_closed", "chapter_visit_facts", "video_views"}
    assert differing(rebuilt(here, dry_run=True)) == {}
    for topic in (CLICKS, VIEWS):
        close(here.kafka, here.topic(topic), START + 200 * HOUR)
    here.catch_up("content", "archive")
    assert differing(rebuilt(here, dry_run=True)) == {}
    assert fetch(here, "SELECT count(*) FROM sessions_open") == [(0,)]


def test_a_rebuild_replaces_nothing_where_a_worker_has_started_meanwhile(here: Stack) -> None:
    started: list[bool] = []

    def meanwhile(_done: int, _total: int) -> None:
        if not started:
            started.append(True)
            send(here, spiteful_log(5, size=300, partitions=4, students=4, long=0.02))
            here.catch_up("content")

    with pytest.raises(RefusedError, match="started meanwhile.*stop the workers"):
        named("content").rebuilder()(settings_of(here), meanwhile)
    here.catch_up("archive")
    assert differing(rebuilt(here, dry_run=True)) == {}
