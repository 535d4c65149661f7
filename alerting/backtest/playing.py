"""The live pipelines over the past, a step of time after another, into the tables of a scratch database."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from alerting.backtest.archive import Arrivals, Place, Stall
from dataflows.batch import Records, TaskBatch
from dataflows.claim import RefusedError
from dataflows.operators import builder
from dataflows.operators.segments import Ints
from dataflows.operators.shell import Operator
from dataflows.operators.watermark import NEVER
from dataflows.settings import Settings
from dataflows.sink.changes import Changes
from dataflows.sink.freshness import Freshness
from dataflows.sink.tables import TABLES
from dataflows.sink.writer import Writer

GENERATION: Final = 1
_STUDENT: Final = re.compile(rb'"student_id" : ("(?:[^"\\]|\\.)*")')


@dataclass(slots=True)
class Tape:
    """What has come and was not played yet, and where watermarks stood still."""

    stalls: list[Stall] = field(default_factory=list)
    _came: dict[Place, Arrivals] = field(default_factory=dict)
    _at: dict[Place, int] = field(default_factory=dict)

    def load(self, came: Mapping[Place, Arrivals]) -> None:
        """Takes the next piece, behind what was not played yet."""
        for place, more in came.items():
            left = self._came.get(place)
            self._came[place] = more if left is None else left.after(self._at[place], more)
            self._at[place] = 0

    def students(self, now_ms: int) -> int:
        """Returns how many students' events came before a moment and were not played yet."""
        found: set[bytes] = set()
        for place, came in self._came.items():
            begin = self._at[place]
            end = bisect_left(came.arrival_ms, now_ms, begin)
            found.update(match[1] for value in came.values[begin:end] if (match := _STUDENT.search(value)))
        return len(found)

    def take(self, place: Place, now_ms: int) -> tuple[Arrivals, int, int]:
        """Takes what came to a topic-partition before `now_ms`: the piece, and from which to which row."""
        came = self._came.get(place)
        if came is None:
            return Arrivals(), 0, 0
        begin = self._at[place]
        self._at[place] = end = bisect_left(came.arrival_ms, now_ms, begin)
        return came, begin, end

    def mark(self, place: Place, now_ms: int) -> int:
        """Returns how far ticks had brought the watermark of a topic-partition."""
        stood = [s.since_ms for s in self.stalls if s.place == place and s.since_ms < now_ms <= s.until_ms]
        return min(stood, default=now_ms)


class Flow:
    """One flow: the operators of all its tasks, and the writer of their rows."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        module: Any,  # noqa: ANN401
        settings: Settings,
        places: Iterable[Place],
        scratch_url: str,
        tables: set[str],
    ) -> None:
        """Starts without state.

        Args:
            module: The flow's module, such as `dataflows.engagement.flow`.
            settings: Its rules.
            places: The topic-partitions that ever held an event.
            scratch_url: Where the rows go.
            tables: Those that are asked; what goes into others is not written.
        """
        self.module = module
        self._settings = settings
        read = {settings.topic(topic) for topic in (*module.TOPICS, *module.OPTIONAL_TOPICS)}
        self.places = [place for place in places if place[0] in read]
        self.tasks = sorted({partition for _topic, partition in self.places})
        self._operators: dict[int, list[Operator[Any]]] = {t: builder.pipeline(module, t, settings) for t in self.tasks}
        self._offsets = dict.fromkeys(self.places, 0)
        self._unasked = {name for name, table in TABLES.items() if table.stored_as not in tables}
        self._writer = Writer(scratch_url, module.FLOW, Freshness(), lambda _topic, _records: None, lambda: True)

    def close(self) -> None:
        """Closes the writer's connection."""
        self._writer.close()

    def remember(self, past: Mapping[Place, Records]) -> None:
        """Plays what is known from before; its topic-partitions are followed from then on."""
        self.places = sorted({*self.places, *past})
        self.tasks = sorted({task for _topic, task in self.places})
        for task in self.tasks:
            if task not in self._operators:
                self._operators[task] = builder.pipeline(self.module, task, self._settings)
        self.step({place: (records, np.full(len(records.offsets), NEVER)) for place, records in past.items()})

    def step(self, came: Mapping[Place, tuple[Records, Ints]]) -> None:
        """Plays records and ticks up to a moment, each with the watermark that it met, and writes what follows."""
        written: list[tuple[str, Changes]] = []
        for task in self.tasks:
            mine = [place for place in self.places if place[1] == task and place in came]
            written += [(str(task), change) for change in self._process(task, mine, came)]
        self._writer.write_batch(written)

    def _process(self, task: int, mine: list[Place], came: Mapping[Place, tuple[Records, Ints]]) -> list[Changes]:
        for place in mine:
            self._offsets[place] = max(self._offsets.get(place, 0), came[place][0].offsets[-1])
        batch = TaskBatch(
            task=task,
            generation=GENERATION,
            floor={},
            records=[came[place][0] for place in mine],
            offsets={topic: self._offsets[topic, task] for topic, _ in mine},
            flush=True,
            topic_ids={},
            cluster_id="",
            live_from_ms=1 << 62,
        )
        item = self.module.decode(batch, self._settings)
        _refuse_rejects(item)
        item.before_ms = {topic: came[topic, task][1] for topic, _ in mine}
        for operator in self._operators[task]:
            item = operator.process(item)
        changes: list[Changes] = self.module.gather(item)
        for change in changes:
            change.rows = {name: rows for name, rows in change.rows.items() if name not in self._unasked}
            change.replaces = {name: spans for name, spans in change.replaces.items() if name not in self._unasked}
        return changes


def records_of(tape: Tape, place: Place, now_ms: int) -> tuple[Records, Ints]:
    """Returns what came to a topic-partition before a moment and a tick after it, and the watermark that each met."""
    came, begin, end = tape.take(place, now_ms)
    offsets = came.offsets[begin:end]
    tick_ms = tape.mark(place, now_ms)
    count = end - begin
    records = Records(
        *place,
        offsets=[*offsets, offsets[-1] + 1 if offsets else 0],
        append_ms=[*came.append_ms[begin:end], tick_ms],
        keys=[None] * (count + 1),
        values=[*came.values[begin:end], None],
        ticks=[*[None] * count, tick_ms],
        accepted=True,
    )
    before = [NEVER if mark is None else mark for mark in came.before[begin:end]]
    return records, np.array([*before, NEVER], np.int64)


def _refuse_rejects(item: Any) -> None:  # noqa: ANN401
    """Refuses a batch of which the flow would leave something out."""
    rejects = [reject for _topic, decoded in getattr(item, "decoded", []) for reject in decoded.rejects]
    records = sum(len(records.offsets) for records in item.source.records)
    reported = sum(len(one.times) for one in item.reported) if hasattr(item, "reported") else records
    if rejects or reported < records:
        text = f"an archived event is not accepted any more: {rejects[0] if rejects else 'a quiz attempt'}"
        raise RefusedError(text)
