"""While Kafka is away each process says so once, and once when it is back, however many clients it has."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from confluent_kafka import Consumer, KafkaError

from dataflows.kafka import clients
from dataflows.kafka.clients import Availability, availability, client_config
from dataflows.kafka.producer import Publisher
from dataflows.settings import Settings
from local.embedded_broker import MockBroker
from tests.waiting import until

GONE = KafkaError(KafkaError._ALL_BROKERS_DOWN)


@pytest.fixture
def said() -> Iterator[list[MutableMapping[str, Any]]]:
    structlog.configure()
    with structlog.testing.capture_logs() as captured:
        yield captured
    structlog.reset_defaults()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What Kafka will say when asked; the last one for ever."""
    coming: list[bool] = []
    others = set(threading.enumerate())  # a watch of an earlier test may still ask: for it nothing changes

    def answered(_client: object) -> bool:
        if threading.current_thread() in others:
            return False
        return coming.pop(0) if len(coming) > 1 else coming[0]

    monkeypatch.setattr(clients, "_answers", answered)
    monkeypatch.setattr(clients, "ASK_EVERY_S", 0.01)
    return coming


def events(said: list[MutableMapping[str, Any]]) -> list[object]:
    return [line["event"] for line in said]


def idle(watch: Availability) -> bool:
    return not watch._asking


def test_away_and_back_are_one_event_each(said: list[MutableMapping[str, Any]], answers: list[bool]) -> None:
    answers += [False] * 20 + [True]
    watch = Availability(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    watch.on_error(KafkaError(KafkaError._TRANSPORT, "127.0.0.1:1: Connection refused"))
    for _ in range(50):
        watch.on_error(GONE)
    until(lambda: idle(watch))
    assert events(said) == ["Kafka unavailable, retrying", "Kafka is back"]
    assert said[0]["reason"] == "127.0.0.1:1: Connection refused"
    assert said[0]["at"] == "127.0.0.1:1"


def test_an_error_of_one_client_alone_or_an_old_one_says_nothing(
    said: list[MutableMapping[str, Any]], answers: list[bool]
) -> None:
    answers.append(True)
    watch = Availability(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    watch.on_error(GONE)
    until(lambda: idle(watch))
    for _ in range(100):  # asked again only after a rest
        watch.on_error(KafkaError(KafkaError._TRANSPORT, "one broker of three"))
        assert idle(watch)
    assert not said


def test_a_broker_that_still_answers_while_it_shuts_down_is_asked_again(
    said: list[MutableMapping[str, Any]], answers: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "REST_S", 0.0)
    answers += [True, False, True]
    watch = Availability(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    watch.on_error(GONE)
    until(lambda: idle(watch))
    assert not said
    watch.on_error(KafkaError(KafkaError._TRANSPORT, "connection refused"))
    until(lambda: idle(watch))
    assert events(said) == ["Kafka unavailable, retrying", "Kafka is back"]


def test_many_clients_of_a_broker_that_goes_say_it_once_and_nothing_else(
    said: list[MutableMapping[str, Any]], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    broker = MockBroker().start()
    settings = Settings(kafka_bootstrap_servers=broker.address)
    readers = [Consumer(client_config(settings, group_id=f"g{number}")) for number in range(3)]
    publisher = Publisher(settings)
    for reader in readers:
        reader.subscribe(["clickstream_events"])
        reader.poll(0.5)
    publisher.send("clickstream_events", b"k", b"v")
    publisher.flush(5)
    over = threading.Event()

    def serve() -> None:
        while not over.wait(0.02):
            for reader in readers:
                reader.poll(0)
            publisher.producer.poll(0)

    polling = threading.Thread(target=serve)
    polling.start()
    try:
        with caplog.at_level(logging.DEBUG):
            broker.stop()
            until(lambda: bool(said))
            # time for every client to notice: their errors only ask again what is asked already
            until(lambda: len(said) > 1 or "refused" in publisher.last_error or "down" in publisher.last_error)
    finally:
        over.set()
        polling.join()
        for reader in readers:
            reader.close()
        publisher.producer.purge()
    assert events(said) == ["Kafka unavailable, retrying"]
    assert availability(settings)._asking
    assert capfd.readouterr().err == ""
