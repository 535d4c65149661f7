"""A backtest counts late events from the night on in which `classpulse nightly` added them, as the live tables do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from alerting.backtest.run import Backtest, Span
from alerting.backtest.scratch import prepare
from alerting.backtest.source import opened, span_of
from alerting.limits import Limits
from bench.alerts.run import put
from bench.alerts.school import Store
from dataflows.rebuild.nightly import add_late
from dataflows.settings import Settings
from local.postgres import Postgres
from tests.alerting.backtest.lesson_log import SETTINGS, Click, roster
from tests.alerting.lessons import BY_NAME
from tests.databases import bring_up, new_database
from tests.dataflows.content.spiteful import HOUR, START, spiteful_log
from tests.dataflows.rebuild.test_nightly import DAY_MS, FLOWS, begin_views, night, send_log, settings_of, tick
from tests.e2e.harness import stack
from tests.e2e.tables import dump

READING = '{"chapter_id": "ch1", "course_id": "math"}'


@pytest.fixture
def scratch(postgres_server: Postgres) -> Iterator[str]:
    with new_database(postgres_server) as url:
        yield url


def moment(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{day:02d}T{clock}:00+00:00")


def reading(student: str, begin: datetime, minutes: int, came: datetime | None = None) -> list[Click]:
    """Returns a page view a minute; the device was offline where a time is given at which all of them came."""
    return [Click(begin + timedelta(minutes=n), student, "page_view", came, READING) for n in range(minutes + 1)]


def archived(url: str, reported: list[Click], until: datetime) -> None:
    """Makes a database that has archived clicks, and whose content flow has come as far."""
    bring_up(url, SETTINGS)
    archive = Store(url, SETTINGS)
    archive.take((one.sent() for one in sorted(reported, key=lambda one: one.arrival)), round(until.timestamp() * 1000))
    archive.close()
    put(url, roster(reported, {}))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO task_progress (flow, task, generation, cluster_id, topic_ids, offsets, watermarks)"
            " SELECT 'content', task, 1, '', '{}', offsets, watermarks FROM task_progress WHERE flow = 'archive'"
        )


def test_a_rule_calls_after_the_night_that_added_the_students_who_were_offline(postgres_url: str, scratch: str) -> None:
    reported = [click for n in range(12) for click in reading(f"7C-{n}", moment(2, "10:00"), 5)]
    reported += [click for n in range(6) for click in reading(f"7B-{n}", moment(10, "10:00"), 20)]
    reported += [
        click for n in range(6, 12) for click in reading(f"7B-{n}", moment(10, "10:00"), 20, moment(11, "10:00"))
    ]
    archived(postgres_url, reported, moment(13, "20:00"))
    settings = Settings(database_url=SecretStr(postgres_url), _env_file=None)
    [report] = list(add_late(settings, lambda _flow, _day: None))
    assert (report.flow, report.day, report.added, report.waits) == ("content", date(2026, 3, 10), 6 * 21, "")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE late_days SET added_at = %s", (moment(12, "04:30"),))

    prepare(scratch, SETTINGS)
    with Backtest([BY_NAME["chapter_time"]], Limits(_env_file=None), scratch, SETTINGS) as test:
        with opened(postgres_url, test.reads) as source:
            [outcome] = test.run(source, Span(moment(2, "09:00"), moment(13, "20:00"), "wall"))
    assert [(call.ids, call.since, call.until) for call in outcome.calls] == [(("7B",), moment(12, "05:00"), None)]
    # the last page counts for five minutes, since nothing says when it was left
    assert outcome.calls[0].words["which"] == "*ch1* (25 min, usual 10)"

    live, played = (dump(url, "chapter_visit_facts") for url in (postgres_url, scratch))
    offline = {f"7B-{n}" for n in range(6, 12)}
    assert {row["student_id"] for row in live.values()} == offline
    assert live == {key: row for key, row in played.items() if row["student_id"] in offline}


@pytest.mark.long
def test_what_a_backtest_has_written_in_the_end_is_what_the_live_tables_hold_after_nights(
    kafka: str, postgres_url: str, scratch: str, topic_prefix: str, tmp_path: Path
) -> None:
    rules = [
        replace(BY_NAME[name], every_s=43_200)
        for name in ("active_students_drop", "absent_at_minute_10", "video_engagement", "chapter_time")
    ]
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as here:
        tick(here, START - DAY_MS)
        begin_views(here)
        for seed in (3, 4):
            send_log(here, spiteful_log(seed, size=150, partitions=4, students=4, long=0.02))
            here.catch_up(*FLOWS)
            tick(here, START + (200 + seed) * HOUR)
            here.catch_up(*FLOWS)
            assert not [report for report in night(here) if report.waits]
        prepare(scratch, SETTINGS)
        settings = settings_of(here)
        with Backtest(rules, Limits(_env_file=None), scratch, settings) as test:
            with opened(postgres_url, test.reads) as source:
                span, _whole = span_of(source, test.topics, None, None, "data")
                test.run(source, span)
        for table in ("activity_windows", "sessions_closed", "video_views", "chapter_visit_facts"):
            assert dump(scratch, table) == dump(postgres_url, table), table
