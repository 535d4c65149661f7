"""One commit a flush: rows and progress together, fenced, patient."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from dataflows import metrics
from dataflows.claim import RefusedError
from dataflows.eras import ERA
from dataflows.sink import writer as module
from dataflows.sink.changes import Changes
from dataflows.sink.connection import connect
from dataflows.sink.freshness import Freshness
from dataflows.sink.progress import FencedError, advance, claim_task, held_tasks
from dataflows.sink.writer import Writer
from db.migrate import migrate
from local.postgres import Postgres
from tests.conftest import start
from tests.dataflows.sink.writing import (
    AT,
    DAY,
    FLOW,
    PLAIN,
    days,
    progress,
    rows,
    states,
    stored_days,
    write,
    writer,
)
from tests.waiting import until


def claim(url: str, *tasks: int) -> list[int]:
    return [claim_task(url, FLOW, task).generation for task in tasks or (0,)]


def test_rows_and_progress_come_together_and_a_claim_returns_them(database: str) -> None:
    assert claim(database) == [1]
    write(writer(database), days(0, 1, 7, ("ann", 3)))
    assert stored_days(database) == [("ann", 3)]
    again = claim_task(database, FLOW, 0)
    assert (again.generation, again.offsets, again.cluster_id, again.topic_ids) == (2, {"t": 7}, "c", {"t": "id"})


def test_a_claim_tells_where_the_era_of_a_topic_begins_whichever_flow_has_come_there(database: str) -> None:
    claim(database)
    write(writer(database), days(0, 1, 7, ("ann", 3)))
    assert claim_task(database, "content", 0).bases == {"t": 0}
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE task_progress SET offsets = %s WHERE flow = %s", (Jsonb({"t": 2 * ERA + 5}), FLOW))
    assert claim_task(database, "content", 0).bases == {"t": 2 * ERA}
    assert claim_task(database, "content", 1).bases == {}, "another partition is another log"


def test_what_a_rebuild_replaces_is_refused_once_a_worker_has_claimed_a_task(database: str) -> None:
    mine = dict(enumerate(claim(database, 0, 1)))
    with connect(database, "test") as connection:
        with held_tasks(connection, FLOW, mine):
            pass
        claim(database, 1)
        with pytest.raises(RefusedError, match=r"started meanwhile \(task 1\).*stop the workers"):
            with held_tasks(connection, FLOW, mine):
                pytest.fail("nothing may be replaced")


def test_absolute_values_written_twice_change_nothing(database: str) -> None:
    claim(database)
    here = writer(database)
    for offset in (1, 2):
        write(here, days(0, 1, offset, ("ann", 3), ("bob", 1)))
    assert stored_days(database) == [("ann", 3), ("bob", 1)]


def test_a_write_under_an_old_generation_is_refused_and_writes_nothing(database: str) -> None:
    claim(database)
    frozen = writer(database)
    write(frozen, days(0, 1, 1, ("ann", 1)))
    claim(database)
    write(writer(database), replace(days(0, 2, 9, ("ann", 5)), claimed={"t": 1}))
    with pytest.raises(FencedError, match="another worker has claimed"):
        write(frozen, days(0, 1, 3, ("ann", 2), ("bob", 1)))
    assert stored_days(database) == [("ann", 5)]
    assert progress(database) == [(0, 2, {"t": 9})]


def set_back(url: str, offset: int) -> None:
    """Takes the database back to where it was earlier, as a failover to a standby that was behind does."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE task_progress SET offsets = %s WHERE flow = %s", (Jsonb({"t": offset}), FLOW))
        connection.execute("UPDATE student_days SET interactions = %s", (offset,))


def test_a_database_that_lost_what_this_worker_wrote_last_is_refused_naming_rebuild(database: str) -> None:
    claim(database)
    here = writer(database)
    for offset in (1, 2, 3):
        write(here, days(0, 1, offset, ("ann", offset)))
    set_back(database, 2)
    with pytest.raises(RefusedError, match=r"held {'t': 3}, now {'t': 2}.*`classpulse rebuild engagement`"):
        write(here, days(0, 1, 4, ("ann", 4)))
    assert (stored_days(database), progress(database)) == ([("ann", 2)], [(0, 1, {"t": 2})])


def test_a_database_that_lost_what_was_there_at_the_claim_is_refused_at_the_first_write(database: str) -> None:
    claim(database)
    write(writer(database), days(0, 1, 7, ("ann", 7)))
    again = claim_task(database, FLOW, 0)
    set_back(database, 5)
    first = replace(days(0, 2, 9, ("ann", 9)), claimed=again.offsets)
    with pytest.raises(RefusedError, match="lost its last commits"):
        write(writer(database), first)
    assert stored_days(database) == [("ann", 5)]


def test_a_database_that_lost_the_claim_itself_is_refused_too(database: str) -> None:
    claim(database, 0, 0)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE task_progress SET generation = 1")
    with pytest.raises(RefusedError, match="lost its last commits"):
        write(writer(database), days(0, 2, 1, ("ann", 1)))
    assert stored_days(database) == []


@pytest.mark.parametrize("arrived", [True, False], ids=["it is there", "it is not"])
def test_a_commit_whose_acknowledgement_was_lost_is_made_again(
    database: str, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    claim(database)
    here = writer(database, give_up=lambda: False)
    lost: list[bool] = []
    write(here, days(0, 1, 1, ("ann", 1)))
    commit = Writer._commit

    def unheard(self: Writer, *given: Any) -> None:
        if lost:
            return commit(self, *given)
        lost.append(True)
        if arrived:
            commit(self, *given)
        raise psycopg.OperationalError

    monkeypatch.setattr(Writer, "_commit", unheard)
    write(here, days(0, 1, 2, ("ann", 2)))
    write(here, days(0, 1, 3, ("ann", 3)))
    assert (stored_days(database), progress(database)) == ([("ann", 3)], [(0, 1, {"t": 3})])


def test_a_claim_tells_of_how_many_partitions_a_topic_was_whichever_flow_has_written(database: str) -> None:
    claim(database)
    assert claim_task(database, FLOW, 0).partitions == {}
    write(writer(database), replace(days(0, 2, 1, ("ann", 1)), partitions=4))
    assert claim_task(database, "content", 3).partitions == {"t": 4}


def test_one_task_that_was_taken_over_stops_the_whole_commit(database: str) -> None:
    claim(database, 0, 1, 1)
    with pytest.raises(FencedError):
        write(writer(database), days(0, 1, 3, ("ann", 2)), days(1, 1, 3, ("bob", 2)))
    assert stored_days(database) == []
    assert [offsets for *_, offsets in progress(database)] == [{}, {}]


def test_a_claim_wins_over_a_worker_that_froze_in_an_open_transaction(database: str) -> None:
    claim(database)
    with (
        pytest.raises(psycopg.Error),
        psycopg.connect(database, application_name=f"classpulse-{FLOW}") as frozen,
        frozen.cursor() as cursor,
    ):
        advance(cursor, [days(0, 1, 5)], {})  # holds the task's row, and freezes
        assert claim(database) == [2]
        cursor.execute("SELECT 1")
    assert progress(database) == [(0, 2, {})]


def test_a_sleeping_session_of_another_program_is_left_alone(database: str) -> None:
    claim(database, 0, 1)
    with (
        psycopg.connect(database, application_name=f"classpulse-{FLOW}") as frozen,
        psycopg.connect(database, application_name="somebody else") as other,
    ):
        other.execute("SELECT count(*) FROM task_progress")
        with frozen.cursor() as cursor:
            advance(cursor, [days(0, 1, 5)], {})
        claim(database)
        other.execute("SELECT 1")
        with pytest.raises(psycopg.Error):
            frozen.execute("SELECT 1")
        frozen.close()


def test_a_connection_that_breaks_between_two_writes_is_made_anew(database: str) -> None:
    claim(database)
    here = writer(database, give_up=lambda: False)
    write(here, days(0, 1, 1, ("ann", 1)))
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'classpulse-engagement'"
    assert (True,) in rows(database, cut + " AND datname = current_database()")
    write(here, days(0, 1, 2, ("ann", 2)))
    assert stored_days(database) == [("ann", 2)]


def test_a_session_that_the_server_ended_for_idling_in_a_transaction_is_made_anew(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(database)
    froze: list[int] = []

    def freezing_once(cursor: psycopg.Cursor[object], changes: list[Changes], last: dict[int, dict[str, int]]) -> None:
        advance(cursor, changes, last)
        if not froze:
            froze.append(cursor.connection.info.backend_pid)
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
            until(lambda: not rows(database, f"SELECT 1 FROM pg_stat_activity WHERE pid = {froze[0]}"))

    monkeypatch.setattr(module, "advance", freezing_once)
    write(writer(database, give_up=lambda: False), days(0, 1, 1, ("ann", 1)))
    assert froze
    assert stored_days(database) == [("ann", 1)]


def test_a_database_that_is_away_is_given_up_when_the_worker_is_to_stop() -> None:
    with pytest.raises(psycopg.OperationalError):
        write(writer("postgresql://127.0.0.1:9/none"), days(0, 1, 1, ("ann", 1)))


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may stop without hurting others."""
    folder = Path(tempfile.mkdtemp(prefix="classpulse-sink-"))
    folder.chmod(0o711)
    server = Postgres(folder, name="plain", timescaledb=False, durable=False)
    start("postgres", server)
    yield server
    server.destroy()
    shutil.rmtree(folder)


def test_nothing_is_lost_while_the_database_is_away_and_the_writer_waits(own_server: Postgres) -> None:
    url = own_server.url()
    migrate(url)
    claim(url)
    tries = 0

    def not_yet() -> bool:
        nonlocal tries
        tries += 1
        return False

    here = Writer(url, FLOW, Freshness(), lambda _topic, _records: None, not_yet)
    write(here, days(0, 1, 1, ("ann", 1)))
    own_server.stop()
    done = threading.Event()

    def work() -> None:
        for offset in (2, 3):
            write(here, days(0, 1, offset, ("ann", offset), (f"new{offset}", 1)))
        done.set()

    threading.Thread(target=work, daemon=True).start()
    until(lambda: tries >= 3)
    assert not done.is_set()
    own_server.start()
    until(done.is_set)
    assert stored_days(url) == [("ann", 3), ("new2", 1), ("new3", 1)]
    assert progress(url) == [(0, 1, {"t": 3})]


def test_a_student_in_two_tasks_gives_an_anomaly_and_a_metric(database: str) -> None:
    claim(database, 0, 1)
    here, before = writer(database), moves()
    write(here, states(0, 1, 1, ("ann", AT), ("bob", AT)))
    write(here, states(1, 1, 1, ("ann", AT + timedelta(seconds=5)), ("eve", AT)))
    found = rows(database, "SELECT detected_at, kind, subject_id, score, detail FROM anomalies")
    assert found == [(AT + timedelta(seconds=5), "student_in_two_tasks", "ann", 1.0, {"was": 0, "is": 1})]
    assert rows(database, "SELECT student_id, task FROM student_state ORDER BY 1") == [
        ("ann", 1),
        ("bob", 0),
        ("eve", 1),
    ]
    assert moves() - before == 1


def test_two_tasks_that_write_one_student_at_once_are_merged_and_noted(database: str) -> None:
    claim(database, 0, 1)
    before = moves()
    write(writer(database), states(0, 1, 1, ("ann", AT), ("bob", AT)), states(1, 1, 1, ("ann", AT)))
    assert rows(database, "SELECT student_id, task FROM student_state ORDER BY 1") == [("ann", 1), ("bob", 0)]
    assert rows(database, "SELECT kind, subject_id, detail FROM anomalies") == [
        ("student_in_two_tasks", "ann", {"was": 0, "is": 1})
    ]
    assert moves() - before == 1


def moves() -> float:
    return float(metrics.KEY_MOVES.labels(FLOW)._value.get())


def test_two_rows_of_one_key_are_merged_and_the_later_wins(database: str) -> None:
    claim(database, 0, 1)
    here = writer(database)
    write(here, days(0, 1, 1, ("ann", 1), ("bob", 1)), days(0, 1, 2, ("ann", 2)), days(1, 1, 1, ("eve", 7)))
    assert stored_days(database) == [("ann", 2), ("bob", 1), ("eve", 7)]
    assert [offsets for *_, offsets in progress(database)] == [{"t": 2}, {"t": 1}]


def test_rejects_are_published_before_the_commit_and_once_a_write(database: str) -> None:
    claim(database)
    published: list[tuple[str, list[tuple[bytes, bytes]]]] = []

    def refuse(_topic: str, _records: list[tuple[bytes, bytes]]) -> None:
        message = "Kafka does not take them"
        raise RuntimeError(message)

    broken = Writer(database, FLOW, Freshness(), refuse, lambda: True)
    rejected = replace(days(0, 1, 1, ("ann", 1)), records={"dead_letters": [(b"t/0/0", b"{}")]})
    with pytest.raises(RuntimeError, match="does not take"):
        write(broken, rejected)
    assert stored_days(database) == []
    write(Writer(database, FLOW, Freshness(), lambda *sent: published.append(sent), lambda: True), rejected)
    assert published == [("dead_letters", [(b"t/0/0", b"{}")])]
    assert stored_days(database) == [("ann", 1)]


def test_a_worker_that_was_replaced_publishes_nothing(database: str) -> None:
    claim(database, 0, 0)
    frozen = Writer(database, FLOW, Freshness(), lambda _topic, _records: pytest.fail("published"), lambda: True)
    with pytest.raises(FencedError):
        write(frozen, replace(days(0, 1, 1, ("ann", 1)), records={"recommendations": [(b"ann", b"{}")]}))


def test_what_was_published_is_not_published_again_for_a_commit_that_is_tried_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(database)
    published: list[str] = []

    def publish(topic: str, _records: list[tuple[bytes, bytes]]) -> None:
        published.append(topic)
        if published == ["a"]:  # the database goes away meanwhile
            mine = f"application_name = 'classpulse-{FLOW}' AND datname = current_database()"
            assert (True,) in rows(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")

    here = Writer(database, FLOW, Freshness(), publish, lambda: False)
    write(here, replace(days(0, 1, 1, ("ann", 1)), records={"a": [(b"k", b"{}")], "b": [(b"k", b"{}")]}))
    assert published == ["a", "b"]
    assert stored_days(database) == [("ann", 1)]


def test_only_live_records_of_a_commit_count_as_fresh(database: str) -> None:
    claim(database)
    freshness = Freshness()
    here = Writer(database, FLOW, freshness, lambda _topic, _records: None, lambda: True)
    write(here, replace(PLAIN, live_append_ms=np.array([0, 0, 0], np.int64)))
    write(here, replace(PLAIN, offsets={"t": 2}))
    assert freshness.count == 3


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


def test_text_comes_back_as_it_was_and_null_as_null(database: str) -> None:
    claim(database)
    here, offset = writer(database), [0]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.one_of(st.none(), texts, st.sampled_from(("\\N", "", '"', "\\.", "a\r\nb", ",", "NULL"))), max_size=6
        )
    )
    def comes_back(classes: list[str | None]) -> None:
        names = [f"s{i}" for i in range(len(classes))]
        offset[0] += 1
        frame = pl.DataFrame(
            {
                "day": pl.Series([DAY] * len(names), dtype=pl.Date),
                "student_id": pl.Series(names, dtype=pl.String),
                "class_id": pl.Series(classes, dtype=pl.String),
                "minutes_active": pl.Series([1] * len(names), dtype=pl.Int64),
                "interactions": pl.Series([offset[0]] * len(names), dtype=pl.Int64),
            }
        )
        write(here, replace(days(0, 1, offset[0]), rows={"student_days": frame}))
        query = f"SELECT class_id FROM student_days WHERE interactions = {offset[0]} ORDER BY student_id"
        assert [found for (found,) in rows(database, query)] == classes

    comes_back()
