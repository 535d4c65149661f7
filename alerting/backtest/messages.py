"""What would have been sent: grouping, repeats and quiet times as Alertmanager keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from alerting.backtest.muted import is_muted
from alerting.backtest.queries import Call
from alerting.backtest.routes import Route, route_of
from alerting.grafana import FOLDER
from alerting.rules.rule import Rule

Name = tuple[str, ...]
"""A rule's name and the ids of one of its alerts."""
What = Literal["fires", "again", "over"]
_LONG: Final = timedelta(days=36500)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of one group.

    Attributes:
        at: When it was sent.
        receiver: The contact point.
        class_id: The class that it is about; empty where it is about none.
        what: Whether something began to fire, still fires, or all is over.
        alerts: What fires.
    """

    at: datetime
    receiver: str
    class_id: str
    what: What
    alerts: tuple[Name, ...]

    @property
    def calls(self) -> bool:
        """Whether it asks somebody to look."""
        return self.what != "over"


@dataclass(frozen=True, slots=True)
class _Stretch:
    name: Name
    since: datetime
    until: datetime


def messages(
    calls: Iterable[tuple[Rule, Call]],
    policy: Mapping[str, Any],
    mutes: Mapping[str, list[dict[str, Any]]],
    until: datetime,
) -> list[Message]:
    """Returns what would have been sent.

    Args:
        calls: When which rule called.
        policy: The policies, as they are provisioned.
        mutes: Times in which nothing is sent, by name, likewise.
        until: Up to when.
    """
    groups: dict[tuple[Route, Name, str], list[_Stretch]] = {}
    for rule, call in calls:
        labels = _labels(rule, call)
        route = route_of(labels, policy)
        group = route, tuple(labels.get(name, "") for name in route.group_by), labels.get("class_id", "")
        groups.setdefault(group, []).append(_Stretch((rule.name, *call.ids), call.since, call.until or until + _LONG))
    found = [
        message
        for (route, _labels_of, class_id), stretches in groups.items()
        for message in _reported(route, class_id, sorted(stretches, key=lambda s: s.since), mutes, until)
    ]
    return sorted(found, key=lambda message: (message.at, message.class_id, message.alerts))


def _labels(rule: Rule, call: Call) -> dict[str, str]:
    fixed = {"severity": rule.severity, "audience": rule.audience, "rule": rule.name}
    return {"alertname": rule.title, "grafana_folder": FOLDER, **fixed, **dict(zip(rule.ids, call.ids, strict=True))}


def _reported(
    route: Route, class_id: str, waiting: list[_Stretch], mutes: Mapping[str, list[dict[str, Any]]], until: datetime
) -> Iterable[Message]:
    """Yields one group's messages: it is looked at after a wait, then at intervals, until it is empty."""
    quiet = [interval for name in route.mutes for interval in mutes[name]]
    group: list[_Stretch] = []
    reported: frozenset[Name] = frozenset()
    last: datetime | None = None
    at = waiting[0].since + route.wait
    while at <= until:
        while waiting and waiting[0].since <= at:
            group.append(waiting.pop(0))
        firing = frozenset(s.name for s in group if s.until > at)
        if not is_muted(quiet, at):
            what = _what(
                firing,
                reported,
                ended=bool({s.name for s in group} - firing),
                due=last is None or last < at - route.repeat,
            )
            if what:
                yield Message(at, route.receiver, class_id, what, tuple(sorted(firing)))
                reported, last = firing, at
        group = [s for s in group if s.until > at]
        if group:
            at += route.interval
        elif waiting:
            at = max(waiting[0].since + route.wait, at)
        else:
            return


def _what(firing: frozenset[Name], reported: frozenset[Name], *, ended: bool, due: bool) -> What | None:
    if firing - reported:
        return "fires"
    if not firing:
        return "over" if reported else None
    return "again" if ended or due else None
