"""The topics: their names, their making and the check that they are what the dataflows need."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from dataflows.errors import Exit, UserError
from dataflows.kafka.clients import client_config

if TYPE_CHECKING:
    from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]

    from dataflows.settings import Settings

CLICKSTREAM: Final = "clickstream_events"
CHAPTER_VIEWS: Final = "chapter_view_events"
LEARNING_TOPICS: Final = (
    "user_login_events",
    "learning_domain_selection_events",
    "diagnostic_quiz_events",
    "module_quiz_events",
    "module_completion_events",
)
INPUT_TOPICS: Final = (CLICKSTREAM, CHAPTER_VIEWS, *LEARNING_TOPICS)
OUTPUT_TOPICS: Final = ("revision_recommendation_events", "dead_letters")
ALL_TOPICS: Final = INPUT_TOPICS + OUTPUT_TOPICS
CLICKSTREAM_ALIAS: Final = "lms_clickstream"

TIMESTAMP_TYPE: Final = "LogAppendTime"
RETENTION_MS: Final = 7 * 24 * 3600 * 1000
# base64 of the largest record that a broker takes by default (1 MiB), with room for the envelope
DEAD_LETTER_BYTES: Final = 2 * 1024 * 1024
ADMIN_TIMEOUT_S: Final = 15.0

State = Literal["created", "ok", "missing", "mismatch", "unknown"]


class TopicError(UserError):
    """Topics that cannot be used, or a broker that cannot be asked; the message says what to do."""


class UnreachableError(TopicError):
    """No broker answers; it may later."""

    exit_code = Exit.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """What was found, or made, for one topic.

    Attributes:
        name: The topic's name on the broker, prefix included.
        partitions: How many partitions it has; 0 where it does not exist or is not known.
        state: `unknown` only on the mock cluster, which cannot be asked.
        detail: What is wrong, in words; empty when nothing is.
        advice: What to do about it; empty when nothing is.
    """

    name: str
    partitions: int
    state: State
    detail: str = ""
    advice: str = ""


def admin_client(settings: Settings) -> AdminClient:
    """Returns an admin client that keeps quiet; what goes wrong is raised by the calls."""
    return AdminClient(client_config(settings, socket_timeout_ms=10_000))


def cluster_metadata(admin: AdminClient, settings: Settings, timeout_s: float = 10.0) -> ClusterMetadata:
    """Returns the cluster's metadata.

    Raises:
        UnreachableError: If no broker answers within `timeout_s`.
    """
    try:
        return admin.list_topics(timeout=timeout_s)
    except KafkaException as error:
        message = (
            f"Kafka at {settings.kafka_bootstrap_servers} does not answer ({error.args[0].str()}). "
            "Is it running, and is KAFKA_BOOTSTRAP_SERVERS right? `make services` starts one."
        )
        raise UnreachableError(message) from error


def is_mock(metadata: ClusterMetadata) -> bool:
    """Returns whether this is librdkafka's in-memory mock cluster, which knows no topic administration."""
    return (metadata.cluster_id or "").startswith("mockCluster")


def create_or_check(settings: Settings, *, create: bool = True) -> list[TopicStatus]:
    """Creates the topics that are missing and checks those that exist.

    Args:
        settings: Partitions, replication, prefix and how Kafka is reached.
        create: False only looks.

    Returns:
        One status a topic, in the order of `ALL_TOPICS`. On the mock cluster every state is `unknown`.

    Raises:
        TopicError: If Kafka does not answer or refuses to create a topic.
    """
    admin = admin_client(settings)
    metadata = cluster_metadata(admin, settings)
    names = [settings.topic(name) for name in ALL_TOPICS]
    if is_mock(metadata):
        return [TopicStatus(name, 0, "unknown", "the mock cluster knows no topic administration") for name in names]
    found = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
    if settings.topic(CLICKSTREAM_ALIAS) in found:
        names.insert(1, settings.topic(CLICKSTREAM_ALIAS))
    missing = [name for name in names if name not in found]
    made = _create(admin, settings, missing) if create else set()
    if create and missing:
        found |= _wait_until_known(admin, settings, missing)
    kinds = timestamp_types(admin, [name for name in names if name in found and name not in made])
    return [_status(settings, name, found, made, kinds) for name in names]


def require_usable(statuses: Iterable[TopicStatus]) -> None:
    """Raises with advice if any topic is missing or differs from what the dataflows need.

    Raises:
        TopicError: Names every topic concerned and the way to a new topic generation.
    """
    wrong = [status for status in statuses if status.state in ("missing", "mismatch")]
    if not wrong:
        return
    lines = [f"  {status.name}: {status.detail}" for status in wrong]
    if any(status.state == "missing" for status in wrong):
        lines.append("Run `classpulse topics` to create them.")
    lines += dict.fromkeys(status.advice for status in wrong if status.advice)
    raise TopicError("\n".join(["These topics cannot be used:", *lines]))


def new_generation_advice(settings: Settings) -> str:
    """Returns how to move to topics of a new generation; a partition count is never changed in place."""
    example = f"{settings.topic_prefix}g2." if settings.topic_prefix else "g2."
    return (
        "A student must stay in one partition, so existing topics are not altered. "
        "Move to a new topic generation:\n"
        "  1. stop the producers, let `classpulse run` catch up, stop it;\n"
        f"  2. set CLASSPULSE_TOPIC_PREFIX={example} (and CLASSPULSE_PARTITIONS) everywhere;\n"
        "  3. run `classpulse topics`, then start both again, with an empty database.\n"
        "Or set CLASSPULSE_PARTITIONS to the count that the topics have."
    )


def append_time_advice(settings: Settings, names: Iterable[str]) -> str:
    """Returns how to make topics carry the broker's append times instead of the producers' clocks."""
    alter = "\n".join(
        f"  kafka-configs.sh --bootstrap-server {settings.kafka_bootstrap_servers} --alter --entity-type topics "
        f"--entity-name {name} --add-config message.timestamp.type={TIMESTAMP_TYPE}"
        for name in names
    )
    return (
        "With the producers' times one clock that runs ahead makes other students' events late. Alter it:\n"
        f"{alter}\n"
        "Records that it holds already keep the times that they have: where these cannot be trusted, move to a new "
        "CLASSPULSE_TOPIC_PREFIX."
    )


def _create(admin: AdminClient, settings: Settings, names: list[str]) -> set[str]:
    if not names:
        return set()
    new = [
        NewTopic(
            name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            config=topic_config(settings, name),
        )
        for name in names
    ]
    made: set[str] = set()
    for name, future in admin.create_topics(new, operation_timeout=ADMIN_TIMEOUT_S).items():
        try:
            future.result(ADMIN_TIMEOUT_S + 5)
            made.add(name)
        except KafkaException as error:
            # somebody else was faster: then it is checked like any topic that was there before
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                message = f"Kafka refused to create the topic {name}: {error.args[0].str()}"
                raise TopicError(message) from error
    return made


def _wait_until_known(admin: AdminClient, settings: Settings, names: list[str]) -> dict[str, int]:
    """Partitions of new topics, once every partition has a leader: brokers learn of a topic after it is made."""
    deadline = time.monotonic() + ADMIN_TIMEOUT_S
    while True:
        topics = cluster_metadata(admin, settings).topics
        led = {
            name: len(topics[name].partitions)
            for name in names
            if name in topics and all(part.leader >= 0 for part in topics[name].partitions.values())
        }
        if len(led) == len(names) or time.monotonic() > deadline:
            return led
        time.sleep(0.1)


def timestamp_types(admin: AdminClient, names: list[str]) -> dict[str, str]:
    """Returns `message.timestamp.type` of topics, as far as this client may know it."""
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    kinds: dict[str, str] = {}
    for resource, future in admin.describe_configs(resources, request_timeout=ADMIN_TIMEOUT_S).items():
        try:
            kinds[str(resource.name)] = future.result(ADMIN_TIMEOUT_S + 5)["message.timestamp.type"].value
        except KafkaException:
            # not allowed to read the configuration, or the topic is gone: the partition check still stands
            continue
    return kinds


def topic_config(settings: Settings, name: str) -> dict[str, str]:
    """Returns the configuration with which a topic is made.

    With three copies two must have a record before its producer is told so: one broker may go, and nothing is lost.
    """
    config = {"message.timestamp.type": TIMESTAMP_TYPE, "retention.ms": str(RETENTION_MS)}
    if name == settings.topic("dead_letters"):
        config["max.message.bytes"] = str(DEAD_LETTER_BYTES)
    if settings.replication >= 3:
        config["min.insync.replicas"] = str(settings.replication - 1)
    return config


def _status(settings: Settings, name: str, found: dict[str, int], made: set[str], kinds: dict[str, str]) -> TopicStatus:
    if name in made:
        return TopicStatus(name, settings.partitions, "created")
    if name not in found:
        return TopicStatus(name, 0, "missing", "does not exist")
    wrong = {}
    if found[name] != settings.partitions:
        detail = f"has {found[name]} partitions, CLASSPULSE_PARTITIONS says {settings.partitions}"
        wrong[detail] = new_generation_advice(settings)
    if kinds.get(name, TIMESTAMP_TYPE) != TIMESTAMP_TYPE:
        detail = f"message.timestamp.type is {kinds[name]}, must be {TIMESTAMP_TYPE}"
        wrong[detail] = append_time_advice(settings, [name])
    return TopicStatus(name, found[name], "mismatch" if wrong else "ok", "; ".join(wrong), "\n".join(wrong.values()))
