"""The school as it was at one moment after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from alerting.backtest.archive import Arrivals, Place
from alerting.backtest.nights import Nights
from alerting.backtest.playing import Flow, Tape, records_of
from alerting.backtest.queries import RuleQueries
from alerting.backtest.scratch import Scratch

NEEDS_SOMEBODY: Final = frozenset({"active_students_drop", "idle_share", "many_classes_drop"})
"""Rules that fire only where some students of a class are there, or were active within the last hour.

While no class can have as many they are not asked, as long as nothing of theirs is pending or calls.
"""

# What active_now and active_before count at most; without new events it only becomes less.
_MOST: Final = """
SELECT greatest(
    (SELECT max(n) FROM (
        SELECT count(*) AS n FROM student_state
        WHERE greatest(last_interaction_at, playing_until) > classpulse_now() - classpulse_offline_after()
        GROUP BY class_id) present),
    (SELECT max(n) FROM (
        SELECT sum(active_5m) AS n FROM activity_windows
        WHERE scope = 'class' AND window_start >= classpulse_now() - interval '1 hour'
        GROUP BY scope_id, window_start) before), 0)
"""
_ANALYSED_AT: Final = frozenset({3, 30, 300, 3000})
"""After so many moments the planner's numbers are brought up to date."""


class School:
    """The past as it comes alive again."""

    def __init__(self, flows: list[Flow], tape: Tape, scratch: Scratch, nights: Nights, *, notes: bool = False) -> None:
        """Starts before the first event; `notes`: who is at risk is noted before rules are asked."""
        self._notes, self._nights = notes, nights
        self._flows, self._tape, self._scratch = flows, tape, scratch
        self._places = sorted({place for flow in flows for place in flow.places})
        self._most: int | None = None
        self._asked_times = 0

    def moments(
        self,
        pieces: Iterable[tuple[datetime, Mapping[Place, Arrivals]]],
        since: datetime,
        until: datetime,
        every_s: int,
    ) -> Iterator[datetime]:
        """Yields the moments at which rules are due, each when everything that came before it was loaded.

        Args:
            pieces: What came, in order, each with the end of its time.
            since: Before the first moment.
            until: After the last.
            every_s: Seconds between two.
        """
        step = timedelta(seconds=every_s)
        now = _whole(since, step)
        for end, came in pieces:
            self._tape.load(came)
            while now <= end and now < until:
                yield now
                now += step

    def ask(self, queried: list[RuleQueries], now: datetime, present_least: int) -> None:
        """Asks the rules that are due, once what came before was played."""
        rests = all(one.rests and one.rule.name in NEEDS_SOMEBODY for one in queried)
        if not (rests and self._is_empty(now, present_least)):
            self._play(now)
            self._most = self._count() if rests else None
        for one in queried:
            if one.due(now) and self._most is not None and self._most < present_least:
                one.rest()
            elif one.due(now):
                one.ask(self._scratch, now)
        self._asked_times += 1
        if self._asked_times in _ANALYSED_AT:
            self._scratch.analyse()

    def _is_empty(self, now: datetime, present_least: int) -> bool:
        """Returns whether no class can have so many, even if all who came since were of one; they are played later."""
        return self._most is not None and self._most + self._tape.students(_ms(now)) < present_least

    def _play(self, now: datetime) -> None:
        made = {place: records_of(self._tape, place, _ms(now)) for place in self._places}
        for flow in self._flows:
            flow.step(made)
        self._nights.add(now)
        self._scratch.set_clock(now)
        if self._notes:
            self._scratch.connection.execute("CALL note_risks()")

    def _count(self) -> int:
        [(most,)] = self._scratch.connection.execute(_MOST).fetchall()
        return int(most)


def _whole(moment: datetime, step: timedelta) -> datetime:
    """Returns the first whole interval that is not before a moment."""
    over = timedelta(seconds=moment.timestamp() % step.total_seconds())
    return moment if not over else moment - over + step


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
