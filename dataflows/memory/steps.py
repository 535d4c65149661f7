"""The steps of the `memory` pipeline: each takes a batch of one task and adds to it."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from dataflows import metrics
from dataflows.events.kinds import TOPIC_ORDER
from dataflows.memory import rows
from dataflows.memory.choice import Choice
from dataflows.memory.columns import Batch, Reported
from dataflows.memory.memories import Memories
from dataflows.memory.writing import scored, write
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.event_time import State
from dataflows.operators.students import COUNTED_ROLE
from dataflows.operators.watermark import NEVER
from dataflows.settings import Settings
from dataflows.task_time import TaskTime

FLOW: Final = "memory"
RECOMMENDATIONS: Final = "revision_recommendation_events"

_KINDS: Final = {"user_login_events": "login", "learning_domain_selection_events": "domain_selected"}
_QUIZZES: Final = {"diagnostic_quiz_events": "diagnostic", "module_quiz_events": "module"}
_COMPLETIONS: Final = "module_completion_events"


class JudgeTime:
    """Watermarks: everybody's records of every topic move them, and nothing is ever too late here."""

    def __init__(self) -> None:
        """Starts without a watermark."""
        self._time = TaskTime()

    def process(self, batch: Batch) -> Batch:
        """Notes how far every topic has come."""
        for reported in batch.reported:
            self._time.meet(batch, reported.topic, reported.times)
        self._time.settle(batch)
        return batch

    def state(self) -> State:
        """Returns the watermarks, and how far time is settled."""
        return self._time.state()

    def restore(self, state: State) -> None:
        """Continues from a snapshot."""
        self._time.restore(state)


class KeepFacts:
    """`learning_events`, and the attempts for the next step."""

    def __init__(self) -> None:
        """Starts with nothing to write."""
        self._facts: list[pl.DataFrame] = []

    def process(self, batch: Batch) -> Batch:
        """Tells attempts from other facts; adds the facts' rows when they are due."""
        attempts = []
        for reported in batch.reported:
            if not len(reported.learned):
                continue
            learned = reported.learned
            if reported.topic in batch.withheld:
                learned = learned.filter(pl.Series(~batch.withheld[reported.topic]))
            mine = learned.filter(pl.col("role") == COUNTED_ROLE)
            kind = _kind(reported)
            if kind is not None:
                self._facts.append(mine.with_columns(kind.alias("kind")))
            else:
                attempts.append(_attempts(reported, mine))
        batch.reported = []
        batch.attempts = pl.concat(attempts) if attempts else pl.DataFrame()
        if batch.source.writes and self._facts:
            batch.rows["learning_events"] = rows.learning_rows(pl.concat(self._facts))
            self._facts = []
        return batch

    def state(self) -> list[pl.DataFrame]:
        """Returns the facts that wait for the next write."""
        return self._facts

    def restore(self, state: list[pl.DataFrame]) -> None:
        """Continues from a snapshot."""
        self._facts = list(state)


def _kind(reported: Reported) -> pl.Expr | None:
    """Returns the kind of a topic's learning events; None where it tells of quizzes."""
    topic = TOPIC_ORDER[reported.rank]
    if topic == _COMPLETIONS:
        started = pl.col("event_name").str.contains("start", literal=True)
        return pl.when(started).then(pl.lit("module_started")).otherwise(pl.lit("module_completed"))
    return pl.lit(_KINDS[topic]) if topic in _KINDS else None


def _attempts(reported: Reported, mine: pl.DataFrame) -> pl.DataFrame:
    """Returns the records that are scored; the others are counted only."""
    scored = mine.filter(pl.col("score").is_not_null())
    if len(scored) < len(mine):
        metrics.UNSCORED.labels(reported.topic).inc(len(mine) - len(scored))
    said = pl.when(pl.col("quiz_type") == "diagnostic").then(pl.lit("diagnostic")).otherwise(pl.lit("module"))
    given = _QUIZZES.get(TOPIC_ORDER[reported.rank])
    kind = said if given is None else pl.lit(given)
    return scored.with_columns(kind.alias("quiz_type"))


class Remember:
    """`quiz_attempts`, `memory_reviews`, `memory_state`, signals and recommendations."""

    def __init__(self, task: int, settings: Settings) -> None:
        """Starts without students."""
        self._task = task
        calendar = Calendar(settings.timezone)
        self._memories = Memories(Choice(settings), lambda time_ms: calendar.day_of(packing.minute_of(time_ms)))
        self._attempts: list[pl.DataFrame] = []
        self._low = NEVER
        self._in_doubt = True

    def process(self, batch: Batch) -> Batch:
        """Takes the attempts, folds what they change, adds changed rows and due signals when they are due."""
        if len(batch.attempts):
            new = self._memories.add(scored(self._memories, batch.attempts))
            if not new.all():
                metrics.DUPLICATES.labels(FLOW).inc(int((~new).sum()))
            self._attempts.append(batch.attempts.filter(pl.Series(new)))
        self._low = batch.low
        if batch.source.writes:
            if self._attempts:
                attempts, self._attempts = pl.concat(self._attempts), []
                batch.rows["quiz_attempts"] = rows.attempt_rows(attempts)
            self._write(batch)
        batch.attempts = pl.DataFrame()
        return batch

    def _write(self, batch: Batch) -> None:
        if self._in_doubt:
            self._memories.resolve_doubts()
            self._in_doubt = False
        written = write(self._memories, self._task, batch.low)
        batch.rows.update(written.rows)
        batch.replaces.update(written.replaces)
        if written.records:
            batch.records[RECOMMENDATIONS] = written.records

    def state(self) -> dict[str, Any]:
        """Returns the task's memory."""
        return {"memories": self._memories.state(), "attempts": self._attempts, "low": self._low}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._low, self._attempts = state["low"], list(state["attempts"])
        self._memories.restore(state["memories"], self._low)
