"""`classpulse tick`: once a second, held while Kafka is away, stopped cleanly."""

from __future__ import annotations

import signal
import threading
import time

from confluent_kafka import Producer

from dataflows.kafka.ticking import run_ticks
from dataflows.settings import Settings
from tests.cli.running import start, topic_records
from tests.waiting import until


def test_it_ticks_the_present_until_sigterm_and_ends_with_zero(mock_kafka: str) -> None:
    before = time.time() * 1000
    process = start("tick", "--every", "0.2", servers=mock_kafka)
    until(lambda: len(topic_records(mock_kafka, "chapter_view_events")) >= 8)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "ticking 28 partitions" in out
    for record in topic_records(mock_kafka, "user_login_events"):
        text = dict(record.headers() or [])["classpulse-tick"]
        assert isinstance(text, bytes)
        assert before <= int(text) <= time.time() * 1000


def test_no_topics_end_it_with_advice(kafka: str, topic_prefix: str) -> None:
    process = start("tick", servers=kafka, CLASSPULSE_TOPIC_PREFIX=topic_prefix)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "classpulse topics" in errors


def test_it_holds_while_kafka_is_away_and_says_so() -> None:
    keeper: list[Producer] = [Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})]
    brokers = keeper[0].list_topics(timeout=10).brokers.values()
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    stop = threading.Event()
    rounds: list[int] = []
    settings = Settings(kafka_bootstrap_servers=servers)
    warned: list[str] = []
    ticking = threading.Thread(
        target=lambda: rounds.append(run_ticks(settings, stop, warn=warned.append, every_s=0.1, settle_s=0))
    )
    ticking.start()
    until(lambda: len(topic_records(servers, "clickstream_events")) >= 8)
    keeper.clear()
    until(lambda: any("ticks are held" in line for line in warned))
    stop.set()
    ticking.join(30)
    assert not ticking.is_alive()
    assert rounds
    assert rounds[0] >= 2


def test_it_waits_for_a_kafka_that_is_not_there_yet_and_still_hears_sigterm() -> None:
    process = start("tick", servers="127.0.0.1:1")
    assert process.stderr is not None
    assert "ticks are held" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped after 0 rounds" in out
