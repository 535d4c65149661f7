"""What the tests of a lost Kafka share: its topics deleted and made again, and what they held."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import psycopg
from confluent_kafka.admin import AdminClient

from dataflows.eras import ERA
from tests.e2e.harness import Stack, wait_until
from tests.oracle.reading import Record


def lose_topics(here: Stack, only: str = "") -> None:
    """Deletes all topics of a deployment, or one, and makes them again, empty."""
    admin = AdminClient({"bootstrap.servers": here.kafka})

    def mine() -> list[str]:
        return [topic for topic in admin.list_topics(timeout=15).topics if topic.startswith(here.topic(only))]

    for deleted in admin.delete_topics(mine()).values():
        deleted.result(timeout=30)
    wait_until(lambda: not mine(), "topics deleted")
    here.command("topics")


def assert_refuses(here: Stack, *arguments: str, saying: str) -> None:
    """Fails unless a command ends with exit code 3 and gives that reason."""
    refused = here.start(*arguments)
    assert refused.wait() == 3, refused.output
    assert saying in " ".join(refused.output.split()), refused.output


def in_era(records: Iterable[Record], era: int) -> list[Record]:
    """Returns records as ClassPulse counts them: those of a later log after those of the former."""
    return [replace(record, offset=record.offset + era * ERA) for record in records]


def kept(here: Stack, records: Iterable[Record], flow: str = "archive") -> list[Record]:
    """Returns the records that a flow has read."""
    with psycopg.connect(here.database) as connection:
        query = "SELECT task, offsets FROM task_progress WHERE flow = %s"
        read: dict[int, dict[str, int]] = dict(connection.execute(query, (flow,)).fetchall())
    return [record for record in records if record.offset < read[record.partition][record.topic]]


def changes(output: str) -> dict[str, tuple[int, int, int]]:
    """Returns what a rebuild has changed, added and removed, of the tables where there is anything."""
    rows = re.findall(r"(\w+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│", output)
    assert rows, output
    counts = {name: (int(c.replace(",", "")), int(a), int(r)) for name, _same, c, a, r in rows}
    return {name: found for name, found in counts.items() if any(found)}
