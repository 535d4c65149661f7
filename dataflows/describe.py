"""A flow as a drawing: what it reads, its steps in order, what it writes (Kafka Streams: a topology's description).

All is taken from the flow itself: its topics, the operators that it makes, the sink's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dataflows.flows import Flow
from dataflows.operators import builder
from dataflows.settings import Settings
from dataflows.sink.tables import TABLES


@dataclass(frozen=True, slots=True)
class Step:
    """An operator of a task.

    Attributes:
        name: Its step id; snapshots are kept under it.
        operator: The class.
        summary: What it does.
    """

    name: str
    operator: str
    summary: str


@dataclass(frozen=True, slots=True)
class Written:
    """A table that the sink writes.

    Attributes:
        name: The table.
        key: Its key.
        how: What happens to a row that is there already.
    """

    name: str
    key: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Description:
    """A flow, as data.

    Attributes:
        name: The flow.
        summary: What it is for.
        topics: What it reads.
        optional_topics: What it reads where it is there.
        steps: Its operators, in order.
        tables: What it writes.
        commit_interval_s: How often, in seconds.
        rebuild: Whether its tables can be made again.
    """

    name: str
    summary: str
    topics: tuple[str, ...]
    optional_topics: tuple[str, ...]
    steps: tuple[Step, ...]
    tables: tuple[Written, ...]
    commit_interval_s: float
    rebuild: bool

    def as_json(self) -> dict[str, Any]:
        """Returns it as an object of JSON."""
        return asdict(self)


def describe(flow: Flow, settings: Settings) -> Description:
    """Returns what a flow is made of; nothing is contacted."""
    found = flow.load()
    names = flow.tables or tuple(table.name for table in found.tables)
    made = zip(found.steps(settings), builder.pipeline(found, 0, settings), strict=True)
    return Description(
        name=flow.name,
        summary=flow.summary or "A declared flow.",
        topics=tuple(map(settings.topic, found.TOPICS)),
        optional_topics=tuple(map(settings.topic, found.OPTIONAL_TOPICS)),
        steps=tuple(Step(name, type(step).__name__, _first_sentence(type(step).__doc__)) for name, step in made),
        tables=tuple(_written(name) for name in names),
        commit_interval_s=settings.commit_interval_of(flow.name),
        rebuild=flow.can_be_rebuilt,
    )


def drawn(flow: Description) -> str:
    """Returns the flow as a drawing in text, top to bottom.

    Example:
        >>> print(drawn(Description("n", "Counts.", ("t",), (), (Step("a", "A", "Adds."),), (), 1.0, True)))
        n: Counts.
        Each task is a partition: the steps below are made once for each, with a state of their own.
        <BLANKLINE>
          t
          │
        ┌─▼ source    one consumer a task, batches in the order of the log
        │ ▼ decode    bytes → columns; what is broken is rejected
        │ ▼ a         Adds.  (A)
        └─▼ sink      every 1 s one transaction: fence, rows, offsets, watermarks; rebuilt by `classpulse rebuild n`
    """
    steps = [
        ("source", "one consumer a task, batches in the order of the log"),
        ("decode", "bytes → columns; what is broken is rejected"),
        *((step.name, f"{step.summary}  ({step.operator})") for step in flow.steps),
    ]
    again = f"; rebuilt by `classpulse rebuild {flow.name}`" if flow.rebuild else ""
    sink = f"every {flow.commit_interval_s:g} s one transaction: fence, rows, offsets, watermarks{again}"
    width = max(9, *(len(name) for name, _text in steps))
    lines = [
        f"{flow.name}: {flow.summary}",
        "Each task is a partition: the steps below are made once for each, with a state of their own.",
        "",
        *(f"  {topic}" for topic in flow.topics),
        *(f"  {topic} (where it is there)" for topic in flow.optional_topics),
        "  │",
    ]
    for number, (name, text) in enumerate(steps):
        lines.append(f"{'│' if number else '┌'}{' ' if number else '─'}▼ {name:<{width}} {text}")
    lines.append(f"└─▼ {'sink':<{width}} {sink}")
    lines += [f"    {'├' if more else '└'}─ {_row(table)}" for more, table in _with_more(flow.tables)]
    return "\n".join(lines)


def _row(table: Written) -> str:
    return f"{table.name} ({', '.join(table.key)}): {table.how}"


def _with_more(tables: Sequence[Written]) -> list[tuple[bool, Written]]:
    return [(number < len(tables), table) for number, table in enumerate(tables, 1)]


def _written(name: str) -> Written:
    table = TABLES[name]
    replaced = "stretches of time are replaced" if table.span is not None else "absolute values, upserted"
    return Written(name, tuple(table.key), replaced if table.on_conflict == "update" else "facts, written once")


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split("\n\n", maxsplit=1)[0].split())
