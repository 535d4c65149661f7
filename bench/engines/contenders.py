"""Who takes part, once: engine, variant, and the command that runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.engines import parts

HEAP: Final = ("-Xms1g", "-Xmx2g", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
"""One core: the serial collector takes the least of it."""

OPENED: Final = ("--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED")


@dataclass(frozen=True, slots=True)
class Task:
    """What one run is about.

    Attributes:
        bootstrap: The broker.
        topic: The log.
        output: The topic that the rows go to.
        folder: Where the engine may keep its state.
        warm: The events after which it is warm.
        events: All events.
        guarantee: Kafka Streams' processing guarantee.
    """

    bootstrap: str
    topic: str
    output: str
    folder: Path
    warm: int
    events: int
    guarantee: str = "at_least_once"


Read = Callable[[bytes, bytes], Iterator[tuple[str, str]]]


def plain(key: bytes, value: bytes) -> Iterator[tuple[str, str]]:
    """Yields a row that is written as `window/scope/id[/task]` and `events/students`."""
    yield key.decode(), value.decode()


def by_student(key: bytes, value: bytes) -> Iterator[tuple[str, str]]:
    """Yields the rows of one student's minute, as Quix Streams writes it.

    Example:
        >>> list(by_student(b"ann", b'{"start": 0, "value": {"7A": 2}}'))
        [('0/all/all/ann', '2/1'), ('0/class/7A/ann', '2/1')]
    """
    minute = json.loads(value)
    student, start = key.decode(), minute["start"]
    yield f"{start}/all/all/{student}", f"{sum(minute['value'].values())}/1"
    for room, events in minute["value"].items():
        yield f"{start}/class/{room}/{student}", f"{events}/1"


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the table.

    Attributes:
        engine: The engine.
        variant: How the job is written for it.
        prepare: Gets its parts and returns the beginning of its command; raises `PartMissingError`.
        arguments: The rest of its command.
        read: How a record of its output is read.
        slow: Runs once only.
        ends: Whether it ends by itself at the log's end; the others wait for more.
        writes: Whether it writes rows at all.
    """

    engine: str
    variant: str
    prepare: Callable[[], list[str]]
    arguments: Callable[[Task], list[str]]
    read: Read = plain
    slow: bool = False
    ends: bool = False
    writes: bool = True

    @property
    def name(self) -> str:
        """Engine and variant."""
        return f"{self.engine}, {self.variant}"


def _own(job: str) -> Callable[[Task], list[str]]:
    return lambda task: ["-m", "bench.engines.jobs", job, task.output, str(task.warm), str(task.events)]


def _common(task: Task) -> list[str]:
    return [task.bootstrap, task.topic, task.output, str(task.folder), str(task.warm), str(task.events)]


def _streams(variant: str) -> Callable[[Task], list[str]]:
    return lambda task: ["classpulse.bench.Windows", variant, *_common(task), task.guarantee]


def _flink(variant: str) -> Callable[[Task], list[str]]:
    return lambda task: ["classpulse.bench.Windows", variant, *_common(task)]


def _java(project: str, *options: str) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        program, *rest = parts.java_project(project)
        return [program, *HEAP, *options, *rest]

    return prepare


def _python() -> list[str]:
    return [sys.executable]


_KAFKA_STREAMS = _java("kafka_streams")
_FLINK = _java("flink", *OPENED)

CONTENDERS: Final = (
    Contender("ClassPulse", "poll and decode alone", _python, _own("poll_decode"), ends=True, writes=False),
    Contender("ClassPulse", "declared windows, final rows", _python, _own("declared"), ends=True),
    Contender("ClassPulse", "windows in seven scopes, live rows", _python, _own("windows"), ends=True),
    Contender("Kafka Streams", "Processor API, state on the heap", _KAFKA_STREAMS, _streams("heap")),
    Contender("Kafka Streams", "Processor API, cached and logged store", _KAFKA_STREAMS, _streams("stores")),
    Contender("Kafka Streams", "DSL, in memory", _KAFKA_STREAMS, _streams("dsl_memory")),
    Contender("Kafka Streams", "DSL", _KAFKA_STREAMS, _streams("dsl")),
    Contender("Flink", "process function, state on the heap", _FLINK, _flink("heap")),
    Contender("Flink", "DataStream windows", _FLINK, _flink("windows")),
    Contender("Bytewax", "fold_window", _python, _own("fold_window"), slow=True, ends=True),
    Contender(
        "Quix Streams",
        "tumbling window by student",
        lambda: [parts.python_package(parts.QUIX), str(Path(__file__).parent / "quix_job.py")],
        _common,
        by_student,
        slow=True,
    ),
)
