"""When messages wait, as settings say it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.holidays import Holiday, Interval
from alerting.times import NEVER, Times

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def times(**given_: Any) -> Times:
    return Times(_env_file=None, **given_)


def bare(intervals: list[Interval]) -> list[dict[str, Any]]:
    return [{name: value for name, value in interval.items() if name != "location"} for interval in intervals]


def covers(intervals: list[Interval], day: date) -> bool:
    """Says whether Alertmanager would count a day as inside."""

    def has(ranges: list[str], number: int) -> bool:
        spans = [[int(part) for part in (text.split(":") * 2)[:2]] for text in ranges]
        return any(first <= number <= last for first, last in spans)

    return any(
        has(one.get("years", ["1:9999"]), day.year)
        and has(one["months"], day.month)
        and has(one["days_of_month"], day.day)
        for one in intervals
    )


@given(DAYS, st.integers(0, 800), DAYS)
def test_a_dated_holiday_is_its_days_and_no_others(first: date, length: int, day: date) -> None:
    last = first + timedelta(days=length)
    holiday = Holiday.parse(f"{first}..{last}")
    assert covers(holiday.intervals(), day) == holiday.holds(day) == (first <= day <= last)


@given(DAYS, DAYS, DAYS)
def test_a_holiday_of_every_year_may_go_over_its_end(first: date, last: date, day: date) -> None:
    begins, ends, here = (f"{one:%m-%d}" for one in (first, last, day))
    try:
        holiday = Holiday.parse(f"{begins}..{ends}")
    except ValueError:
        assert begins[:2] == ends[:2]
        assert begins > ends
        return
    wanted = begins <= here <= ends if begins <= ends else here >= begins or here <= ends
    assert covers(holiday.intervals(), day) == holiday.holds(day) == wanted


@pytest.mark.parametrize("text", ["24-12", "2026-02-30", "02-30", "2026-12-23..01-02", "2026-05-02..2026-05-01", "x"])
def test_a_holiday_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(
        ValidationError, match=re.escape(text.split("..", maxsplit=1)[0]) + "|day is out of range|month must be"
    ):
        times(holidays=text)


def test_days_without_school_hours_are_the_weekend() -> None:
    named = times(school_hours="Sun 08:00-13:00; Mon-Thu 08:00-13:00").named()
    assert bare(named["weekends"]) == [{"weekdays": ["friday", "saturday"]}]
    assert bare(named["not-now"])[-1] == {"weekdays": ["friday", "saturday"]}


def test_the_digest_and_the_night_leave_out_the_rest_of_the_day() -> None:
    named = times(digest="14:00-15:00", night="21:00-24:00").named()
    around = [{"start_time": "00:00", "end_time": "14:00"}, {"start_time": "15:00", "end_time": "24:00"}]
    assert bare(named["not-now"])[0] == {"times": around}
    assert bare(named["nights"]) == [{"times": [{"start_time": "21:00", "end_time": "24:00"}]}]


def test_what_is_not_set_mutes_nothing() -> None:
    named = times(holidays="", night="", school_hours="Mon-Sun 00:00-23:59", digest="00:00-24:00").named()
    assert {name: bare(found) for name, found in named.items()} == dict.fromkeys(named, [NEVER])


@pytest.mark.parametrize(
    "given_", [{"digest": "16:00-15:30"}, {"digest": "15:30"}, {"night": "25:00-06:00"}, {"timezone": "Europe/Berln"}]
)
def test_a_time_that_is_none_is_refused(given_: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        times(**given_)


def test_all_times_are_those_of_the_deployments_zone() -> None:
    named = times(timezone="Europe/Berlin").named()
    assert {interval["location"] for found in named.values() for interval in found} == {"Europe/Berlin"}
