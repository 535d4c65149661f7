"""The steps of the `stuck` pipeline: each takes a batch of one task and adds to it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from dataflows import metrics
from dataflows.events.kinds import rank_of
from dataflows.operators.declared import Batch, Judged
from dataflows.operators.event_time import State
from dataflows.operators.places import placed
from dataflows.operators.students import COUNTED_ROLE
from dataflows.operators.watermark import is_late
from dataflows.settings import Settings
from dataflows.stuck import rules
from dataflows.stuck.marks import ANSWERS, STAFF, Said, mark_of
from dataflows.stuck.rows import episode_rows, replaced_rows
from dataflows.stuck.students import Students
from dataflows.task_time import TaskTime

FLOW: Final = "stuck"
TABLE: Final = "stuck_episodes"


class JudgeTime:
    """Watermarks, lateness, and who counts: students, and teachers' answers about them."""

    def __init__(self, settings: Settings) -> None:
        """Starts without a watermark."""
        self._lateness_ms = settings.lateness_s * 1000
        self._time = TaskTime()

    def process(self, batch: Batch) -> Batch:
        """Notes of every event what it met, whether it counts and whether it is late."""
        for topic, one in batch.decoded:
            before, met = self._time.meet(batch, topic, one.frame)
            answers, role = one.text("event_name").among(tuple(ANSWERS)), one.text("role")
            mine = np.where(answers, role.among((STAFF,)), role.among((COUNTED_ROLE,)))
            counts = mine & ~one.frame["is_tick"].to_numpy()
            if topic in batch.withheld:
                counts &= ~batch.withheld[topic]
            late = counts & is_late(met, one.frame["event_ms"].to_numpy(), self._lateness_ms)
            metrics.LATE_EVENTS.labels(FLOW).inc(int(late.sum()))
            batch.judged.append(Judged(topic, one, before, counts, late))
        self._time.settle(batch)
        return batch

    def state(self) -> State:
        """Returns the watermarks, and how far time is settled."""
        return self._time.state()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._time.restore(state)


def chances_of(settings: Settings) -> dict[str, int]:
    """Returns the chance of each kind in thousandths: those that were set, and those that come with us."""
    return rules.CHANCES | {kind: round(chance * 1000) for kind, chance in settings.stuck_chances.items()}


class FollowStudents:
    """`stuck_episodes`."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without students."""
        self._task, self._prefix, self._pass_mark = task, settings.topic_prefix, settings.pass_mark
        self._students = Students(settings.lateness_s * 1000, chances_of(settings))

    def process(self, batch: Batch) -> Batch:
        """Takes the events; adds the rows of students for whom something changed when they are due."""
        for judged in batch.judged:
            self._add(judged)
        batch.judged = []
        if batch.source.writes:
            reported = self._students.take(batch.low)
            if reported:
                batch.rows[TABLE] = episode_rows(reported, self._task)
                batch.replaces[TABLE] = replaced_rows(reported)
        return batch

    def _add(self, judged: Judged) -> None:
        if not len(judged.rows):
            return
        frame = judged.read.frame[judged.rows]
        rank = rank_of(judged.topic, self._prefix)
        places = placed(rank, frame["offset"].to_numpy().astype(np.int64)).tolist()
        texts = frame.select(Said._fields).iter_rows()
        rows = zip(
            frame["student_id"], frame["event_ms"].to_list(), places, texts, frame["metadata"].to_list(), strict=True
        )
        for student_id, time_ms, place, said, meta in rows:
            found = mark_of(time_ms, place, Said(*said), _decoded(meta), self._pass_mark)
            if found is not None:
                self._students.add(student_id, found)

    def state(self) -> dict[str, Any]:
        """Returns the students' marks."""
        return self._students.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._students.restore(state)


_decoder = msgspec.json.Decoder(dict[str, Any])


def _decoded(metadata: str | None) -> dict[str, Any]:
    return _decoder.decode(metadata) if metadata else {}
