"""The first hours on real servers: workers killed, Kafka away, a log of one's own looked at at once."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from dataflows.errors import Exit
from local.kafka import Kafka
from local.managed_server import PartMissingError
from tests.e2e.harness import Stack, Worker, stack, wait_until
from tests.e2e.log import close
from tests.e2e.school import MINUTE, log_of, publish
from tests.parts import require


def workers(run: Worker, flow: str) -> list[psutil.Process]:
    children = psutil.Process(run.process.pid).children()
    return [one for one in children if one.status() != psutil.STATUS_ZOMBIE and flow in one.cmdline()]


def test_a_killed_worker_is_named_its_flow_goes_on_and_no_other_is_touched(
    kafka: str, timescale_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    messages = log_of(students=8, minutes=10)
    half = len(messages) // 2
    with stack(kafka, timescale_url, topic_prefix, tmp_path) as here:
        run = here.start("run", "engagement", "archive", "--workers", "2", CLASSPULSE_LOG_FORMAT="json")
        publish(kafka, here.topic(), messages[:half])
        here.wait_for_offset(half)
        here.wait_for_offset(half, "archive")
        others = {one.pid for one in workers(run, "archive")}
        (victim, *_rest) = workers(run, "engagement")
        victim.send_signal(signal.SIGKILL)
        publish(kafka, here.topic(), messages[half:])
        here.wait_for_offset(len(messages))
        here.wait_for_offset(len(messages), "archive")
        assert {one.pid for one in workers(run, "archive")} == others
        doctor = here.start("doctor", "--json")
        doctor.wait()
        assert run.terminate() == 0
        said = lines(run)
    died = [one for one in said if one["event"] == "worker died" and one["how"] == "killed by SIGKILL"]
    assert [(one["flow"], one["pid"]) for one in died] == [("engagement", victim.pid)]
    assert [one["flow"] for one in said if one["event"] == "flow starts again"] == ["engagement"]
    ended = [one for one in said if one["event"] == "flow ended"]
    assert {(one["flow"], one["how"]) for one in ended} == {
        (flow, "stopped; all is written and in the snapshot") for flow in ("engagement", "archive")
    }
    reading = {(one["flow"], one["partitions"]) for one in said if one["event"] == "reading"}
    assert reading == {("engagement", 4), ("archive", 4)}


def lines(run: Worker) -> list[dict[str, object]]:
    return [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    server = Kafka(tmp_path / "kafka")
    try:
        server.start()
    except PartMissingError as error:
        require("kafka", available=False, reason=str(error))
    yield server
    server.destroy()


@pytest.mark.long
def test_kafka_away_is_one_line_a_worker_and_one_when_it_is_back(
    own_kafka: Kafka, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    messages = log_of(students=8, minutes=10)
    half = len(messages) // 2
    with stack(own_kafka.bootstrap, postgres_url, topic_prefix, tmp_path) as here:
        run = here.start("run", "engagement", "archive", CLASSPULSE_LOG_FORMAT="json")
        publish(here.kafka, here.topic(), messages[:half])
        here.wait_for_offset(half)
        own_kafka.stop()
        wait_until(lambda: run.output.count("Kafka unavailable, retrying") == 2, "both to say that Kafka is away")
        doctor = here.start("doctor")
        assert doctor.wait() == 1
        assert "lag is unknown" in " ".join(doctor.output.split())
        own_kafka.start()
        wait_until(lambda: run.output.count("Kafka is back") == 2, "both to say that Kafka is back")
        publish(here.kafka, here.topic(), messages[half:])
        for flow in ("engagement", "archive"):  # both read and write again, or the end would be as if it were away
            here.wait_for_offset(len(messages), flow)
        assert run.terminate() == 0
    assert run.output.count("Kafka unavailable, retrying") == 2
    assert not re.findall(r"^%\d\|", run.output, re.MULTILINE), "lines of librdkafka's own"
    assert not [one for one in lines(run) if one["event"] in {"worker died", "flow starts again"}]


def test_run_without_kafka_is_refused_within_seconds_with_one_sentence(tmp_path: Path) -> None:
    here = Stack("127.0.0.1:1", "postgresql://nobody@127.0.0.1:1/none", "", tmp_path)
    run = here.start("run", "engagement", "archive", "memory", "content")
    assert run.wait(60) == Exit.UNAVAILABLE
    said = run.output.strip().splitlines()
    assert len(said) == 1, run.output
    assert "Kafka at 127.0.0.1:1 does not answer" in said[0]
    assert "make services" in said[0]


def test_a_log_of_ones_own_shows_its_chapters_at_once(
    kafka: str, either_database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """README's own lines: replay, run, look."""
    messages = log_of(students=8, minutes=10)
    with stack(kafka, either_database, topic_prefix, tmp_path) as here:
        publish(kafka, here.topic(), messages)
        close(kafka, here.topic(), messages[-1].arrives_ms + 65 * MINUTE)
        said = here.catch_up("engagement", "content", "memory", "archive")
        assert "caught up" in said
        readme = (Path(__file__).parents[2] / "README.md").read_text()
        queries = re.findall(r'psql "\$DATABASE_URL" -c "([^"]+)"', readme)
        assert queries
        with psycopg.connect(here.database) as connection:
            for query in queries:
                rows = connection.execute(query.encode()).fetchall()
                assert rows, query
                assert any(isinstance(value, int | float) and value for row in rows for value in row), (query, rows)


@pytest.mark.long
def test_simulate_ends_on_sigterm_and_where_kafka_goes(own_kafka: Kafka, tmp_path: Path) -> None:
    here = Stack(own_kafka.bootstrap, "postgresql://nobody@127.0.0.1:1/none", "", tmp_path)
    here.command("topics")
    ended = here.start("simulate", "--rate", "200", "--json")
    left = here.start("simulate", "--rate", "200", "--json")
    try:
        wait_until(lambda: "events/s" in ended.output and "events/s" in left.output, "both to begin")
        wait_until(lambda: "simulating:" in ended.output, "the first to publish")
        assert ended.terminate() == 0
        own_kafka.stop()
        assert left.wait(90) == Exit.UNAVAILABLE
        assert "Kafka did not take" in left.output
        assert "Kafka unavailable, retrying" in left.output
        assert "Traceback" not in left.output
    finally:
        here.stop()


def test_a_disk_that_is_full_is_said_in_a_sentence(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    here = Stack("127.0.0.1:1", "postgresql://nobody@127.0.0.1:1/none", "", tmp_path)
    full = here.start("services", "up", "--dir", str(tmp_path / "s"), "--env-file", "/dev/full", "--require", "")
    try:
        assert full.wait() == Exit.UNAVAILABLE
        assert "The disk is full" in full.output
        assert "Traceback" not in full.output
    finally:
        here.start("services", "down", "--dir", str(tmp_path / "s"), "--env-file", str(tmp_path / "env")).wait()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    import socket

    here = Stack("127.0.0.1:1", "postgresql://nobody@127.0.0.1:1/none", "", tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        inbox = here.start("inbox", "--port", port)
        run = here.start("run", "engagement", "--metrics-port", port)
        assert (inbox.wait(), run.wait()) == (Exit.UNAVAILABLE, Exit.UNAVAILABLE)
    assert f"Port {port} of 127.0.0.1 is taken" in inbox.output
    assert f"Port {port}, where metrics would be served, is taken" in run.output
