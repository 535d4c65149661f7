"""The columns of a micro-batch inside the `engagement` flow: integers and small batch-local dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dataflows.batch import Settled, TaskBatch
from dataflows.events.coded import Coded
from dataflows.events.coding import Act, Place
from dataflows.operators.dedupe import Ids
from dataflows.operators.places import placed
from dataflows.operators.segments import Bools, Ints
from dataflows.scores.engagement import Floats


@dataclass(slots=True)
class Events:
    """Accepted events of one topic-partition in log order; arrays have shape (n,).

    Attributes:
        event_ms: Event time, epoch milliseconds.
        append_ms: Append time.
        hi: Upper half of the event_id.
        lo: Lower half.
        placed: Place in the log (`places.placed`).
        student: Code into `students`, and after the encode step the task's own code.
        place: Code into `places`.
        act: Code into `acts`.
        session: Code into `sessions`.
        position_s: Playback position, NaN where unknown.
        duration_s: Length of the video, NaN where unknown.
        rate: Playback rate, NaN where unknown.
        students: Student ids of the batch.
        places: (class_id, grade, subject_id, course_id, chapter_id).
        acts: (role, event_name, device_type, browser, hidden).
        sessions: Session ids.
    """

    event_ms: Ints
    append_ms: Ints
    hi: Ids
    lo: Ids
    placed: Ints
    student: Ints
    place: Ints
    act: Ints
    session: Ints
    position_s: Floats
    duration_s: Floats
    rate: Floats
    students: list[str]
    places: list[Place]
    acts: list[Act]
    sessions: list[str | None]

    def __len__(self) -> int:
        """How many events."""
        return len(self.event_ms)

    def where(self, mask: Bools) -> Events:
        """Returns the events for which `mask` holds."""
        if mask.all():
            return self
        return Events(
            self.event_ms[mask],
            self.append_ms[mask],
            self.hi[mask],
            self.lo[mask],
            self.placed[mask],
            self.student[mask],
            self.place[mask],
            self.act[mask],
            self.session[mask],
            self.position_s[mask],
            self.duration_s[mask],
            self.rate[mask],
            self.students,
            self.places,
            self.acts,
            self.sessions,
        )


@dataclass(slots=True)
class Batch:
    """What moves from operator to operator of one task: events, event time, and the rows gathered so far.

    Attributes:
        source: Where the batch comes from and whether rows are due.
        decoded: Decoded records by topic, until the watermark step has judged them.
        judged: Of each topic the events of students, the watermark before each, and whether it is late; until repeats
            are dropped.
        events: Events that count, one entry a topic.
        topics: The topics that tell of them, likewise.
        watermarks: Watermark by topic after this batch.
        settled: How far the task has come, as it is to be remembered.
        low: Up to when the task is settled: no later record changes what lies before.
        rows: Rows to write, by table.
        live_append_ms: Append times of live records in this batch.
        student_ids: The task's student ids by code.
        before_ms: Per topic, the watermark that each decoded row met, where it is given from outside (a rebuild).
        withheld: Which decoded rows count nowhere, by topic (`operators.consent`); absent where all do.
        forgets: Says whether a student was erased; None where nobody was.
    """

    source: TaskBatch
    decoded: list[tuple[str, Coded]]
    events: list[Events] = field(default_factory=list)
    judged: list[tuple[str, Events, Ints, Bools]] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    watermarks: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    low: int = 0
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    live_append_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    student_ids: list[str] = field(default_factory=list)
    before_ms: dict[str, Ints] = field(default_factory=dict)
    withheld: dict[str, Bools] = field(default_factory=dict)
    forgets: Callable[[str], bool] | None = None


def events_of(coded: Coded, keep: Bools, rank: int) -> Events:
    """Returns the rows of a decoded frame for which `keep` holds, as columns; `rank` is the topic's."""
    frame = coded.frame

    def ints(name: str) -> Ints:
        return frame[name].to_numpy()[keep].astype(np.int64, copy=False)

    def floats(name: str) -> Floats:
        return frame[name].to_numpy()[keep]  # null becomes NaN

    return Events(
        ints("event_ms"),
        ints("append_ms"),
        frame["id_hi"].to_numpy()[keep],
        frame["id_lo"].to_numpy()[keep],
        placed(rank, ints("offset")),
        ints("student"),
        ints("place"),
        ints("act"),
        ints("session"),
        floats("position_s"),
        floats("duration_s"),
        floats("rate"),
        coded.students,
        coded.places,
        coded.acts,
        coded.sessions,
    )
