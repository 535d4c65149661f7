"""One log for two engines: late, out of order, said again, in several partitions; and what Kafka Streams answers to it.

`python -m tests.dataflows.kafka_streams.recorded` asks Kafka Streams again and writes `answers.json`.
"""

from __future__ import annotations

import json
import random
import subprocess
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

ANSWERS: Final = Path(__file__).with_name("answers.json")
AT: Final = 1_788_249_600_000  # 2026-09-01 08:00 UTC
MINUTE: Final = 60_000
PARTITIONS: Final = 3
PUNCTUAL: Final = 10
EDGES: Final = 20
CLOSING: Final = "closing"
ENDS: Final = AT + 23 * 60 * MINUTE
"""Windows that begin later are those of the records that end the others."""
WRITTEN_TWICE: Final = ("heap", "stores")
"""Topologies of the same windows as `dsl`, by the Processor API."""

Event = dict[str, Any]
Answers = dict[str, dict[int, dict[str, str]]]
"""Topology → partition → key → value."""


def log() -> dict[int, list[Event]]:
    """Returns, by partition, three hours of twelve students, in the order of the log."""
    rng = random.Random(14)
    found: dict[int, list[Event]] = {}
    for partition in range(PARTITIONS):
        records: list[Event] = []
        now = AT
        for number in range(240):
            now += rng.choice((0, 500, 5_000, 20_000, 90_000))
            # Quiet spells longer than a session's gap.
            now += rng.choice((0,) * 79 + (50 * MINUTE,))
            kind = rng.random()
            delay = rng.randrange(30_000)
            if kind < 0.08:
                delay = rng.randrange(30_000, 5 * MINUTE)
            elif kind < 0.13:
                delay = rng.randrange(10 * MINUTE, 130 * MINUTE)
            if number and rng.random() < 0.04:
                records.append(rng.choice(records[-20:]))
                continue
            student = f"s{partition}{rng.randrange(4)}"
            records.append(
                {
                    "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                    "student_id": student,
                    "event_name": "page_view",
                    "class_id": f"7{'AB'[rng.randrange(2)]}",
                    "timestamp": max(now - delay, AT),
                }
            )
        found[partition] = records
    return found


def edges() -> list[Event]:
    """Returns events at the edges: half an hour apart, an instant less, and a late one that touches a session."""
    times = (0, 30 * MINUTE, 60 * MINUTE - 1, 200 * MINUTE, 230 * MINUTE, 150 * MINUTE, 120 * MINUTE + 1)
    return [
        {
            "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"edge/{n}")),
            "student_id": "edge",
            "event_name": "page_view",
            "class_id": "7E",
            "timestamp": AT + t,
        }
        for n, t in enumerate(times)
    ]


def punctual(records: list[Event]) -> list[Event]:
    """Returns what comes less than a minute late: out of order, and late by no rule of either engine."""
    kept: list[Event] = []
    newest = AT
    for record in records:
        newest = max(newest, record["timestamp"])
        if record["timestamp"] > newest - MINUTE:
            kept.append(record)
    return kept


def closings(after: int) -> list[Event]:
    """Returns records that end every window: Kafka Streams' time moves with events alone."""
    return [
        {
            "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{after}/{n}")),
            "student_id": CLOSING,
            "event_name": "page_view",
            "class_id": CLOSING,
            "timestamp": after + (24 + n) * 60 * MINUTE,
        }
        for n in range(3)
    ]


def closed(records: list[Event]) -> list[Event]:
    """Returns a partition's records with those that end its windows."""
    return records + closings(max(record["timestamp"] for record in records))


def ask(command: list[str], partitions: dict[int, list[Event]], *topologies: str) -> Answers:
    """Returns what Kafka Streams' test driver answers.

    Args:
        command: Starts Java with the classes of bench/kafka_streams.
        partitions: By partition, the records.
        topologies: Which; none: all.
    """
    lines = "".join(
        f"{partition}\t{record['student_id']}\t{json.dumps(record)}\n"
        for partition, records in partitions.items()
        for record in records
    )
    done = subprocess.run(
        [
            command[0],
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            *command[1:],
            "classpulse.bench.Answers",
            *topologies,
        ],
        input=lines.encode(),
        capture_output=True,
        check=True,
    )
    return parsed(done.stdout.decode().splitlines())


def parsed(lines: Iterable[str]) -> Answers:
    """Returns answers that are written a line each."""
    answers: Answers = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        topology, partition, key, value = line.split("\t")
        if int(key.split("/")[0]) < ENDS and value != "gone":
            answers[topology][int(partition)][key] = value
    return {topology: dict(by_partition) for topology, by_partition in answers.items()}


def kept() -> Answers:
    """Returns the answers that are kept beside this file."""
    stored = json.loads(ANSWERS.read_text())
    return {t: {int(p): rows for p, rows in by.items()} for t, by in stored.items()}


def inputs() -> dict[int, list[Event]]:
    """Returns what both engines get: the log, its punctual part, and the edges, each partition of them on its own."""
    recorded = log()
    punctuals = {PUNCTUAL + partition: punctual(records) for partition, records in recorded.items()}
    return {partition: closed(records) for partition, records in {**recorded, **punctuals, EDGES: edges()}.items()}


def main() -> None:
    """Asks Kafka Streams and keeps its answers."""
    from bench.engines.parts import java_project

    answers = ask(java_project("kafka_streams"), inputs())
    stored = {topology: answers[topology] for topology in answers if topology not in WRITTEN_TWICE}
    ANSWERS.write_text(json.dumps(stored, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
