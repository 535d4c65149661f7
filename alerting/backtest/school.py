"""The school as it was at one moment after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from alerting.backtest.archive import Came, Place
from alerting.backtest.asked import Asked
from alerting.backtest.playing import Flow, Tape, records_of
from alerting.backtest.scratch import Scratch

NEEDS_SOMEBODY: Final = frozenset({"active_students_drop", "idle_share", "many_classes_drop"})
"""Rules that fire only where `present_least` students of a class are there, or were ten minutes ago.

While there are fewer in the whole school they are not asked, as long as nothing of theirs is pending or calls.
"""

_SEEN: Final = (
    "SELECT count(*) FROM (SELECT FROM student_state WHERE greatest(last_interaction_at, playing_until) "
    "> classpulse_now() - classpulse_offline_after() LIMIT %s) s"
)
_ANALYSED_AT: Final = frozenset({3, 30, 300, 3000})
"""After so many moments the planner's numbers are brought up to date."""


class School:
    """The past as it comes alive again."""

    def __init__(self, flows: list[Flow], tape: Tape, scratch: Scratch, places: list[Place]) -> None:
        """Starts before the first event."""
        self._flows, self._tape, self._scratch, self._places = flows, tape, scratch, places
        self._nobody, self._asked_times = False, 0

    def moments(
        self, pieces: Iterable[tuple[datetime, Mapping[Place, Came]]], since: datetime, until: datetime, every_s: int
    ) -> Iterator[datetime]:
        """Yields the moments at which rules are due, each when everything that came before it was played.

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
                if not (self._nobody and self._comes_later(now)):
                    self._play(now)
                yield now
                now += step
            if self._tape.next_ms() is not None:
                self._play(end)

    def ask(self, asked: list[Asked], now: datetime, present_least: int) -> None:
        """Asks the rules that are due."""
        if not self._nobody:
            self._scratch.set_clock(now)
        may_rest = all(one.rests and one.rule.name in NEEDS_SOMEBODY for one in asked)
        self._nobody = may_rest and (self._nobody or self._count(present_least) < present_least)
        for one in asked:
            if one.due(now) and self._nobody:
                one.rest()
            elif one.due(now):
                one.ask(self._scratch, now)
        self._asked_times += 1
        if self._asked_times in _ANALYSED_AT:
            self._scratch.analyse()

    def _comes_later(self, now: datetime) -> bool:
        due_ms = self._tape.next_ms()
        return due_ms is None or due_ms >= _ms(now)

    def _play(self, now: datetime) -> None:
        self._nobody = False
        made = {place: records_of(self._tape, place, _ms(now)) for place in self._places}
        for flow in self._flows:
            flow.step(made)

    def _count(self, most: int) -> int:
        [(found,)] = self._scratch.connection.execute(_SEEN, (most,)).fetchall()
        return int(found)


def _whole(moment: datetime, step: timedelta) -> datetime:
    """Returns the first whole interval that is not before a moment."""
    over = timedelta(seconds=moment.timestamp() % step.total_seconds())
    return moment if not over else moment - over + step


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
