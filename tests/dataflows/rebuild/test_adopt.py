"""What `classpulse adopt` refuses; what it does is shown in tests/e2e/test_adopt.py."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from dataflows.claim import RefusedError
from dataflows.kafka.log import PartitionCountError
from dataflows.kafka.topics import INPUT_TOPICS
from dataflows.rebuild.adopt import adopt
from dataflows.settings import Settings
from tests.dataflows.kafka import reading
from tests.e2e.tables import everything


@pytest.fixture
def settings(kafka: str, migrated_postgres: str, topic_prefix: str) -> Settings:
    return Settings(database_url=SecretStr(migrated_postgres), kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix)


def refused(settings: Settings, because: type[Exception] = RefusedError, *, saying: str) -> None:
    """Fails unless `adopt` refuses with these words and changes nothing."""
    before = everything(settings.database_url.get_secret_value())
    with pytest.raises(because, match=saying):
        adopt(settings, lambda _topic, _records: pytest.fail("published"), lambda _text: ignore)
    assert everything(settings.database_url.get_secret_value()) == before


ignore: Callable[[int, int], None] = lambda _done, _total: None  # noqa: E731


def has_read(settings: Settings, flow: str, tasks: int, cluster: str, **offsets: int) -> None:
    """Makes a flow have read so many records of each task's topics, in a cluster that is gone."""
    read = {settings.topic(topic): offset for topic, offset in offsets.items()}
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        for task in range(tasks):
            connection.execute(
                "INSERT INTO task_progress (flow, task, generation, cluster_id, topic_ids, offsets) "
                "VALUES (%s, %s, 1, %s, %s, %s)",
                (flow, task, cluster, Jsonb({}), Jsonb(read)),
            )


def test_without_an_archive_there_is_nothing_to_go_on_from(settings: Settings) -> None:
    has_read(settings, "engagement", 2, "gone", clickstream_events=5)
    refused(settings, saying="the archive holds nothing.*a new database")


def test_topics_that_do_not_fit_are_refused(settings: Settings) -> None:
    has_read(settings, "archive", 2, "gone", clickstream_events=5)
    refused(settings, PartitionCountError, saying="do not exist. Create them: `classpulse topics`")
    reading.make(settings.kafka_bootstrap_servers, {settings.topic(topic): 2 for topic in INPUT_TOPICS})
    has_read(settings, "content", 2, "gone", lms_clickstream=1)
    refused(settings, saying="the broker does not have: make .*lms_clickstream again")
    has_read(settings, "memory", 2, "gone", clickstream_events=5)
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        connection.execute("UPDATE task_progress SET task = task + 1 WHERE flow = 'archive' AND task = 1")
    refused(settings, saying="of 3 partitions, these have 2")


def test_what_only_a_result_knows_is_not_given_up_unasked(settings: Settings) -> None:
    reading.make(settings.kafka_bootstrap_servers, {settings.topic(topic): 2 for topic in INPUT_TOPICS})
    has_read(settings, "archive", 2, "gone", clickstream_events=5, chapter_view_events=5)
    has_read(settings, "engagement", 2, "gone", clickstream_events=9)
    has_read(settings, "content", 2, "gone", clickstream_events=4, chapter_view_events=6)
    has_read(settings, "memory", 2, "gone", clickstream_events=99)
    refused(settings, saying="kept nowhere: engagement 8, content 2.*--accept-loss")
