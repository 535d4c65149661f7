"""Topics are made with append times, checked, and refused with advice."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from dataflows.kafka.topics import ALL_TOPICS, TopicError, create_or_check, require_usable, topic_config
from dataflows.settings import Settings


def settings(servers: str, prefix: str = "", partitions: int = 4) -> Settings:
    return Settings(kafka_bootstrap_servers=servers, topic_prefix=prefix, partitions=partitions)


def test_topics_are_made_once_with_append_time_and_seven_days(kafka: str, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix, partitions=3)
    assert {status.state for status in create_or_check(here, create=False)} == {"missing"}
    assert {status.state for status in create_or_check(here)} == {"created"}
    again = create_or_check(here)
    assert [status.name for status in again] == [topic_prefix + name for name in ALL_TOPICS]
    assert {(status.state, status.partitions) for status in again} == {("ok", 3)}
    require_usable(again)
    resource = ConfigResource(ResourceType.TOPIC, here.topic("clickstream_events"))
    admin = AdminClient(here.kafka_config())
    config = admin.describe_configs([resource])[resource].result(15)
    assert config["message.timestamp.type"].value == "LogAppendTime"
    assert config["retention.ms"].value == str(7 * 24 * 3600 * 1000)


def test_with_three_copies_two_must_have_a_record_and_with_one_nothing_is_asked() -> None:
    three = Settings(replication=3, _env_file=None)
    assert topic_config(three, "clickstream_events")["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in topic_config(Settings(replication=1, _env_file=None), "clickstream_events")


def test_another_partition_count_is_refused_with_the_way_to_a_new_generation(kafka: str, topic_prefix: str) -> None:
    create_or_check(settings(kafka, topic_prefix, partitions=2))
    other = settings(kafka, topic_prefix, partitions=5)
    statuses = create_or_check(other)
    assert {status.state for status in statuses} == {"mismatch"}
    with pytest.raises(TopicError, match="has 2 partitions, CLASSPULSE_PARTITIONS says 5") as refused:
        require_usable(statuses)
    assert f"CLASSPULSE_TOPIC_PREFIX={topic_prefix}g2." in str(refused.value)


def test_a_topic_with_the_producers_times_is_refused(kafka: str, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix)
    name = here.topic("clickstream_events")
    admin = AdminClient(here.kafka_config())
    admin.create_topics([NewTopic(name, 4, 1, config={"message.timestamp.type": "CreateTime"})])[name].result(15)
    statuses = {status.name: status for status in create_or_check(here)}
    assert statuses[name].state == "mismatch"
    assert "message.timestamp.type is CreateTime" in statuses[name].detail
    with pytest.raises(TopicError, match=f"--entity-name {name} --add-config message.timestamp.type=LogAppendTime"):
        require_usable(statuses.values())


def test_missing_topics_are_named_with_the_command_that_makes_them(kafka: str, topic_prefix: str) -> None:
    here = settings(kafka, topic_prefix)
    with pytest.raises(TopicError, match="classpulse topics"):
        require_usable(create_or_check(here, create=False))


def test_the_mock_cluster_is_told_apart_and_passes(mock_kafka: str) -> None:
    here = settings(mock_kafka)
    statuses = create_or_check(here)
    assert {status.state for status in statuses} == {"unknown"}
    require_usable(statuses)


def test_no_kafka_is_said_plainly() -> None:
    with pytest.raises(TopicError, match="127.0.0.1:1 does not answer"):
        create_or_check(settings("127.0.0.1:1"))
