"""What the tests of the `content` flow share: its topics as they lie in Kafka, and its tables."""

from __future__ import annotations

from typing import Any

from tests.e2e.harness import Stack
from tests.e2e.log import close, read_topic
from tests.e2e.studies import CLICKS, START, VIEWS
from tests.e2e.tables import CONTENT, assert_holds
from tests.oracle.content import ContentRules, ExpectedContent, expect
from tests.oracle.reading import Record

TOPICS = (CLICKS, VIEWS)


def tick(here: Stack, at_ms: int = START) -> None:
    """Ticks every partition of the flow's topics; at the log's start none is left out from then on."""
    for topic in TOPICS:
        close(here.kafka, here.topic(topic), at_ms)


def records_of(here: Stack) -> list[Record]:
    """Returns all that the flow's topics hold."""
    return [record for topic in TOPICS for record in read_topic(here.kafka, here.topic(topic))]


def expected_of(here: Stack, **rules: Any) -> ExpectedContent:
    """Returns what the oracle makes of the topics."""
    return expect(records_of(here), ContentRules(prefix=here.prefix, **rules))


def assert_studied(here: Stack, expected: ExpectedContent) -> None:
    """Fails with all differences if a table of the flow holds anything but the expected rows."""
    assert_holds(here.database, expected, *CONTENT)
