"""Twins who do the same are called the same: on another device, under another name, in another zone, on a slow line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dataflows.stuck import flow
from dataflows.testing import Driver
from tests.dataflows.stuck.test_episodes import at, lesson

HOURS = timedelta(hours=9)
PHONE = {"device_type": "mobile", "os": "Android", "browser": "Firefox Mobile"}

Event = dict[str, Any]
Rows = list[tuple[Any, ...]]


def called(events: list[Event], name: Callable[[str], str] = str, shift: timedelta = timedelta()) -> Rows:
    """Returns who was called when for what, names and times as the first twin has them."""
    driver = Driver(flow)
    driver.send(events)
    driver.tick(at(300) + shift)
    columns = ("item_id", "kind", "chance", "evidence", "outcome")
    rows = driver.rows("stuck_episodes")
    back = {name(f"s{n}"): f"s{n}" for n in range(5)}
    return sorted(
        (back[row["student_id"]], row["began_at"] - shift, row["since"] - shift, *(row[c] for c in columns))
        for row in rows
    )


def slow(events: list[Event]) -> list[Event]:
    """Every third event is on its way for 30 seconds, and comes after those that were made later."""
    made = [
        {**one, "append_ms": int((one["timestamp"]).timestamp() * 1000) + 30_000 * (n % 3 == 0)}
        for n, one in enumerate(events)
    ]
    return sorted(made, key=lambda one: one["append_ms"])


@pytest.mark.parametrize("seed", range(3))
def test_twins_are_called_alike(seed: int) -> None:
    # in order of time and each once: which of two events of one instant came first is no matter of fairness
    first = {one["event_id"]: one for one in lesson(seed)}
    events = sorted(first.values(), key=lambda one: one["timestamp"])
    expected = called(events)
    assert len(expected) > 5
    assert called([one | PHONE for one in events]) == expected

    def foreign(name: str) -> str:
        return f"Nguyễn-{name}-ß"

    assert called([one | {"student_id": foreign(one["student_id"])} for one in events], foreign) == expected
    shifted = [one | {"timestamp": one["timestamp"] + HOURS} for one in events]
    assert called(shifted, shift=HOURS) == expected
    assert called(slow(events)) == expected
