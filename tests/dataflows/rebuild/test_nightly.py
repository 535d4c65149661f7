"""The nightly run adds late events to settled days; live is rebuilt with them, whatever workers do meanwhile."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from dataflows.claim import RefusedError
from dataflows.flows import named
from dataflows.rebuild.nightly import DayReport, add_late
from dataflows.rebuild.shadow import Report, alone
from dataflows.settings import Settings
from tests.dataflows.content.spiteful import CLICKS, HOUR, START, VIEWS, click, spiteful_log
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import Message, publish
from tests.e2e.studying import records_of
from tests.e2e.tables import CONTENT, ENGAGEMENT, differences, dump
from tests.oracle.content import ContentRules
from tests.oracle.content import expect as expect_content
from tests.oracle.engagement import Rules
from tests.oracle.engagement import expect as expect_engagement
from tests.oracle.nights import late_days_of
from tests.oracle.reading import Record

DAY = date(2024, 3, 1)
MINUTE, DAY_MS = 60_000, 24 * HOUR
FLOWS = ("engagement", "content", "archive")


def settings_of(here: Stack) -> Settings:
    return Settings(
        database_url=SecretStr(here.database),
        kafka_bootstrap_servers=here.kafka,
        topic_prefix=here.prefix,
        _env_file=None,
    )


def night(here: Stack, *, dry_run: bool = False, days: list[date] | None = None) -> list[DayReport]:
    return list(add_late(settings_of(here), lambda _flow, _day: None, days=days, dry_run=dry_run))


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    found = {t.table: (t.changed, t.added, t.removed) for t in report.tables}
    return {table: counts for table, counts in found.items() if any(counts)}


def assert_live_is_rebuilt(here: Stack) -> None:
    for rebuild in (named("engagement").rebuilder(), named("content").rebuilder()):
        assert differing(rebuild(settings_of(here), lambda _done, _total: None, dry_run=True)) == {}


def fetch(here: Stack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(here.database, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def send(here: Stack, *values: bytes) -> None:
    publish(here.kafka, here.topic(), [Message(0, b"k", value) for value in values])


def send_log(here: Stack, log: list[Record]) -> None:
    for topic in (CLICKS, VIEWS):
        mine = [Message(r.append_ms, b"k%d" % r.partition, r.value) for r in log if r.topic == topic and r.value]
        publish(here.kafka, here.topic(topic), mine)


def begin_views(here: Stack) -> None:
    """Sends each task a first view: until there is one, marks are not kept for the hours that a view may last."""
    view = {"chapter_id": "ch0", "start_time": START - DAY_MS, "end_time": START - DAY_MS}
    values = [json.dumps(view | {"student_id": f"first{n}", "event_id": f"{n:032x}"}).encode() for n in range(40)]
    publish(here.kafka, here.topic(VIEWS), [Message(0, b"k%d" % n, value) for n, value in enumerate(values)])


def tick(here: Stack, at_ms: int) -> None:
    for topic in (CLICKS, VIEWS):
        close(here.kafka, here.topic(topic), at_ms)


@pytest.mark.long
def test_a_late_event_joins_its_session_and_its_day_once_they_are_settled_and_a_rebuild_keeps_it(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        tick(here, START - HOUR)
        send(here, *(click("p1_ada", "page_view", START + minute * MINUTE) for minute in (0, 20, 60)))
        tick(here, START + 4 * HOUR)
        send(here, click("p1_ada", "scroll", START + 40 * MINUTE))
        here.catch_up(*FLOWS)
        waiting = night(here)
        assert [(one.flow, one.day, one.added) for one in waiting] == [("engagement", DAY, 1), ("content", DAY, 1)]
        assert all("not settled before" in one.waits and not one.tables for one in waiting)
        assert fetch(here, "SELECT * FROM late_days") == []

        tick(here, START + 90 * HOUR)
        here.catch_up(*FLOWS)
        sessions = "SELECT duration_seconds, events FROM sessions_closed ORDER BY session_start"
        assert fetch(here, sessions) == [(1200.0, 2), (0.0, 1)]
        assert [one.added for one in night(here, dry_run=True)] == [1, 1]
        assert fetch(here, sessions) == [(1200.0, 2), (0.0, 1)]

        assert "added" in here.command("nightly")
        assert fetch(here, sessions) == [(3600.0, 4)]
        assert fetch(here, "SELECT interactions FROM student_click_days") == [(4,)]
        assert fetch(here, "SELECT interactions, minutes_active FROM student_days") == [(4, 4)]
        windows = "SELECT sum(events) FROM activity_windows WHERE scope = 'all'"
        assert fetch(here, windows) == [(4,)]
        assert fetch(here, "SELECT flow, day, added FROM late_days ORDER BY flow") == [
            ("content", DAY, 1),
            ("engagement", DAY, 1),
        ]
        assert night(here) == []
        assert "no late events to add" in here.command("nightly")

        assert_live_is_rebuilt(here)
        for rebuild in (named("engagement").rebuilder(), named("content").rebuilder()):
            rebuild(settings_of(here), lambda _done, _total: None)
        assert fetch(here, sessions) == [(3600.0, 4)]
        assert fetch(here, windows) == [(4,)]


@pytest.mark.long
def test_over_nights_of_a_spiteful_log_tables_are_what_the_oracle_says_and_what_a_rebuild_makes(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        tick(here, START - DAY_MS)
        begin_views(here)
        added = 0
        for seed in (3, 4, 5):  # most of the later ones are late; each night adds those of one
            send_log(here, spiteful_log(seed, size=250, partitions=4, students=4, long=0.02))
            here.catch_up(*FLOWS)
            tick(here, START + (200 + seed) * HOUR)
            here.catch_up(*FLOWS)
            reports = night(here)
            assert all(not report.waits for report in reports), reports
            added += sum(report.added for report in reports)
            assert_as_reported(here)
        assert added > 300
        assert_live_is_rebuilt(here)


def assert_as_reported(here: Stack) -> None:
    records = records_of(here)
    clicks = [record for record in records if record.topic == here.topic()]
    engagement = expect_engagement(clicks, Rules(late_days=late_days_of(here.database, "engagement")))
    content = expect_content(records, ContentRules(here.prefix, late_days=late_days_of(here.database, "content")))
    said = [
        differences(getattr(expected, table), dump(here.database, table), table)
        for expected, tables in (
            (engagement, ENGAGEMENT),
            (content, CONTENT),
        )
        for table in tables
    ]
    text = "\n".join(filter(None, said))
    assert not text, f"\n{text}"


def test_state_that_is_older_than_what_was_added_is_refused_and_goes_on_after_a_rebuild(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        tick(here, START - HOUR)
        send(here, *(click("p1_ada", "page_view", START + minute * MINUTE) for minute in (0, 20, 60)))
        here.catch_up(*FLOWS)
        shutil.copytree(here.recovery, here.folder / "old")
        tick(here, START + 90 * HOUR)
        send(here, click("p1_ada", "scroll", START + 40 * MINUTE))
        here.catch_up(*FLOWS)
        assert [one.added for one in night(here)] == [1, 1]
        added = dump(here.database, "sessions_closed")

        shutil.rmtree(here.recovery)
        shutil.copytree(here.folder / "old", here.recovery)
        send(here, click("p1_ada", "page_view", START + 90 * HOUR))
        for flow in ("engagement", "content"):
            worker = here.start("run", flow, "--until-caught-up")
            assert worker.wait() == 3
            assert f"rebuild {flow}" in worker.output
            assert "late events" in worker.output
        assert dump(here.database, "sessions_closed") == added

        here.catch_up("archive")
        for flow in ("engagement", "content"):
            here.command("rebuild", flow)
            here.catch_up(flow)
        assert dump(here.database, "sessions_closed") == added
        assert_live_is_rebuilt(here)


@pytest.mark.long
def test_a_view_tells_how_many_late_events_wait_and_for_which_days(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    waiting = "SELECT flow, day, events FROM late_waiting ORDER BY 1, 2"

    def planned(here: Stack) -> list[tuple[Any, ...]]:
        return sorted((one.flow, one.day, one.added) for one in night(here, dry_run=True))

    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        tick(here, START - HOUR)
        for seed, hours in ((3, 150), (4, 151)):
            log = spiteful_log(seed, size=250, partitions=4, students=4, long=0.05)
            send_log(here, [record for record in log if record.topic == CLICKS])
            here.catch_up(*FLOWS)
            tick(here, START + hours * HOUR)
            here.catch_up(*FLOWS)
            assert planned(here)
            assert fetch(here, waiting) == planned(here)
            here.command("nightly", "--day", f"{DAY}")
            assert {day for _flow, day, _events in fetch(here, waiting)} == {
                day for _flow, day, _added in planned(here)
            }
            here.command("nightly")
            assert fetch(here, waiting) == []

        # at 14:00 a student of this morning, and of yesterday: the one has to wait, the other is added
        today = START + 147 * HOUR
        send(here, click("p1_ada", "scroll", today), click("p1_ada", "scroll", today - DAY_MS))
        here.catch_up(*FLOWS)
        settled = "SELECT flow, day, events, settled_at IS NULL, came_at IS NULL FROM late_waiting ORDER BY 1, 2"
        assert len(fetch(here, waiting)) == 4
        assert all(row[3:] == (True, False) for row in fetch(here, settled))
        here.command("nightly")
        left = [(flow, date(2024, 3, 7), 1, False, True) for flow in ("content", "engagement")]
        assert fetch(here, settled) == left
        assert fetch(here, "SELECT waiting_days FROM last_night") == [(1,)]
        send(here, click("p1_bob", "scroll", today))
        here.catch_up(*FLOWS)
        assert [row[:3] for row in fetch(here, settled)] == [(flow, day, 2) for flow, day, *_ in left]
        tick(here, START + 180 * HOUR)
        here.catch_up(*FLOWS)
        here.command("nightly")
        assert fetch(here, waiting) == []


def test_a_view_tells_of_events_that_are_late_by_what_was_settled_when_their_topic_began(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    waiting = "SELECT flow, day, events FROM late_waiting ORDER BY 1, 2"
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        close(here.kafka, here.topic(), START - HOUR)
        send(here, click("p1_ada", "page_view", START))
        close(here.kafka, here.topic(), START + 90 * HOUR)
        here.catch_up(*FLOWS)
        span = {"start_time": START + HOUR, "end_time": START + HOUR + MINUTE}
        view = json.dumps(span | {"chapter_id": "ch0", "student_id": "p1_ada", "event_id": f"{1:032x}"}).encode()
        publish(here.kafka, here.topic(VIEWS), [Message(0, b"k", view)])
        here.catch_up(*FLOWS)
        assert fetch(here, "SELECT watermark_before FROM events WHERE chapter_id = 'ch0'") == [(None,)]
        assert fetch(here, waiting) == [("content", DAY, 1)]
        tick(here, START + 120 * HOUR)
        here.catch_up(*FLOWS)
        assert fetch(here, waiting) == [("content", DAY, 1)]
        assert [(one.flow, one.day, one.added, one.waits) for one in night(here)] == [("content", DAY, 1, "")]
        assert fetch(here, waiting) == []


def test_beside_a_rebuild_it_refuses(kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here, psycopg.connect(postgres_url) as other:
        alone(other)
        with pytest.raises(RefusedError, match="at work"):
            night(here)


def test_a_rebuild_does_not_write_again_what_a_night_has_rolled_up(
    kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        tick(here, START - HOUR)
        for day in (0, 1, 2, 6, 7):
            send(here, *(click("p1_ada", "page_view", START + day * DAY_MS + n * MINUTE) for n in (0, 20, 60)))
        tick(here, START + 9 * DAY_MS)
        here.catch_up(*FLOWS)
        by_day = "SELECT bucket, events, student_minutes FROM activity_by_day WHERE scope = 'all' ORDER BY 1"
        before = fetch(here, by_day)
        assert [events for _day, events, _minutes in before] == [3, 3, 3, 3, 3]

        here.command("nightly")
        with psycopg.connect(here.database, autocommit=True) as connection:
            connection.execute(
                "UPDATE days_seen SET seen_at = now() - interval '401 days'"
                " WHERE table_name IN ('activity_windows', 'engagement_scores') AND day < '2024-03-03'"
            )
        assert "activity_windows" in here.command("nightly")
        windows = "SELECT min(window_start)::date, sum(events) FROM activity_windows WHERE scope = 'all'"
        assert fetch(here, windows) == [(date(2024, 3, 3), 9)]
        assert fetch(here, by_day) == before

        here.command("rebuild", "engagement")
        assert fetch(here, windows) == [(date(2024, 3, 3), 9)]
        assert fetch(here, by_day) == before
