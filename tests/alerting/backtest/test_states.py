"""Grafana's states by sequences: `.` nothing fires, `!` fires, `-` no row for anybody, `x` none for this one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerting.backtest.states import Ids, Machine

BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
ME, OTHER = ("7B",), ("7C",)
ANSWERS: dict[str, dict[Ids, bool]] = {
    ".": {ME: False, OTHER: False},
    "!": {ME: True, OTHER: False},
    "-": {},
    "x": {OTHER: False},
}


def states(reported: str, *, for_min: int = 0, keep_min: int = 0) -> str:
    """Returns the state after each minute: n(ormal), p(ending), f(iring), r(ecovering), or a blank where it is gone."""
    machine, found = Machine(60, for_min * 60, keep_min * 60), ""
    for minute, mark in enumerate(reported):
        machine.step(BEGIN + timedelta(minutes=minute), ANSWERS[mark])
        found += machine.alerts[ME].state[0] if ME in machine.alerts else " "
    return found


@pytest.mark.parametrize(
    ("reported", "for_min", "keep_min", "expected"),
    [
        (".!.", 0, 0, "nfn"),
        (".!!!!", 3, 0, "npppf"),
        ("!!!.!!!!", 3, 0, "pppnpppf"),  # a gap begins anew
        ("!...", 0, 2, "frrn"),
        ("!.!...", 0, 2, "frfrrn"),  # what comes back while it goes on fires at once, and goes on as long again
        ("!!!!..!", 3, 5, "pppfrrf"),  # it does not wait a second time
    ],
)
def test_an_alert_waits_fires_goes_on_and_is_over(reported: str, for_min: int, keep_min: int, expected: str) -> None:
    assert states(reported, for_min=for_min, keep_min=keep_min) == expected


@pytest.mark.parametrize(
    ("reported", "for_min", "keep_min", "expected"),
    [
        ("!---", 0, 0, "ffff"),
        (".---", 0, 0, "nnnn"),
        ("!!---", 3, 0, "pppff"),  # what waits goes on waiting, and its time runs
        ("!.---", 0, 2, "frrnn"),  # so does the time of what goes on
    ],
)
def test_without_any_row_every_alert_stays_as_it_is(reported: str, for_min: int, keep_min: int, expected: str) -> None:
    assert states(reported, for_min=for_min, keep_min=keep_min) == expected


def test_an_alert_without_a_row_of_its_own_is_over_after_two_evaluations() -> None:
    assert states("!xx!") == "ff f"


def test_turns_tell_when_an_alert_begins_to_call_and_when_it_ceases() -> None:
    machine = Machine(60, 60, 120)
    reported = [
        turn for n, mark in enumerate("!!..--") for turn in machine.step(BEGIN + timedelta(minutes=n), ANSWERS[mark])
    ]
    assert [((turn.at - BEGIN) // timedelta(minutes=1), turn.ids, turn.is_firing) for turn in reported] == [
        (1, ME, True),
        (4, ME, False),
    ]
    assert not machine.alerts[OTHER].is_firing


def test_a_machine_rests_only_while_nothing_waits_calls_or_goes_on() -> None:
    machine, rests = Machine(60, 60, 60), []
    for minute, mark in enumerate(".!!..."):
        machine.step(BEGIN + timedelta(minutes=minute), ANSWERS[mark])
        rests.append(machine.rests)
    assert rests == [True, False, False, False, True, True]
