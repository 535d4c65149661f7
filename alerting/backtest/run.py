"""The backtest: events come, flows write, the clock moves, rules are asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from math import gcd
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg import sql

from alerting.backtest.archive import Archive, Clock, Place
from alerting.backtest.attempts import TABLES, attempts_before
from alerting.backtest.flows import MEMORY, ROSTER, flows_of, stored_before
from alerting.backtest.nights import Nights
from alerting.backtest.playing import GENERATION, Flow, Tape
from alerting.backtest.queries import Outcome, RuleQueries
from alerting.backtest.school import School
from alerting.backtest.scratch import Scratch, copy_rows
from alerting.limits import Limits
from alerting.rules.rule import Rule
from dataflows.settings import Settings

AN_HOUR: Final = timedelta(hours=1)
CALIBRATIONS: Final = "calibrations"
NOTED: Final = "risk_entries"
"""Who came to be at risk when, noted by a job: where a rule asks it, the job is run before each moment."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when rules are asked, and by which clock events came."""

    since: datetime
    until: datetime
    clock: Clock


class Backtest:
    """Some rules, tried on what is stored, with their SQL as it is provisioned and the flows as they are now.

    The archive is played in the order in which events came. At each moment at which a rule is due, what had come by
    then is written, the clock is set to that moment and the rule is asked. Roster and timetable are those of today.

    Attributes:
        played: The flows that write what the rules read.
        reads: The flows' tables that are read of what is stored.
    """

    def __init__(self, rules: list[Rule], limits: Limits, scratch_url: str, settings: Settings) -> None:
        """Looks what the rules need.

        Args:
            rules: The rules.
            limits: Their thresholds.
            scratch_url: A prepared scratch database without rows.
            settings: The flows' rules, names of topics.
        """
        self._limits, self._settings = limits, settings
        self._asked = [RuleQueries(rule, limits) for rule in rules]
        self._scratch = Scratch(scratch_url)
        self._tables = self._scratch.tables_of([text for one in self._asked for text in (one.firing, one.words)])
        if NOTED in self._tables:
            self._tables |= self._scratch.tables_of(["SELECT * FROM risk_rows"])
        self.played = flows_of(self._tables)
        self.reads = {table for flow in self.played for table, time in flow.times.items() if time} & self._tables
        if MEMORY in [flow.module.FLOW for flow in self.played]:
            self.reads |= TABLES
        self.reads |= {NOTED, CALIBRATIONS} & self._tables
        self.reads |= {flow.oldest for flow in self.played if flow.past is not None}

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection to the scratch database."""
        self._scratch.close()

    @property
    def topics(self) -> list[str]:
        """The topics that the flows read, as the broker knows them."""
        names = {name for flow in self.played for name in (*flow.module.TOPICS, *flow.module.OPTIONAL_TOPICS)}
        return sorted(map(self._settings.topic, names))

    def run(
        self, source: psycopg.Connection[Any], span: Span, progress: Callable[[float], None] = lambda _done: None
    ) -> list[Outcome]:
        """Returns what the rules would have done; once only, since the scratch database is full then.

        Args:
            source: The database with the archive; it is only read.
            span: From when to when.
            progress: Called with the seconds of the span that are done.

        Raises:
            RefusedError: An event is not accepted any more.
        """
        start = span.since - max((flow.since for flow in self.played), default=AN_HOUR)
        start = start.replace(second=0, microsecond=0)
        archive = Archive(source, self.topics, span.clock, alone=[flow.module.FLOW for flow in self.played])
        self._copy(source, start)
        tape = Tape(archive.stalls(start, span.until, self._limits.lag_stalled_s))
        every_s = reduce(gcd, (one.rule.every_s for one in self._asked))
        with contextlib.ExitStack() as stack:
            flows = self._flows(stack, source, archive.places(), start)
            nights = Nights(source, self._scratch, self._settings, self._tables, span.clock)
            nights.find([flow.past for flow in self.played if flow.past is not None], start)
            school = School(flows, tape, self._scratch, nights, notes=NOTED in self._tables)
            for now in school.moments(archive.pieces(start, span.until), span.since, span.until, every_s):
                school.ask(self._asked, now, min(self._limits.present_least, self._limits.small_least))
                progress((now - span.since).total_seconds())
        return [one.outcome for one in self._asked]

    def _copy(self, source: psycopg.Connection[Any], start: datetime) -> None:
        for table in ROSTER:
            copy_rows(source, self._scratch, table, sql.SQL("true"))
        if CALIBRATIONS in self._tables:
            copy_rows(source, self._scratch, CALIBRATIONS, sql.SQL("version > 1"))  # the first one is shipped
        if NOTED in self._tables:
            copy_rows(source, self._scratch, NOTED, sql.SQL("entered_at < {}").format(sql.Literal(start)))
        for flow in self.played:
            for table, where in stored_before(flow, self._tables, start).items():
                copy_rows(source, self._scratch, table, where)
        self._scratch.analyse()

    def _flows(
        self, stack: contextlib.ExitStack, source: psycopg.Connection[Any], places: list[Place], start: datetime
    ) -> list[Flow]:
        flows = [Flow(one.module, self._settings, places, self._scratch.url, self._tables) for one in self.played]
        for flow in flows:
            stack.callback(flow.close)
            past = attempts_before(source, start, self._settings) if flow.module.FLOW == MEMORY else {}
            for task in sorted({*flow.tasks, *(task for _topic, task in past)}):
                self._scratch.connection.execute(
                    "INSERT INTO task_progress (flow, task, generation) VALUES (%s, %s, %s)",
                    (flow.module.FLOW, task, GENERATION),
                )
            if past:
                flow.remember(past)
        return flows
