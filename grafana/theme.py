"""Colours and units: one meaning, one colour, on every board.

The colours are told apart by people with the common colour-vision deficiencies too: they differ in lightness,
and no panel relies on colour alone.
"""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import dashboard

ACTIVE: Final = "#56A64B"
IDLE: Final = "#F2A93B"
ABSENT: Final = "#8E8E9A"
OFFLINE: Final = "#6C6C78"
PRESENT: Final = "#3274D9"
ENROLLED: Final = "#A0A7B4"
NEUTRAL: Final = "#5794F2"
PROVISIONAL: Final = "#B8D4FF"
GOOD: Final = ACTIVE
WATCH: Final = IDLE
BAD: Final = "#E02F44"
CLEAR: Final = "transparent"

COUNT: Final = "locale"
SHARE: Final = "percentunit"
PERCENT: Final = "percent"
SCORE: Final = "none"
SECONDS: Final = "s"
DURATION: Final = "dtdurations"
HOURS: Final = "dthms"
CLOCK: Final = "time:HH:mm:ss"
FROM_NOW: Final = "dateTimeFromNow"
MOMENT: Final = "dateTimeAsIsoNoDateIfToday"

STATUS_COLOURS: Final = {"active": ACTIVE, "idle": IDLE, "absent": ABSENT, "offline": OFFLINE}


def status_mapping() -> dashboard.ValueMap:
    """Returns the value mapping that shows a student's status as a word in its colour.

    Example:
        >>> status_mapping().options["idle"].text
        'Idle'
    """
    return dashboard.ValueMap(
        options={
            status: dashboard.ValueMappingResult(text=status.capitalize(), color=colour, index=index)
            for index, (status, colour) in enumerate(STATUS_COLOURS.items())
        }
    )


def nothing_mapping(colour: str | None = ABSENT) -> dashboard.SpecialValueMap:
    """Returns the value mapping that shows a missing value (a mean over nobody) as a dash, not as a good zero."""
    return dashboard.SpecialValueMap(
        options=dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL_AND_NAN,
            result=dashboard.ValueMappingResult(text="–", color=colour, index=0),
        )
    )
