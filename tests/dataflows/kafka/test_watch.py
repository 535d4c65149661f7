"""Whether the topics are still the same is asked of whoever answers."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from dataflows.kafka import watch
from dataflows.kafka.log import LogFacts
from dataflows.kafka.watch import LogWatch
from dataflows.settings import Settings

SETTINGS = Settings(_env_file=None)
FACTS = LogFacts(["t"], 2, "c", {"t": "id"}, [], SETTINGS)


def test_a_client_that_asks_a_dead_node_is_made_to_look_around(monkeypatch: pytest.MonkeyPatch) -> None:
    answered: Future[Any] = Future()
    answered.set_result(SimpleNamespace(topic_id="id", partitions=[0, 1]))
    silent: Future[Any] = Future()
    silent.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    looked: list[str] = []
    client = SimpleNamespace(
        describe_topics=lambda _topics, **_options: {"t": answered if looked else silent},
        list_topics=lambda topic, **_options: looked.append(topic),
    )
    monkeypatch.setattr(watch, "admin_client", lambda _settings: client)
    here = LogWatch(SETTINGS, FACTS)
    for certain in (False, True):
        here.ask()
        assert here.is_answered()
        assert here.is_certain(0.0) == certain
