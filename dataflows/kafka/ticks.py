"""Progress ticks: records that move the watermark of a quiet partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataflows.kafka.topics import (
    CLICKSTREAM_ALIAS,
    INPUT_TOPICS,
    TopicError,
    admin_client,
    cluster_metadata,
    is_mock,
)

if TYPE_CHECKING:
    from dataflows.kafka.producer import Publisher
    from dataflows.settings import Settings

TICK_HEADER: Final = "classpulse-tick"
# one minute window's lateness, half an hour until a student is offline, one hour for late sessions and visits
CLOSE_AFTER_MS: Final = 65 * 60 * 1000


def tick_targets(settings: Settings, timeout_s: float = 10.0) -> list[tuple[str, int]]:
    """Returns every (topic, partition) of the input topics that exist, the alias of the clickstream included.

    On the mock cluster, which makes a topic at the first request for it, all of them exist.

    Raises:
        TopicError: If Kafka does not answer, or holds none of the topics.
    """
    admin = admin_client(settings)
    metadata = cluster_metadata(admin, settings, timeout_s)
    names = [settings.topic(name) for name in (*INPUT_TOPICS, CLICKSTREAM_ALIAS)]
    found = dict(metadata.topics)
    if is_mock(metadata):
        for name in names[:-1]:
            if name not in found:
                found.update(admin.list_topics(name, timeout=timeout_s).topics)
    targets = [(name, partition) for name in names if name in found for partition in sorted(found[name].partitions)]
    if not targets:
        message = f"No input topic exists (prefix {settings.topic_prefix!r}). Run `classpulse topics` first."
        raise TopicError(message)
    return targets


def send_ticks(publisher: Publisher, targets: list[tuple[str, int]], tick_ms: int) -> None:
    """Queues one tick for each target; the caller flushes.

    A tick promises that nothing older than `tick_ms` is still to come, less the lateness of the windows.
    """
    header = [(TICK_HEADER, str(tick_ms).encode())]
    for topic, partition in targets:
        publisher.send_to(topic, partition, header)


def tick_of(message: Any) -> int | None:  # noqa: ANN401
    """Returns the time of a tick record in epoch milliseconds, or None where it is none."""
    for name, value in message.headers() or ():
        if name == TICK_HEADER and value is not None:
            text = value if isinstance(value, bytes) else str(value).encode()
            return int(text) if text.isdigit() and len(text) < 16 else None
    return None
