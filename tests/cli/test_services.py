from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    ConfigResource,
    NewTopic,
)
from typer.testing import CliRunner

from cli import services
from local.kafka import Kafka
from local.managed_server import ManagedServer
from local.postgres import Postgres
from tests.waiting import until


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path, timescaledb=False, durable=False)
    server.start()
    yield server
    server.destroy()


def test_kafka_makes_topics_with_four_partitions_and_append_time(kafka: str, topic_prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    topic = f"{topic_prefix}default"
    admin.create_topics([NewTopic(topic)])[topic].result(timeout=30)
    until(lambda: topic in admin.list_topics(timeout=30).topics)
    (config,) = admin.describe_configs([ConfigResource("topic", topic)]).values()
    assert config.result(timeout=30)["message.timestamp.type"].value == "LogAppendTime"
    assert len(admin.list_topics(topic, timeout=30).topics[topic].partitions) == 4


def test_a_database_of_a_test_is_empty_and_its_own(any_database: str) -> None:
    with psycopg.connect(any_database) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)


def test_timescaledb_can_be_created_where_it_is_preloaded(timescale_url: str) -> None:
    with psycopg.connect(timescale_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def test_the_mock_broker_answers_at_its_address(mock_kafka: str) -> None:
    assert AdminClient({"bootstrap.servers": mock_kafka}).list_topics(timeout=10).brokers


def test_a_stopped_server_starts_again_on_its_port_with_its_data(plain: Postgres) -> None:
    address = plain.url()
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    plain.stop()
    assert not plain.answers()
    assert plain.start() == address
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_starting_twice_finds_the_running_server(plain: Postgres) -> None:
    pid = plain.state()["pid"]
    assert plain.start() == plain.url()
    assert plain.state()["pid"] == pid


def test_a_killed_server_is_noticed_and_started_again(plain: Postgres) -> None:
    os.kill(plain.state()["pid"], signal.SIGQUIT)
    until(lambda: plain.process() is None)
    plain.start()
    assert plain.answers()


def test_a_pid_that_now_belongs_to_somebody_else_is_neither_taken_nor_ended(tmp_path: Path) -> None:
    part = ManagedServer(tmp_path)
    part.remember(pid=os.getpid(), marker=str(tmp_path / "nobody-runs-this"))
    assert part.process() is None
    assert not part.destroy()


def test_servers_under_a_folder_that_only_root_may_enter_start_too(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed, timescaledb=False, durable=False)
    try:
        server.start()
        assert server.answers()
    finally:
        assert server.destroy()
    assert not any(Path(folder).exists() for folder in server.state().get("folders", []))


def test_a_missing_part_is_named_with_its_reason_and_fails_unless_it_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("local.binaries.DEBIAN", Path("/nowhere"))
    arguments = ["--dir", str(tmp_path / "s"), "--env-file", str(tmp_path / "env")]
    runner = CliRunner()
    try:
        missed = runner.invoke(services.app, ["up", *arguments])
        assert missed.exit_code == 1
        assert "left out: kafka" in missed.output
        optional = runner.invoke(services.app, ["up", *arguments, "--require", "postgres"])
        assert optional.exit_code == 0, optional.output
        assert "no Java on this machine" in optional.output
        assert (tmp_path / "env").read_text().startswith("DATABASE_URL=postgresql://classpulse:")
    finally:
        runner.invoke(services.app, ["down", *arguments])
    assert not (tmp_path / "env").exists()


def test_status_says_what_does_not_answer(tmp_path: Path) -> None:
    said = CliRunner().invoke(services.app, ["status", "--dir", str(tmp_path)])
    assert said.exit_code == 1
    assert "kafka: does not answer" in said.output


def test_two_sets_run_side_by_side(plain: Postgres, tmp_path: Path) -> None:
    other = Postgres(tmp_path / "other", timescaledb=False, durable=False)
    try:
        assert other.start() != plain.url()
        assert plain.answers()
    finally:
        other.destroy()
    assert plain.answers()


def test_kafka_keeps_its_topics_over_a_stop(tmp_path: Path, kafka: str) -> None:
    broker = Kafka(tmp_path)
    try:
        broker.start()
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        admin.create_topics([NewTopic("kept")])["kept"].result(30)
        broker.stop()
        again = broker.start()
        admin = AdminClient({"bootstrap.servers": again})
        until(lambda: "kept" in admin.list_topics(timeout=10).topics)
    finally:
        broker.destroy()
