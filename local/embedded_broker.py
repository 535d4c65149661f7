"""A Kafka broker in memory: librdkafka's mock cluster, served to other processes on loopback.

For demos and quick tests only. It makes a topic at its first use, with 4 partitions; it keeps about 5 MB a
partition and drops what is older without a word; it takes the producer's time for the append time; it knows
no topic administration. So producers compress, a back-fill waits for its readers, and readers set
`auto.offset.reset=error`, which turns a silent gap into an error.
"""

from __future__ import annotations

import logging
from types import TracebackType

from confluent_kafka import Producer

PARTITIONS = 4
NAME = "librdkafka mock cluster (in memory)"


class MockBroker:
    """A mock cluster of one broker that lives as long as the `with` block.

    Example:
        >>> with MockBroker() as broker:  # doctest: +ELLIPSIS
        ...     broker.address
        '127.0.0.1:...'
    """

    def __init__(self) -> None:
        """Prepares a broker; `start` makes it listen."""
        self._host: Producer | None = None
        self.address = ""

    def start(self) -> MockBroker:
        """Starts it on a free port of the loopback interface and learns its address."""
        silent = logging.Logger("mock-broker", level=logging.ERROR)  # it would announce itself on stderr
        self._host = Producer({"test.mock.num.brokers": 1, "log_level": 3}, logger=silent)
        (broker,) = self._host.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"
        return self

    def stop(self) -> None:
        """Ends it; whatever it held is gone."""
        self._host = None

    def __enter__(self) -> MockBroker:
        """Starts the broker."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the broker."""
        self.stop()
