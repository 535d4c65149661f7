"""Which policy an alert falls under, read from what is provisioned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PART: Final = re.compile(r"(\d+)([smhd])")


@dataclass(frozen=True, slots=True)
class Route:
    """How alerts of one policy are told.

    Attributes:
        receiver: The contact point.
        group_by: The labels by which alerts are grouped.
        wait: How long a new group waits.
        interval: How often a group is looked at.
        repeat: After how long what still fires is told again.
        mutes: Names of the times in which nothing is sent.
    """

    receiver: str
    group_by: tuple[str, ...]
    wait: timedelta
    interval: timedelta
    repeat: timedelta
    mutes: tuple[str, ...]


def route_of(labels: Mapping[str, str], policy: Mapping[str, Any]) -> Route:
    """Returns the policy under which an alert falls: the first that matches, and within it likewise.

    Args:
        labels: The alert's.
        policy: The tree, such as `alerting.delivery.files.policy_file(...)["policies"][0]`.
    """
    found = dict(policy)
    while inner := next((r for r in found.get("routes", []) if _matches(labels, r.get("object_matchers", []))), None):
        # everything is inherited but when it is muted
        found = {**found, "routes": [], "mute_time_intervals": [], **inner}
    return Route(
        found["receiver"],
        tuple(found["group_by"]),
        duration(found["group_wait"]),
        duration(found["group_interval"]),
        duration(found["repeat_interval"]),
        tuple(found.get("mute_time_intervals", ())),
    )


def duration(text: str) -> timedelta:
    """Reads a length of time.

    Example:
        >>> duration("1h30m")
        datetime.timedelta(seconds=5400)
    """
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())


def _matches(labels: Mapping[str, str], matchers: list[list[str]]) -> bool:
    return all(_match(labels.get(name, ""), operator, value.replace("$$", "$")) for name, operator, value in matchers)


def _match(value: str, operator: str, wanted: str) -> bool:
    same = bool(re.fullmatch(wanted, value)) if "~" in operator else value == wanted
    return same is not operator.startswith("!")
