"""What the database no longer holds comes from the lake: a rebuild after years is what was live, to the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dataflows.flows import named, pasts
from dataflows.lake.compact import compact
from dataflows.lake.store import Store
from dataflows.rebuild.kept_events import kept
from dataflows.rebuild.shadow import Report
from tests.dataflows.content.spiteful import CLICKS, HOUR, START, VIEWS, spiteful_log
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import Message, log_of, publish

RAN = (*pasts(), "archive", "lake")
OF_STUDENTS = ("student_days", "engagement_scores", "sessions_closed", "chapter_visit_facts")
Rows = list[tuple[Any, ...]]


def rows_of(here: Stack) -> dict[str, Rows]:
    """Returns the rows of all tables that a rebuild makes, but when they were written."""
    query = "SELECT (to_jsonb(t) - 'updated_at')::text FROM {} t ORDER BY 1"
    with psycopg.connect(here.database) as connection:
        return {
            table: connection.execute(sql.SQL(query).format(sql.Identifier(table))).fetchall()
            for past in pasts().values()
            for table in past.tables
        }


def rebuild_all(here: Stack, *, dry_run: bool = False) -> dict[str, Report]:
    settings = here.own_settings
    return {flow: named(flow).rebuilder()(settings, lambda _done, _total: None, dry_run=dry_run) for flow in pasts()}


def run(here: Stack, *statements: str) -> None:
    with psycopg.connect(here.database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def compact_all(here: Stack) -> None:
    settings = here.own_settings
    with psycopg.connect(here.database, autocommit=True) as connection:
        compact(connection, Store(settings), settings, upto=connection.execute("SELECT now()").fetchone()[0])  # type: ignore[index]


def live(here: Stack) -> None:
    """Two days of school and two spiteful logs, read in three goes, half compacted; a night has added late events."""
    topics = (here.topic(CLICKS), here.topic(VIEWS))
    for topic in topics:
        close(here.kafka, topic, START - HOUR)
    publish(here.kafka, here.topic(), log_of(students=12, minutes=40))
    here.catch_up(*RAN)
    for seed in (3, 4):
        log = spiteful_log(seed, size=200, partitions=4, students=4, long=0.02)
        for topic, name in zip(topics, (CLICKS, VIEWS), strict=True):
            mine = [Message(r.append_ms, b"k%d" % r.partition, r.value) for r in log if r.topic == name and r.value]
            publish(here.kafka, topic, mine)
        if seed == 4:
            for topic in topics:
                close(here.kafka, topic, START + 200 * HOUR)
        here.catch_up(*RAN)
        if seed == 3:
            compact_all(here)
    here.command("nightly")


def change_all(here: Stack) -> None:
    """Empties or changes the tables: a rebuild has something to do."""
    run(
        here,
        "DELETE FROM student_days",
        "DELETE FROM sessions_closed WHERE task % 2 = 0",
        "UPDATE activity_windows SET events = events + 1",
        "DELETE FROM student_state",
        "DELETE FROM page_days",
        "DELETE FROM chapter_visit_facts WHERE source = 'clickstream'",
    )


@pytest.mark.timeout(300)
def test_what_retention_has_dropped_comes_from_the_lake_and_all_of_it_may(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    keys = dict.fromkeys(("CLASSPULSE_ERASURE_KEY", "CLASSPULSE_RECEIPT_KEY"), "of-this-test-alone-0123456789")
    with stack(
        kafka, timescale_url, topic_prefix, tmp_path, CLASSPULSE_LAKE_URL=str(tmp_path / "lake"), **keys
    ) as here:
        live(here)
        before = rows_of(here)
        assert min(len(before[table]) for table in before if table not in {"sessions_open", "stuck_episodes"}) > 5
        run(here, "SELECT drop_chunks('events', older_than => '2024-03-03'::timestamptz)")
        with psycopg.connect(here.database, autocommit=True) as connection:
            added = connection.execute("SELECT flow FROM late_days WHERE added > 0 GROUP BY 1 ORDER BY 1").fetchall()
            assert added == [("content",), ("engagement",)]
            left = connection.execute("SELECT count(*) FROM events").fetchone()
            topics = [here.topic(CLICKS), here.topic(VIEWS)]
            with kept(connection, here.own_settings, topics) as past:
                assert 0 < left[0] < past.count([0, 1, 2, 3]) // 2  # type: ignore[index]
        change_all(here)
        assert rows_of(here) != before
        assert {report.covers_from for report in rebuild_all(here).values()} == {None}
        assert rows_of(here) == before, "after 90 days"

        # The archive is gone altogether, and so are the topics' records: places are those of the lake.
        run(here, "TRUNCATE events", "DELETE FROM task_progress WHERE flow = 'archive'")
        change_all(here)
        compact_all(here)
        rebuild_all(here)
        assert rows_of(here) == before, "from the lake alone"

        # Who is erased now is known to the lake alone, and comes back from nowhere.
        assert "s003" in str(before["student_days"])
        here.command("student", "erase", "s003")
        rebuild_all(here)
        after = rows_of(here)
        assert "s003" not in str(after)
        others = {table: [row for row in before[table] if "s003" not in row[0]] for table in OF_STUDENTS}
        assert {table: after[table] for table in OF_STUDENTS} == others
