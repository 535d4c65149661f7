"""The doctor names what is wrong and the way out, and fails only when something is."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from cli.doctor import app
from dataflows.settings import Settings
from db.migrate import migrate
from local.embedded_broker import MockBroker
from local.embedded_postgres import Postgres

NOWHERE = {
    "DATABASE_URL": "postgresql://somebody:s3cret@127.0.0.1:1/nothing",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:2",
    "GRAFANA_URL": "http://127.0.0.1:3",
    "PROMETHEUS_URL": "http://127.0.0.1:4",
    "ALERTMANAGER_URL": "http://127.0.0.1:5",
}
MONITORING = ("GRAFANA_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL")


def ask(environment: dict[str, str], tmp_path: Path) -> tuple[int, list[dict[str, Any]]]:
    environment = {"CLASSPULSE_RECOVERY_DIR": str(tmp_path), **dict.fromkeys(MONITORING, ""), **environment}
    result = CliRunner().invoke(app, ["--json"], env=environment)
    findings: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return result.exit_code, findings


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """An empty embedded database, in a place that an account without rights can reach."""
    home = Path(tempfile.mkdtemp(prefix="classpulse-test-"))
    home.chmod(0o755)
    with Postgres(home / "pg") as server:
        yield server.url
    shutil.rmtree(home)


def test_a_broken_address_is_wrong_and_comes_with_advice(tmp_path: Path) -> None:
    code, findings = ask(NOWHERE, tmp_path)
    wrong = {finding["part"]: finding for finding in findings if finding["state"] == "wrong"}
    assert code == 1
    assert set(wrong) == {"kafka", "database", "grafana", "prometheus", "alertmanager"}
    assert all(finding["advice"] for finding in wrong.values())
    assert "KAFKA_BOOTSTRAP_SERVERS" in wrong["kafka"]["advice"]
    assert "DATABASE_URL" in wrong["database"]["advice"]
    assert "127.0.0.1:1" in wrong["database"]["detail"] or "port 1" in wrong["database"]["detail"]


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    assert "s3cret" not in json.dumps(ask(NOWHERE, tmp_path)[1])


def test_the_table_shows_the_advice_to_people() -> None:
    result = CliRunner().invoke(app, [], env=NOWHERE)
    assert result.exit_code == 1
    assert "→" in result.stdout
    assert "5 wrong" in result.stdout


def test_an_unknown_time_zone_is_a_finding_not_a_crash(tmp_path: Path) -> None:
    code, findings = ask({**NOWHERE, "CLASSPULSE_TIMEZONE": "Mars/Olympus"}, tmp_path)
    assert code == 1
    assert findings[0]["check"] == "CLASSPULSE_TIMEZONE"


def test_an_empty_database_needs_migrate_and_a_migrated_one_is_sound(database: str, tmp_path: Path) -> None:
    with MockBroker() as broker:
        environment = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.address}
        code, findings = ask(environment, tmp_path)
        assert code == 1
        assert [finding["advice"] for finding in findings if finding["state"] == "wrong"] == [
            "Run `classpulse migrate`."
        ]

        migrate(database, settings=Settings())
        code, findings = ask(environment, tmp_path)
        assert [finding for finding in findings if finding["state"] == "wrong"] == []
        assert code == 0


LATE_EVENT = """
    INSERT INTO events (event_time, event_id, student_id, role, event_type, event_name, topic, partition, kafka_offset,
                        ingested_at, watermark_before)
    VALUES (now() - interval '30 hours', gen_random_uuid(), 'ann', 'student', 'click', 'scroll', 'clickstream_events',
            0, 7, now() - %s::interval, now() - interval '25 hours')
"""
READ = """
    INSERT INTO task_progress (flow, task, generation, cluster_id, topic_ids, offsets, watermarks)
    SELECT flow, 0, 1, '', '{}', '{"clickstream_events": 9}',
           jsonb_build_object('clickstream_events', (extract(epoch FROM now()) * 1000)::bigint)
    FROM (VALUES ('engagement'), ('content'), ('archive')) f (flow)
"""


def nightly(database: str, tmp_path: Path) -> dict[str, object]:
    _, findings = ask({"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:2"}, tmp_path)
    return next(finding for finding in findings if finding["check"] == "nightly run")


def test_late_events_that_wait_for_more_than_a_night_are_wrong(database: str, tmp_path: Path) -> None:
    migrate(database, settings=Settings())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(READ)
        connection.execute(LATE_EVENT, ("25 hours",))
        said = nightly(database, tmp_path)
        assert (said["state"], said["detail"]) == ("note", "has never been made; 2 late events are in no day yet")
        connection.execute("UPDATE events SET ingested_at = now() - interval '27 hours'")
        said = nightly(database, tmp_path)
        assert said["state"] == "wrong"
        assert "2 late events are in no day yet, the first since" in str(said["detail"])
        assert "`classpulse nightly`" in str(said["advice"])
        connection.execute("INSERT INTO nightly_runs VALUES (true, now() - interval '27 hours', 0, 0)")
        assert nightly(database, tmp_path)["state"] == "wrong"
        places = '{"clickstream_events": {"0": 8}}'
        for flow in ("engagement", "content"):
            connection.execute("INSERT INTO late_seen VALUES (%s, %s, now() - interval '27 hours')", (flow, places))
        assert nightly(database, tmp_path)["state"] == "ok"
        connection.execute("TRUNCATE events, task_progress, nightly_runs, late_seen")


def test_a_nightly_run_that_is_not_made_is_noted_and_one_that_has_stopped_is_wrong(
    database: str, tmp_path: Path
) -> None:
    migrate(database, settings=Settings())

    def found() -> str:
        return str(nightly(database, tmp_path)["state"])

    assert found() == "note"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO nightly_runs VALUES (true, now() - interval '49 hours', 0, 0)")
        assert found() == "wrong"
        connection.execute("UPDATE nightly_runs SET succeeded_at = now() - interval '25 hours'")
        assert found() == "ok"
        connection.execute("DELETE FROM nightly_runs")


def test_views_of_another_threshold_and_days_of_another_zone_are_wrong(database: str, tmp_path: Path) -> None:
    migrate(database, settings=Settings())
    with MockBroker() as broker:
        environment = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.address}
        _, findings = ask({**environment, "CLASSPULSE_IDLE_AFTER_S": "60"}, tmp_path)
        assert [finding["check"] for finding in findings if finding["state"] == "wrong"] == ["views"]
        _, findings = ask({**environment, "CLASSPULSE_TIMEZONE": "Europe/Berlin"}, tmp_path)
        assert "days" in [finding["check"] for finding in findings if finding["state"] == "wrong"]


def test_a_clock_that_stands_at_the_data_is_noted(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER DATABASE classpulse SET classpulse.clock = 'data'")
    try:
        _, findings = ask({"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:2"}, tmp_path)
        clock = [finding for finding in findings if finding["check"] == "clock"]
        assert [finding["state"] for finding in clock] in (["note"], [])
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("ALTER DATABASE classpulse RESET classpulse.clock")
