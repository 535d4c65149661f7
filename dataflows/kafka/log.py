"""What a broker says of the log: partition counts, first and last offsets, and the ids that tell a recreated topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from dataflows.errors import UnavailableError, UserError
from dataflows.kafka.clients import client_config
from dataflows.kafka.topics import TIMESTAMP_TYPE, admin_client, timestamp_types
from dataflows.settings import Settings

_TIMEOUT_S = 15.0
_UNREPORTED: Final = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.UNSUPPORTED_VERSION,
    KafkaError._UNSUPPORTED_FEATURE,
}
"""A broker that will never tell ids, whoever asks again."""

MOVE_ON: Final = (
    "Move to a new topic generation: a new CLASSPULSE_TOPIC_PREFIX, `classpulse topics`, then `classpulse run`."
)

ANOTHER_LOG: Final = (
    "If the old log is lost for good: `classpulse adopt`; else let the workers read the log that they had."
)

log = structlog.get_logger()


class PartitionCountError(UserError):
    """Topics of one flow have unequal partition counts, or the count changed."""


@dataclass(frozen=True)
class LogFacts:
    """The log as it was when this worker started.

    Attributes:
        topics: Topic names on the broker, in the flow's order.
        partitions: Their common partition count.
        cluster_id: The cluster's id; `mock` where the broker has none.
        topic_ids: The topics' ids; empty where the broker cannot tell.
        own_times: Topics whose records carry their producers' times; never any of the mock's, where all do.
    """

    topics: list[str]
    partitions: int
    cluster_id: str
    topic_ids: dict[str, str]
    own_times: list[str]
    _settings: Settings = field(repr=False)
    _offsets: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, settings: Settings, topics: list[str], optional: list[str]) -> LogFacts:
        """Asks the broker; `optional` topics are read where they exist.

        Raises:
            PartitionCountError: Where a topic is missing or the counts differ.
            KafkaException: Where no broker answers in time.
        """
        admin = admin_client(settings)
        metadata = admin.list_topics(timeout=_TIMEOUT_S)
        topics = [*topics, *(t for t in optional if t in metadata.topics and metadata.topics[t].partitions)]
        counts = _counts(metadata, topics)
        # librdkafka's mock answers no such question, and the wait for it would be five seconds of every start.
        mock = (metadata.cluster_id or "").startswith("mockCluster")
        cluster_id, ids = ("", {}) if mock else _ids(admin, topics)
        kinds = {} if mock else timestamp_types(admin, topics)
        own_times = [topic for topic, kind in kinds.items() if kind != TIMESTAMP_TYPE]
        return cls(topics, counts, cluster_id or metadata.cluster_id or "mock", ids, own_times, settings)

    def lows(self, task: int) -> dict[str, int]:
        """Returns the first offset that each topic's partition still has."""
        return {topic: self._range(topic, task)[0] for topic in self.topics}

    def ends(self, task: int) -> dict[str, int]:
        """Returns the offset after each topic's last record, as of the first call."""
        return {topic: self._range(topic, task)[1] for topic in self.topics}

    def _range(self, topic: str, task: int) -> tuple[int, int]:
        if (topic, task) not in self._offsets:
            consumer = Consumer(client_config(self._settings, group_id="classpulse-facts"))
            try:
                for name in self.topics:
                    part = TopicPartition(name, task)
                    found = _watermark_offsets(consumer, part)
                    self._offsets[name, task] = (max(0, found[0]), max(0, found[1]))
            finally:
                consumer.close()
        return self._offsets[topic, task]


def _watermark_offsets(consumer: Consumer, part: TopicPartition) -> tuple[int, int]:
    try:
        return consumer.get_watermark_offsets(part, timeout=_TIMEOUT_S) or (0, 0)
    except KafkaException as error:
        text = (
            f"Kafka does not tell where partition {part.partition} of {part.topic} begins and ends: "
            f"{error.args[0].str()}. It may have no leader: start the broker that holds it, then this again."
        )
        raise UnavailableError(text) from error


def _counts(metadata: Any, topics: list[str]) -> int:  # noqa: ANN401
    counts = {t: len(metadata.topics[t].partitions) for t in topics if t in metadata.topics}
    missing = [t for t in topics if not counts.get(t)]
    if missing:
        text = f"topics {', '.join(missing)} do not exist. Create them: `classpulse topics`."
        raise PartitionCountError(text)
    if len(set(counts.values())) != 1:
        text = (
            f"the topics of one flow must have equal partition counts, found {counts}. Students would live in two "
            "tasks. Make a new topic generation with another CLASSPULSE_TOPIC_PREFIX and `classpulse topics`."
        )
        raise PartitionCountError(text)
    return next(iter(counts.values()))


def _ids(admin: AdminClient, topics: list[str]) -> tuple[str, dict[str, str]]:
    try:
        cluster = admin.describe_cluster(request_timeout=_TIMEOUT_S).result()
        described = admin.describe_topics(TopicCollection(topics), request_timeout=_TIMEOUT_S)
        ids = {name: str(future.result().topic_id) for name, future in described.items()}
    except KafkaException as error:
        # A broker that is only slow must not pass for one without ids: a recreated topic would go unnoticed.
        if error.args[0].code() not in _UNREPORTED:
            raise
        log.info(
            "the broker has no topic ids: a topic that is deleted and made again will not be noticed", error=str(error)
        )
        return "", {}
    return str(cluster.cluster_id), ids
