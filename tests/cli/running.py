"""The command as a person runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Consumer, Message, TopicPartition

ROOT = Path(__file__).parents[2]


def start(*arguments: object, servers: str, **environment: str) -> subprocess.Popen[str]:
    """Starts `classpulse` with these arguments against a broker."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: object, servers: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `classpulse` to its end."""
    process = start(*arguments, servers=servers, **environment)
    out, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def topic_records(servers: str, topic: str) -> list[Message]:
    """Returns every record of a topic, partition by partition."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader", "enable.auto.commit": False})
    messages: list[Message] = []
    try:
        for partition in sorted(consumer.list_topics(topic, timeout=15).topics[topic].partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)
            consumer.assign([TopicPartition(topic, partition, first)])
            expected = len(messages) + end - first
            while len(messages) < expected:
                messages += consumer.consume(expected - len(messages), timeout=5)
    finally:
        consumer.close()
    return messages
