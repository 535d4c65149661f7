"""What Grafana makes of a rule's answers: pending, firing, going on for a while, over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Ids = tuple[str, ...]
State = Literal["normal", "pending", "firing", "recovering"]
MISSING_LEAST: Final = 2
"""After so many evaluations without a row for it, while others have one, an alert is called over."""


@dataclass(slots=True)
class Alert:
    """One alert of a rule: its state, since when, and when it was last told anything."""

    state: State
    since: datetime
    reported: datetime

    @property
    def is_firing(self) -> bool:
        """Whether Alertmanager holds it for firing."""
        return self.state in {"firing", "recovering"}


@dataclass(frozen=True, slots=True)
class Turn:
    """An alert that began to call, or ceased to."""

    at: datetime
    ids: Ids
    is_firing: bool


class Machine:
    """The alerts of one rule as Grafana 12 keeps them (`pkg/services/ngalert/state`), with `KeepLast` for no data.

    Example:
        >>> from datetime import UTC
        >>> begin, machine = datetime(2026, 3, 2, 10, tzinfo=UTC), Machine(60, for_s=60, keep_s=0)
        >>> [bool(machine.step(begin + timedelta(minutes=n), {("7B",): True})) for n in range(3)]
        [False, True, False]
    """

    def __init__(self, every_s: int, for_s: int, keep_s: int) -> None:
        """Starts without alerts; all three in seconds, as the rule has them."""
        self._every = timedelta(seconds=every_s)
        self._for, self._keep = timedelta(seconds=for_s), timedelta(seconds=keep_s)
        self.alerts: dict[Ids, Alert] = {}

    @property
    def rests(self) -> bool:
        """Whether nothing calls or is about to: a further evaluation in which nothing fires changes nothing."""
        return all(alert.state == "normal" for alert in self.alerts.values())

    def step(self, at: datetime, answers: Mapping[Ids, bool]) -> list[Turn]:
        """Takes one evaluation; returns what turned.

        Args:
            at: When it was.
            answers: Whether it fires, by ids; without any row at all every alert stays as it is.
        """
        before = {ids: alert.is_firing for ids, alert in self.alerts.items()}
        if answers:
            for ids, fires in answers.items():
                alert = self.alerts.setdefault(ids, Alert("normal", at, at))
                self._next(alert, at, fires=fires)
        else:
            for alert in self.alerts.values():
                self._next(alert, at, fires=self._last(alert, at))
        self._forget(at)
        return [
            Turn(at, ids, alert.is_firing)
            for ids, alert in self.alerts.items()
            if alert.is_firing != before.get(ids, False)
        ] + [Turn(at, ids, False) for ids, called in before.items() if called and ids not in self.alerts]

    def _last(self, alert: Alert, at: datetime) -> bool | None:
        """Returns what no rows mean to an alert; None: nothing."""
        if alert.state == "pending":
            return True if at - alert.since >= self._for else None
        return alert.state == "firing"  # one that recovers goes on recovering

    def _next(self, alert: Alert, at: datetime, *, fires: bool | None) -> None:
        alert.reported = at
        if fires is None:
            return
        state = self._fires(alert, at) if fires else self._rests(alert, at)
        if state != alert.state:
            alert.state, alert.since = state, at

    def _fires(self, alert: Alert, at: datetime) -> State:
        if alert.state == "pending":
            return "firing" if at - alert.since >= self._for else "pending"
        return "pending" if alert.state == "normal" and self._for else "firing"

    def _rests(self, alert: Alert, at: datetime) -> State:
        if alert.state == "recovering":
            return "normal" if at - alert.since >= self._keep else "recovering"
        return "recovering" if alert.state == "firing" and self._keep else "normal"

    def _forget(self, at: datetime) -> None:
        """Drops alerts that had no row for two evaluations."""
        stale = [ids for ids, alert in self.alerts.items() if at - alert.reported >= MISSING_LEAST * self._every]
        for ids in stale:
            del self.alerts[ids]
