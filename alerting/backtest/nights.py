"""Nights: late events come into the days to which `classpulse nightly` added them, when they did in the live tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from pydantic import SecretStr

from alerting.backtest.archive import Clock
from alerting.backtest.scratch import Scratch
from dataflows.rebuild.admit import Places
from dataflows.rebuild.flow import rolled_up_until, whole_from
from dataflows.rebuild.kept_events import KeptEvents
from dataflows.rebuild.late import Day, bounds, forget, make_day
from dataflows.rebuild.spec import Goal, RebuildSpec, goals_of
from dataflows.settings import Settings


@dataclass(slots=True)
class _Addition:
    """A row of `late_days`: the day, up to which places it counts late events, and when they are to be added."""

    past: RebuildSpec
    day: date
    upto: Places
    due: datetime


class Nights:
    """Adds late events to the played tables, by the code with which nights and rebuilds do it.

    By the wall clock a day gets them when its last night noted them. A replayed log comes in a rush, and its night
    after it: by the data's clock a day gets them as soon as it is settled, as from a night that never waits.
    """

    def __init__(
        self,
        source: psycopg.Connection[Any],
        scratch: Scratch,
        settings: Settings,
        tables: Iterable[str],
        clock: Clock,
    ) -> None:
        """Knows of no night yet.

        Args:
            source: The database with the archive; it is only read.
            scratch: Where the rows go.
            settings: Names of topics, rules.
            tables: Those that are asked; rows of others are not put anywhere.
            clock: By which events came.
        """
        self._source, self._scratch, self._clock = source, scratch, clock
        self._settings = settings.model_copy(update={"database_url": SecretStr(scratch.url)})
        self._tables = frozenset(tables)
        self._left: list[_Addition] = []
        self._goals: dict[str, list[Goal]] = {}
        self._pasts: dict[str, KeptEvents] = {}
        self._counted: dict[str, dict[date, Places]] = {}

    def find(self, pasts: Iterable[RebuildSpec], start: datetime) -> None:
        """Reads what nights added to days that reach beyond `start`; rows from before it are taken as they are stored.

        Args:
            pasts: The flows that are played.
            start: When the first event is played.
        """
        for past in pasts:
            rows = self._source.execute(
                "SELECT day, up_to_place, added_at FROM late_days WHERE flow = %s AND added > 0 ORDER BY day",
                (past.flow,),
            ).fetchall()
            if not rows:
                continue
            goals = goals_of(past, self._source, self._settings, claim=False)
            events = KeptEvents(self._source, past.topics(self._settings))
            begins = (
                whole_from(past, self._source, events, self._settings, [goal.task for goal in goals]),
                rolled_up_until(self._source, self._settings, past.tables),
            )
            whole = max((time for time in begins if time is not None), default=None)
            self._goals[past.flow], self._counted[past.flow], self._pasts[past.flow] = goals, {}, events
            for day, upto, added_at in rows:
                begin, end = bounds(self._settings, day)
                if end <= start or (whole is not None and begin < whole):
                    self._counted[past.flow][day] = upto
                else:
                    due = added_at if self._clock == "wall" else end
                    self._left.append(_Addition(past, day, upto, due))

    def add(self, now: datetime) -> None:
        """Adds what is due; the flows have played what came before."""
        while due := sorted((one for one in self._left if one.due <= now), key=lambda one: (one.due, one.day)):
            for one in due:
                self._add(one, now)

    def _add(self, one: _Addition, now: datetime) -> None:
        counted = self._counted[one.past.flow]
        made = make_day(
            one.past,
            self._settings,
            self._scratch.connection,
            self._goals[one.past.flow],
            Day(one.day, {}, one.upto),
            counted,
            self._pasts[one.past.flow],
        )
        settled = max((datetime.fromtimestamp(ms / 1000, UTC) for ms in made.settled.values()), default=now)
        if self._clock == "data" and settled > now:
            one.due = settled
            return
        with self._scratch.connection.transaction():
            made.put(self._scratch.connection, "public", only=self._tables)
        forget(self._scratch.connection)
        counted[one.day] = one.upto
        self._left.remove(one)
