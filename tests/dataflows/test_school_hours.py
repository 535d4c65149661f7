"""School hours hold by the school's own clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from dataflows.school_hours import SchoolHours


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-01-14T06:59:59Z", False),  # a Wednesday in winter: 07:59:59 in Berlin
        ("2026-01-14T07:00:00Z", True),
        ("2026-07-15T05:59:59Z", False),  # the same an hour earlier in summer
        ("2026-07-15T06:00:00Z", True),
        ("2026-07-15T12:59:59Z", True),
        ("2026-07-15T13:00:00Z", False),
        ("2026-07-18T09:00:00Z", False),  # a Saturday
    ],
)
def test_hours_follow_the_clock_on_the_wall_through_summer_time(moment: str, holds: bool) -> None:
    assert SchoolHours.parse("Mon-Fri 08:00-15:00", "Europe/Berlin").holds(datetime.fromisoformat(moment)) is holds


def test_no_hours_never_hold() -> None:
    assert not SchoolHours.parse("", "UTC").holds(datetime.fromisoformat("2026-07-15T09:00:00Z"))


@pytest.mark.parametrize("text", ["Mon-Fri 8:00-15:00", "Mo 08:00-15:00", "Fri-Mon 08:00-15:00", "Mon 15:00-08:00"])
def test_hours_of_another_form_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="school hours"):
        SchoolHours.parse(text, "UTC")
