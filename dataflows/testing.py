"""One driver for tests of flows: records in, rows out, by event time, without a broker and without a database.

It plays one task of any flow of `dataflows.flows` through its own decode, steps and gather, and keeps its tables as the
sink would: upserts by key, stretches replaced.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from dataflows.batch import Records, TaskBatch
from dataflows.operators import snapshot
from dataflows.operators.join import Join, Row
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.tables import TABLES, Table

Record = Mapping[str, Any]
"""An event as a producer sends it. `event_id` and `student_id` may be left out; `append_ms` is when the broker got it,
by default the event's own time; `tick` instead of an event moves the watermark to that time."""


@dataclass
class Driver:
    """One task of a flow.

    Attributes:
        flow: A `WindowedFlow`, or a module such as `dataflows.engagement.flow`.
        settings: Rules; the defaults.
        joined: Rows of the joined table as dicts, by table.
        task: The task's number.

    Example:
        >>> from dataflows.operators.aggregates import Count
        >>> from dataflows.operators.flow import WindowedFlow
        >>> from dataflows.operators.windows import Tumbling
        >>> flow = WindowedFlow(
        ...     name="views", topic="clickstream_events", key=("class_id",), window=Tumbling(60),
        ...     aggregates={"views": Count()}, table="class_views",
        ... )
        >>> driver = Driver(flow)
        >>> driver.send([{"event_name": "page_view", "timestamp": "2026-09-01T08:00:05Z", "class_id": "7A"}])
        >>> [(row["window_start"].isoformat(), row["class_id"], row["views"]) for row in driver.rows("class_views")]
        [('2026-09-01T08:00:00+00:00', '7A', 1)]
    """

    flow: Any
    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    joined: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    task: int = 0
    _offsets: dict[str, int] = field(default_factory=dict)
    _tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Starts the task without a state."""
        self._operators = self._made()

    def _made(self) -> dict[str, Any]:
        given = {"load": self._load} if getattr(self.flow, "join", None) is not None else {}
        return {step: make(self.task) for step, make in self.flow.steps(self.settings, **given).items()}

    def _load(self, join: Join) -> list[Row]:
        def ms(row: Record, column: str | None) -> int | None:
            value = None if column is None else row.get(column)
            return None if value is None else _ms(value)

        return [
            (row[join.on], ms(row, join.since), ms(row, join.until), tuple(row.get(c) for c in join.take.values()))
            for row in self.joined[join.table]
        ]

    def send(
        self, records: Iterable[Record], *, topic: str | None = None, batch: int = 1000, writes: bool = True
    ) -> None:
        """Plays records, in the order of the log.

        Args:
            records: The records.
            topic: Their topic; by default the flow's first.
            batch: So many at a time.
            writes: Whether rows are written after each batch, as once a second.
        """
        name = self.settings.topic(topic or self.flow.TOPICS[0])
        waiting = list(records)
        for first in range(0, max(len(waiting), 1), batch):
            self._play(self._records(name, waiting[first : first + batch]), writes=writes)

    def tick(self, time: Any, *, topic: str | None = None) -> None:  # noqa: ANN401
        """Moves the watermark to a time without an event, and writes what is due."""
        self.send([{"tick": time}], topic=topic)

    def restart(self) -> None:
        """Ends the worker; another goes on from its snapshot."""
        states = {step: snapshot.dumps(operator.state()) for step, operator in self._operators.items()}
        self._operators = self._made()
        for step, operator in self._operators.items():
            operator.restore(snapshot.loads(states[step]))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Returns the rows of a table, ordered by its key; times are aware and in UTC."""
        rows = self._tables.get(table, {})
        return [rows[key] for key in sorted(rows)]

    def _records(self, topic: str, given: Sequence[Record]) -> Records:
        first = self._offsets.get(topic, 0)
        self._offsets[topic] = first + len(given)
        values: list[bytes | None] = []
        times: list[int] = []
        for place, record in enumerate(given, first):
            ticks = "tick" in record
            time_ms = _ms(record["tick"] if ticks else record["timestamp"])
            event = {"event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{topic}/{place}")), "student_id": "ann", **record}
            event.pop("append_ms", None)
            values.append(None if ticks else json.dumps(event, default=_text).encode())
            times.append(int(record.get("append_ms", time_ms)))
        return Records(
            topic,
            self.task,
            list(range(first, first + len(given))),
            times,
            [None] * len(given),
            values,
            [_ms(record["tick"]) if "tick" in record else None for record in given],
        )

    def _play(self, records: Records, *, writes: bool) -> None:
        source = TaskBatch(
            task=self.task,
            generation=1,
            floor={},
            records=[records] if records.offsets else [],
            offsets=dict(self._offsets),
            flush=writes,
            topic_ids={},
            cluster_id="",
            live_from_ms=1 << 62,
        )
        item = self.flow.decode(source, self.settings)
        for operator in self._operators.values():
            item = operator.process(item)
        for changes in self.flow.gather(item):
            self._write(changes)

    def _write(self, changes: Changes) -> None:
        declared = {table.name: table for table in getattr(self.flow, "tables", ())}
        for name in {**changes.replaces, **changes.rows}:
            table: Table = declared.get(name) or TABLES[name]
            kept = self._tables.setdefault(table.stored_as, {})
            if table.span is not None and name in changes.replaces:
                for one in _dicts(changes.replaces[name]):
                    owner = [one[part] for part in table.span.owner]
                    gone = [
                        key
                        for key, row in kept.items()
                        if [row[part] for part in table.span.owner] == owner and row[table.span.time] >= one["since"]
                    ]
                    for key in gone:
                        del kept[key]
            for row in _dicts(changes.rows[name]) if name in changes.rows else ():
                key = tuple(row[part] for part in table.key)
                if key not in kept or table.on_conflict == "update":
                    kept[key] = row


def _dicts(frame: pl.DataFrame) -> list[dict[str, Any]]:
    times = [name for name, kind in frame.schema.items() if kind == pl.Datetime]
    return frame.with_columns(pl.col(times).dt.replace_time_zone("UTC")).to_dicts()


def _ms(time: Any) -> int:  # noqa: ANN401
    """Returns a time in epoch milliseconds: such a number, an aware datetime, or ISO 8601 with an offset."""
    if isinstance(time, int):
        return time
    moment = time if isinstance(time, datetime) else datetime.fromisoformat(time)
    return round(moment.astimezone(UTC).timestamp() * 1000)


def _text(value: Any) -> str:  # noqa: ANN401
    return value.isoformat() if isinstance(value, datetime) else str(value)
