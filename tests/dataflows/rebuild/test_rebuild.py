"""Live equals rebuilt, from the archive and, beyond it, from the topics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from pydantic import SecretStr

from dataflows.claim import RefusedError
from dataflows.flows import named
from dataflows.kafka.log import LogFacts
from dataflows.kafka.topics import admin_client
from dataflows.rebuild.engagement import REBUILT
from dataflows.rebuild.shadow import Report
from dataflows.settings import Settings
from tests.e2e.harness import Stack, stack
from tests.e2e.log import close
from tests.e2e.school import DAY, FRIDAY, MINUTE, Message, log_of, publish
from tests.e2e.tables import dump

Tables = dict[str, object]


def tables(here: Stack) -> Tables:
    return {name: dump(here.database, name) for name in REBUILT}


def rebuilt(here: Stack, *, dry_run: bool = False) -> Report:
    settings = Settings(
        database_url=SecretStr(here.database), kafka_bootstrap_servers=here.kafka, topic_prefix=here.prefix
    )
    return named("engagement").rebuilder()(settings, lambda _done, _total: None, dry_run=dry_run)


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    """Returns the changed, added and removed rows of the tables where there are any."""
    found = {t.table: (t.changed, t.added, t.removed) for t in report.tables}
    return {table: counts for table, counts in found.items() if any(counts)}


def change(here: Stack, *statements: str) -> None:
    with psycopg.connect(here.database, autocommit=True) as connection:
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount > 0, statement


def play(here: Stack, messages: list[Message]) -> None:
    """Publishes messages in four pieces, with a tick after each."""
    for i in range(4):
        piece = messages[len(messages) * i // 4 : len(messages) * (i + 1) // 4]
        publish(here.kafka, here.topic(), piece)
        close(here.kafka, here.topic(), piece[-1].arrives_ms)


@pytest.fixture
def here(request: pytest.FixtureRequest, kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stack]:
    """A small school of two days, with lates, repeats and ticks, as the live flows left it; nothing is final yet."""
    database = request.getfixturevalue(getattr(request, "param", "postgres_url"))
    with stack(kafka, database, topic_prefix, tmp_path) as made:
        play(made, log_of(students=24, minutes=40))
        made.catch_up()
        yield made


@pytest.mark.parametrize("here", ["timescale_url", pytest.param("postgres_url", marks=pytest.mark.soak)], indirect=True)
def test_a_dry_run_over_a_log_with_lates_ticks_and_repeats_finds_no_difference(here: Stack) -> None:
    before = tables(here)
    assert all(before.values())
    said = here.command("rebuild", "--dry-run")
    assert "holds from the beginning of the log" in said
    report = rebuilt(here, dry_run=True)
    assert differing(report) == {}
    assert {t.table: t.same for t in report.tables} == {name: len(dump(here.database, name)) for name in REBUILT}
    assert tables(here) == before


def test_what_the_archive_has_not_read_yet_comes_from_the_topics(here: Stack) -> None:
    later = [Message(m.arrives_ms, m.key, m.value) for m in log_of(students=24, minutes=40, seed=2)][-300:]
    publish(here.kafka, here.topic(), later)
    close(here.kafka, here.topic(), later[-1].arrives_ms + 65 * MINUTE)
    here.catch_up("engagement")
    assert here.offsets("engagement") > here.offsets("archive")
    assert differing(rebuilt(here, dry_run=True)) == {}


@pytest.mark.parametrize("here", ["timescale_url"], indirect=True)
def test_rows_changed_by_hand_are_found_and_repaired(here: Stack) -> None:
    before = tables(here)
    change(
        here,
        "UPDATE activity_windows SET events = events + 1 WHERE scope = 'all' AND task = 0"
        " AND window_start = (SELECT max(window_start) FROM activity_windows WHERE task = 0 AND scope = 'all')",
        "DELETE FROM student_days WHERE student_id = (SELECT min(student_id) FROM student_days)",
        "INSERT INTO engagement_scores SELECT time, 'nobody', class_id, score, recency, intensity, duration, streak"
        " FROM engagement_scores LIMIT 1",
        "UPDATE student_state SET weights = 0 WHERE student_id = (SELECT min(student_id) FROM student_days)",
    )
    assert here.start("rebuild", "--dry-run").wait() == 1
    assert tables(here) != before
    report = rebuilt(here)
    found = differing(report)
    assert found["activity_windows"] == (1, 0, 0)
    assert found["engagement_scores"] == (0, 0, 1)
    assert found["student_state"] == (1, 0, 0)
    assert found["student_days"][0] == found["student_days"][2] == 0 < found["student_days"][1]
    assert tables(here) == before
    assert differing(rebuilt(here, dry_run=True)) == {}


def test_a_worker_goes_on_after_a_rebuild(here: Stack) -> None:
    change(here, "UPDATE activity_windows SET events = 0 WHERE scope = 'all'")
    rebuilt(here)
    last = log_of(students=24, minutes=40)[-1]
    close(here.kafka, here.topic(), last.arrives_ms + 65 * MINUTE)
    here.catch_up()
    assert differing(rebuilt(here, dry_run=True)) == {}


def test_a_snapshot_of_before_does_not_undo_a_rebuild(here: Stack) -> None:
    # The archive told of more than it tells now: what the snapshot counted is too much.
    change(
        here,
        "DELETE FROM events WHERE student_id = 's003'"
        " AND event_time > (SELECT min(event_time) + interval '5 minutes' FROM events)",
    )
    assert differing(rebuilt(here))["student_days"]
    more = [m for m in log_of(students=24, minutes=60) if m.arrives_ms > FRIDAY + 3 * DAY + 40 * MINUTE]
    play(here, more)
    here.catch_up()
    assert differing(rebuilt(here, dry_run=True)) == {}
    play(here, log_of(students=24, minutes=40, seed=5)[-50:])
    here.catch_up()  # now from a snapshot that is newer than the rebuild
    assert differing(rebuilt(here, dry_run=True)) == {}


def test_what_the_archive_has_not_begun_to_read_is_not_lost(here: Stack) -> None:
    before = tables(here)
    change(
        here,
        "UPDATE task_progress SET offsets = '{}', watermarks = '{}' WHERE flow = 'archive' AND task = 1",
        "DELETE FROM events WHERE partition = 1",
    )
    assert differing(rebuilt(here)) == {}
    assert tables(here) == before


def test_a_rebuild_replaces_nothing_where_a_worker_has_started_meanwhile(here: Stack) -> None:
    more = log_of(students=24, minutes=40, seed=2)[-300:]
    started: list[bool] = []

    def meanwhile(_done: int, _total: int) -> None:
        if not started:
            started.append(True)
            publish(here.kafka, here.topic(), more)
            here.catch_up("engagement")

    settings = Settings(
        database_url=SecretStr(here.database), kafka_bootstrap_servers=here.kafka, topic_prefix=here.prefix
    )
    with pytest.raises(RefusedError, match="started meanwhile.*stop the workers"):
        named("engagement").rebuilder()(settings, meanwhile)
    here.catch_up("archive")
    assert differing(rebuilt(here, dry_run=True)) == {}


def test_an_archive_that_lost_its_beginning_keeps_old_rows_and_says_from_when_it_holds(here: Stack) -> None:
    before = tables(here)
    # of every partition, only Friday's last event is kept
    lost = "(SELECT max(event_time) FROM events f WHERE f.partition = e.partition AND event_time < '2024-03-02')"
    monday = datetime.fromtimestamp((FRIDAY + 3 * DAY) / 1000, UTC).date()
    change(
        here,
        f"DELETE FROM events e WHERE event_time < {lost}",
        f"UPDATE activity_windows SET events = events + 1 WHERE scope = 'all' AND window_start >= '{monday}'",
    )
    old = rows_before(here, monday)
    report = rebuilt(here)
    # the first event kept is Friday's: Friday and Saturday are left as they are
    assert report.covers_from == datetime(2024, 3, 3, tzinfo=UTC)
    kept = {t.table: t.kept for t in report.tables}
    assert kept["activity_windows"] > 0
    # a streak reaches back over the days that were lost, so Monday's scores are kept too
    assert kept["engagement_scores"] == len(dump(here.database, "engagement_scores"))
    assert kept["student_state"] == len(dump(here.database, "student_state"))
    assert rows_before(here, monday) == old
    assert differing(report).keys() == {"activity_windows"}
    assert tables(here) == before


def rows_before(here: Stack, day: object) -> int:
    with psycopg.connect(here.database) as connection:
        found = connection.execute("SELECT count(*) FROM activity_windows WHERE window_start < %s", (day,)).fetchone()
    return int(found[0]) if found else 0


def test_an_empty_archive_is_refused(kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path) -> None:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as made:
        with pytest.raises(RefusedError, match="classpulse run archive"):
            rebuilt(made)
        refused = made.start("rebuild")
        assert refused.wait() == 3
        assert "archive is empty" in refused.output


def test_without_its_recovery_store_and_with_a_trimmed_log_a_flow_goes_on_from_a_rebuild(here: Stack) -> None:
    settings = Settings(
        database_url=SecretStr(here.database), kafka_bootstrap_servers=here.kafka, topic_prefix=here.prefix
    )
    shutil.rmtree(here.recovery)  # the archive's too: it remembers nothing but how far it has come
    admin, topic = admin_client(settings), here.topic()
    ends = LogFacts.read(settings, [topic], []).ends
    for done in admin.delete_records([TopicPartition(topic, task, ends(task)[topic]) for task in range(4)]).values():
        done.result()
    refused = here.start("run", "engagement", "--until-caught-up")
    assert refused.wait() == 3
    assert "classpulse rebuild engagement" in refused.output
    here.command("rebuild", "engagement")
    later = log_of(students=24, minutes=40, seed=3)
    shifted = [m for m in later if m.arrives_ms > FRIDAY + 3 * DAY + 20 * MINUTE]
    publish(here.kafka, topic, shifted)
    close(here.kafka, topic, shifted[-1].arrives_ms + 65 * MINUTE)
    here.catch_up(workers=2)
    assert rebuilt(here, dry_run=True).events > 1000
    assert differing(rebuilt(here, dry_run=True)) == {}, "what was computed from the seed is what the whole log gives"
