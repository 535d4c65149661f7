"""Whether the topics are still those that were read at the start, asked again and again while a flow runs."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, TopicCollection

from dataflows.claim import RefusedError
from dataflows.kafka.log import ANOTHER_LOG, MOVE_ON, LogFacts, PartitionCountError
from dataflows.kafka.topics import admin_client

if TYPE_CHECKING:
    from dataflows.settings import Settings

_ANSWER_S: Final = 2.0
_GONE_S: Final = 10.0
_LOOK_S: Final = 1.0

log = structlog.get_logger()


class LogWatch:
    """One question at a time, of which nobody waits for the answer; one watch a process.

    A topic that was deleted and made again hands out records at the same offsets. So what was fetched is written once
    the broker has been asked *after* the fetch: a record that came before the question is of the log whose id is told.
    Where a broker tells no ids (`LogFacts.topic_ids` is empty) there is nothing to ask, and everything is certain.
    """

    def __init__(self, settings: Settings, facts: LogFacts) -> None:
        """Asks nothing yet."""
        self._facts = facts
        self._admin = admin_client(settings) if facts.topic_ids else None
        self._asked: dict[str, Any] = {}
        self._asked_s = 0.0
        self._gone_since_s: float | None = None
        self._certain_s = float("-inf") if facts.topic_ids else float("inf")

    def is_certain(self, fetched_s: float) -> bool:
        """Whether what was fetched by then (monotonic clock, seconds) is of the log that is read."""
        return self._certain_s >= fetched_s

    def ask(self) -> None:
        """Asks, unless an answer is being waited for."""
        if self._admin is not None and not self._asked:
            self._asked_s = time.monotonic()
            topics = TopicCollection(self._facts.topics)
            self._asked = self._admin.describe_topics(topics, request_timeout=_ANSWER_S)

    def is_answered(self) -> bool:
        """Whether no answer is being waited for; takes the one that has come.

        Raises:
            RefusedError: Where a topic was deleted and made again, or is gone for good.
            PartitionCountError: Where it has another number of partitions.
        """
        if not self._asked:
            return True
        if not all(answer.done() for answer in self._asked.values()):
            return False
        answers, self._asked = self._asked, {}
        self._take(answers)
        return True

    def wait(self) -> None:
        """Asks and waits for the answer; for moments at which nothing else is to be done."""
        while not self.is_answered():
            time.sleep(0.005)
        self.ask()
        while not self.is_answered():
            time.sleep(0.005)

    def _take(self, answers: dict[str, Any]) -> None:
        for topic, answer in answers.items():
            try:
                found = answer.result()
            except KafkaException as error:
                return self._unsaid(topic, error.args[0])
            if str(found.topic_id) != self._facts.topic_ids[topic]:
                text = f"topic {topic} was deleted and made again while it was read. {ANOTHER_LOG}"
                raise RefusedError(text)
            if len(found.partitions) != self._facts.partitions:
                text = (
                    f"partition count of {topic} changed from {self._facts.partitions} to {len(found.partitions)}: "
                    f"keys now hash to other tasks. {MOVE_ON}"
                )
                raise PartitionCountError(text)
        self._certain_s, self._gone_since_s = self._asked_s, None
        return None

    def _unsaid(self, topic: str, error: KafkaError) -> None:
        """Notes that there is no answer: a broker that is away comes back, and so may a topic that is not known yet."""
        if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            log.debug("topics not checked", error=error.str())
            self._look_around()
            return
        self._gone_since_s = self._gone_since_s or time.monotonic()
        if time.monotonic() - self._gone_since_s > _GONE_S:
            text = f"topic {topic} was deleted while it was read. {ANOTHER_LOG}"
            raise RefusedError(text)

    def _look_around(self) -> None:
        """Has the client ask whoever answers which nodes there are.

        By itself it goes on asking the node that it took for the controller, for minutes after that has died.
        """
        if self._admin is not None:
            with contextlib.suppress(KafkaException):
                self._admin.list_topics(self._facts.topics[0], timeout=_LOOK_S)
