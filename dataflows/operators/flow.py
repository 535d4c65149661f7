"""A flow in twenty lines: topic, filter, key, window, aggregates, table. All else follows from the declaration.

It reads through the same source, judges time and repeats as every flow does, and writes through the same sink: one
transaction with its offsets, fenced, absolute values under keys that follow from the log. `dataflows.flows` lists it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
import numpy as np
import polars as pl

from dataflows import metrics
from dataflows.batch import Records, TaskBatch
from dataflows.claim import RefusedError
from dataflows.events.kinds import KINDS, rank_of
from dataflows.events.rules import Rules
from dataflows.kafka.topics import CLICKSTREAM, CLICKSTREAM_ALIAS
from dataflows.operators import builder
from dataflows.operators.aggregates import Aggregate, Distinct, Last, TopK, column_of, reads_number
from dataflows.operators.columns import MOST_PARTS, Columns, Key
from dataflows.operators.consent import GateConsent
from dataflows.operators.declared import Batch, said_in_batch
from dataflows.operators.event_windows import EventWindows
from dataflows.operators.join import Join, JoinTable, Load, from_database
from dataflows.operators.panes import PaneWindows
from dataflows.operators.reading import METADATA, TEXT_FIELDS, Read, columns_of, read
from dataflows.operators.repeats import FirstOfId, JudgeTime
from dataflows.operators.results import Results
from dataflows.operators.windows import Session, Sliding, Window
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.tables import Span, Table

STUDENT: Final = "student_id"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_COLUMN: Final = re.compile(r"(metadata\.)?[A-Za-z_][A-Za-z0-9_]{0,62}")
_OURS: Final = frozenset({"window_start", "window_end", "task"})


@dataclass(frozen=True, kw_only=True)
class WindowedFlow:
    """A flow that aggregates events of a topic by key and window.

    A result is a function of the log: the same live, after a crash, and rebuilt. Events that come after their window is
    final are left out and counted in `late_events_total`; repeats by event_id in `duplicate_events_total`; events
    without one of the key's columns are in no window.

    A class's events lie in several tasks, each of which writes a row of its own; the flow's view adds them up. That
    needs values that can be added up: `Distinct` of anything but students, `Sliding` and `Session` need `student_id`
    in the key, for a student is in one task.

    Attributes:
        name: The flow, as in `classpulse run NAME`.
        topic: The topic that it reads.
        key: Up to three text columns; none: everything is one key.
        window: See `dataflows.operators.windows`.
        aggregates: Column of the table → aggregate (`dataflows.operators.aggregates`).
        table: The table that it writes.
        filters: Column → the text, or the texts, that an event must hold.
        role: Whose events count; None: everybody's.
        join: A table whose columns events get before they are keyed.
        lateness_s: How long after the window's end its events may come; None: `CLASSPULSE_LATENESS_S`.
        only_final: Write a window once, when it is final; else whenever it has changed.

    Raises:
        ValueError: Where the declaration makes no sense.

    Example:
        >>> from dataflows.operators.aggregates import Count
        >>> from dataflows.operators.windows import MINUTE, Tumbling
        >>> flow = WindowedFlow(
        ...     name="searches",
        ...     topic="clickstream_events",
        ...     filters={"event_name": "search"},
        ...     key=("class_id",),
        ...     window=Tumbling(10 * MINUTE),
        ...     aggregates={"searches": Count(), "students": Distinct("student_id")},
        ...     table="class_searches",
        ... )
        >>> flow.columns
        ['window_start', 'window_end', 'class_id', 'task', 'searches', 'students']
    """

    name: str
    topic: str
    key: tuple[str, ...]
    window: Window
    aggregates: Mapping[str, Aggregate]
    table: str
    filters: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    role: str | None = "student"
    join: Join | None = None
    lateness_s: int | None = None
    only_final: bool = False

    def __post_init__(self) -> None:
        """Checks the declaration."""
        for what, name in (("flow", self.name), ("table", self.table)):
            if not _NAME.fullmatch(name):
                _refuse(f"{name!r} is no name of a {what}: small letters, digits and _, a letter first, 40 at most")
        if self.topic not in KINDS:
            _refuse(f"{self.topic!r} is no topic of events; there are: {', '.join(KINDS)}")
        if not self.aggregates:
            _refuse("a flow needs an aggregate, for example {'events': Count()}")
        if len(self.key) > MOST_PARTS:
            _refuse(f"a key has at most {MOST_PARTS} columns")
        taken = [self.named(part) for part in self.key] + list(_OURS)
        for name in (*self.aggregates, *(f"{n}_at" for n, a in self.aggregates.items() if isinstance(a, Last))):
            if not _NAME.fullmatch(name) or name in taken:
                _refuse(f"{name!r} cannot name an aggregate: small letters, digits and _, and no other column's name")
            taken.append(name)
        self._check_columns()
        self._check_tasks()

    def _check_columns(self) -> None:
        joined = set() if self.join is None else set(self.join.take)
        for column in (*self.key, *self.filters, *self._texts()):
            if column not in TEXT_FIELDS | joined and not column.startswith(METADATA):
                _refuse(
                    f"{column!r} is no text column of events; there are: {', '.join(sorted(TEXT_FIELDS))}, metadata.…"
                )
        for column in set(self._texts()) & set(self._numbers()):
            _refuse(f"{column!r} is read as a number by one aggregate and as a text by another: choose one of them")
        for column in (*self.key, *self.filters, *self._texts(), *self._numbers()):
            if not _COLUMN.fullmatch(column):
                _refuse(f"{column!r} is no name of a column")

    def _check_tasks(self) -> None:
        if STUDENT in self.key:
            return
        if isinstance(self.window, Session | Sliding):
            _refuse(f"{type(self.window).__name__} needs {STUDENT} in the key: others' events lie in several tasks")
        for name, aggregate in self.aggregates.items():
            if isinstance(aggregate, Distinct) and aggregate.column != STUDENT:
                _refuse(
                    f"{name}: different {aggregate.column} cannot be added up over tasks; count {STUDENT}, which is in "
                    f"one task, or put {STUDENT} into the key"
                )

    # What the builder and the registry ask for; a flow that is a module has the same names.

    @property
    def FLOW(self) -> str:  # noqa: N802
        """The flow's name."""
        return self.name

    @property
    def TOPICS(self) -> tuple[str, ...]:  # noqa: N802
        """The topics that must be there."""
        return (self.topic,)

    @property
    def OPTIONAL_TOPICS(self) -> tuple[str, ...]:  # noqa: N802
        """The topics that are read where they are there."""
        return (CLICKSTREAM_ALIAS,) if self.topic == CLICKSTREAM else ()

    def decode(self, batch: TaskBatch, settings: Settings) -> Batch:
        """Returns the batch with its records as columns."""

        def columns(records: Records, rules: Rules) -> Read:
            return read(records, rules, self._read())

        return Batch(source=batch, decoded=builder.decoded(self.name, batch, columns, settings))

    def steps(self, settings: Settings, load: Load | None = None) -> dict[str, Any]:
        """Returns, by step id and in the order of the pipeline, what makes the operator of a task.

        Args:
            settings: Lateness, for how long ids are known, the database.
            load: Reads the joined table; by default from the database.
        """
        lateness_ms = (settings.lateness_s if self.lateness_s is None else self.lateness_s) * 1000
        known_ms = max(settings.repeat_s * 1000, lateness_ms + self.window.size_ms)
        filters = self._filtered()
        return {
            "consent": lambda _task: GateConsent(self.name, settings, said_in_batch),
            "watermark": lambda _task: JudgeTime(self.name, self.window, filters, lateness_ms),
            "dedupe": lambda _task: FirstOfId(self.name, known_ms),
            "windows": lambda task: AggregateWindows(self, task, lateness_ms, settings, load),
        }

    def gather(self, batch: Batch) -> list[Changes]:
        """Returns the batch's rows as changes to write, when they are due."""
        return builder.changes(self.name, batch, rows=batch.rows, replaces=batch.replaces)

    # What follows from the declaration.

    def _filtered(self) -> dict[str, tuple[str, ...]]:
        filters = {name: (texts,) if isinstance(texts, str) else tuple(texts) for name, texts in self.filters.items()}
        if self.role is not None:
            filters.setdefault("role", (self.role,))
        return filters

    def _texts(self) -> list[str]:
        columns = [c for a in self.aggregates.values() if (c := column_of(a)) is not None and not reads_number(a)]
        return list(dict.fromkeys(columns))

    def _numbers(self) -> list[str]:
        columns = [c for a in self.aggregates.values() if (c := column_of(a)) is not None and reads_number(a)]
        return list(dict.fromkeys(columns))

    def _of_events(self) -> list[str]:
        """Returns the text columns that are taken of events, in any order, each once."""
        joined = set() if self.join is None else set(self.join.take)
        wanted = [*self.key, *self._texts(), *([] if self.join is None else [self.join.on])]
        return [column for column in dict.fromkeys(wanted) if column not in joined]

    def _read(self) -> list[str]:
        return [*self._of_events(), *self._filtered(), *self._numbers()]

    def named(self, column: str) -> str:
        """Returns how the table names a column of the key: `metadata.query` is `query` there."""
        return column.removeprefix(METADATA).lower()

    @property
    def time(self) -> str:
        """The time column that the table's key begins with."""
        return "window_end" if isinstance(self.window, Sliding) else "window_start"

    @property
    def columns(self) -> list[str]:
        """The table's columns."""
        columns = ["window_start", "window_end", *map(self.named, self.key), "task"]
        for name, aggregate in self.aggregates.items():
            columns += [name, f"{name}_at"] if isinstance(aggregate, Last) else [name]
        return columns

    @property
    def tables(self) -> tuple[Table, ...]:
        """How the sink writes the table."""
        owner = (*map(self.named, self.key), "task")
        span = Span(owner, self.time) if isinstance(self.window, Session) else None
        return (Table(self.table, (self.time, *owner), owner=True, rewritten=True, span=span),)

    def rows(self, task: int, results: Results) -> pl.DataFrame:
        """Returns results as rows of the table."""
        columns: dict[str, Any] = {"window_start": _moments(results.start_ms), "window_end": _moments(results.end_ms)}
        columns |= self._key_columns(results.key)
        columns["task"] = np.full(len(results), task, np.int64)
        for name, aggregate in self.aggregates.items():
            value = results.values[name]
            if isinstance(aggregate, Last):
                kind = pl.Float64 if reads_number(aggregate) else pl.String
                columns[name] = pl.Series(value, dtype=kind)
                columns[f"{name}_at"] = pl.Series(results.values[f"{name}_at"], dtype=pl.Int64).cast(pl.Datetime("ms"))
            elif isinstance(aggregate, TopK):
                columns[name] = pl.Series([_json(texts) for texts in value], dtype=pl.String)
            else:
                columns[name] = pl.Series(value, nan_to_null=True)
        return pl.DataFrame(columns)

    def replaced(self, task: int, results: Results) -> pl.DataFrame:
        """Returns the stretches of time that the rows fill wholly (`Changes.replaces`)."""
        return pl.DataFrame(
            self._key_columns(results.replaced_key)
            | {"task": np.full(len(results.replaced_key), task, np.int64), "since": _moments(results.replaced_ms)}
        )

    def _key_columns(self, keys: list[Key]) -> dict[str, pl.Series]:
        return {
            self.named(part): pl.Series([key[place] for key in keys], dtype=pl.String)
            for place, part in enumerate(self.key)
        }

    @property
    def declared(self) -> str:
        """What a snapshot's state hangs on: the key, the windows and the aggregates."""
        return repr((self.key, self.window, dict(self.aggregates)))


class AggregateWindows:
    """The step `windows`: events that count into the open windows, changed windows into rows."""

    VERSION: Final[Literal[1]] = 1

    def __init__(self, flow: WindowedFlow, task: int, lateness_ms: int, settings: Settings, load: Load | None) -> None:
        """Starts without windows."""
        self._flow, self._task, self._prefix = flow, task, settings.topic_prefix
        url = settings.database_url.get_secret_value()
        self._join = None if flow.join is None else JoinTable(flow.join, load or from_database(url), time.monotonic)
        make: Any = EventWindows if isinstance(flow.window, Session | Sliding) else PaneWindows
        self._windows = make(
            flow.window, flow.key, flow.aggregates, lateness_ms=lateness_ms, only_final=flow.only_final
        )

    def process(self, batch: Batch) -> Batch:
        """Adds the events; adds changed rows when they are due."""
        flow = self._flow
        for judged in batch.judged:
            if not len(judged.rows):
                continue
            events: Columns = columns_of(
                judged.read, rank_of(judged.topic, self._prefix), judged.rows, flow._of_events(), flow._numbers()
            )
            self._windows.add(events if self._join is None else self._join(events))
        if batch.source.writes:
            results = self._windows.take(batch.low)
            if len(results):
                batch.rows[flow.table] = flow.rows(self._task, results)
            if results.replaced_key:
                batch.replaces[flow.table] = flow.replaced(self._task, results)
            metrics.WINDOWS_OPEN.labels(flow.name, str(self._task)).set(self._windows.open_rows)
        self._windows.settle(batch.low)
        return batch

    def state(self) -> dict[str, Any]:
        """Returns the open windows, and of which declaration they are."""
        return {"version": self.VERSION, "declared": self._flow.declared, "windows": self._windows.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's windows.

        Raises:
            RefusedError: Where they are of another declaration.
        """
        if (state["version"], state["declared"]) != (self.VERSION, self._flow.declared):
            name = self._flow.name
            text = (
                f"the snapshot of {name} is of another declaration ({state['declared']}): run `classpulse rebuild "
                f"{name}`, which makes its rows again, and leaves the state from which its workers go on"
            )
            raise RefusedError(text)
        self._windows.restore(state["windows"])


def _moments(time_ms: Any) -> pl.Series:  # noqa: ANN401
    return pl.Series(time_ms, dtype=pl.Int64).cast(pl.Datetime("ms"))


def _json(texts: list[tuple[str, int]]) -> str:
    return msgspec.json.encode(texts).decode()


def _refuse(text: str) -> None:
    raise ValueError(text)
