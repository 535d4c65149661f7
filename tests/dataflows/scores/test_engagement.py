"""The engagement score by hand."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.scores.engagement import engagement_scores, is_interaction, round4, streak_days, weight_tenths

THURSDAY = date(2026, 3, 5)


def one(since_ms: int, tenths: int, minutes: int, days: int) -> tuple[float, ...]:
    scores = engagement_scores(*(np.array([value]) for value in (since_ms, tenths, minutes, days)))
    return tuple(
        float(part[0]) for part in (scores.score, scores.recency, scores.intensity, scores.duration, scores.streak)
    )


@pytest.mark.parametrize(
    ("since_ms", "tenths", "minutes", "days", "expected"),
    [
        (0, 100, 45, 7, (1.0, 1.0, 1.0, 1.0, 1.0)),
        (0, 0, 0, 0, (0.35, 1.0, 0.0, 0.0, 0.0)),
        # a clock ahead of the minute's end is as recent as can be
        (-5_000, 0, 0, 0, (0.35, 1.0, 0.0, 0.0, 0.0)),
        # five minutes ago: exp(-1) = 0.36788; 0.35 * 0.367879 = 0.128758
        (300_000, 0, 0, 0, (0.1288, 0.3679, 0.0, 0.0, 0.0)),
        # 0.35 * exp(-0.1) + 0.35 * 0.37 + 0.2 * 9/45 + 0.1 * 3/7 = 0.316693 + 0.1295 + 0.04 + 0.042857
        (30_000, 37, 9, 3, (0.5291, 0.9048, 0.37, 0.2, 0.4286)),
        # more than the full measure counts as the full measure
        (0, 100, 400, 30, (1.0, 1.0, 1.0, 1.0, 1.0)),
    ],
)
def test_known_scores(since_ms: int, tenths: int, minutes: int, days: int, expected: tuple[float, ...]) -> None:
    assert one(since_ms, tenths, minutes, days) == expected


def test_values_are_rounded_once_at_four_decimals_halves_up() -> None:
    assert round4(np.array([0.12344999, 0.12345, 0.12355, 0.99995])).tolist() == [0.1234, 0.1235, 0.1236, 1.0]
    # the parts that are shown are rounded, the score is made from the unrounded ones
    score, recency, *_ = one(251_000, 0, 0, 0)
    assert score == round(0.35 * math.exp(-251 / 300), 4) != round(0.35 * round(recency * 1.0, 3), 4)


@pytest.mark.parametrize(
    ("name", "tenths"),
    [
        ("video_play", 10),
        ("video_complete", 10),
        ("quiz_start", 8),
        ("assignment_submit", 8),
        ("page_view", 4),
        ("scroll", 4),
        ("time_ping", 1),
        ("heartbeat", 1),
        ("button_click", 3),
        ("login", 3),
        ("Wiki page viewed", 3),
        ("idle", 0),
        ("session_end", 0),
        ("course_enroll", 0),
        ("course_unenroll", 0),
        ("course_complete", 0),
    ],
)
def test_every_kind_of_event_has_its_weight_and_only_interactions_have_one(name: str, tenths: int) -> None:
    assert weight_tenths(name, hidden=False) == tenths
    assert is_interaction(name, hidden=False) == (tenths > 0)


def test_a_ping_from_a_hidden_tab_is_no_interaction() -> None:
    assert weight_tenths("time_ping", hidden=True) == 0


def days_of(active: list[int]) -> int:
    """Returns the streak as of Thursday 5 March 2026; `active` says how many days before it."""
    today = (THURSDAY - date(1970, 1, 1)).days
    last = min(active, default=0)
    bits = sum(1 << (back - last) for back in active)
    return int(streak_days(np.array([bits]), np.array([today - last]), np.array([today]))[0])


@pytest.mark.parametrize(
    ("active", "streak"),
    [
        ([], 0),
        ([0], 1),
        ([1], 1),  # today is not over
        ([2], 0),  # yesterday was empty
        ([0, 1, 2, 3], 4),  # Thursday to Monday
        ([0, 1, 2, 3, 6], 5),  # over the empty weekend to Friday
        ([0, 1, 2, 3, 5, 6], 6),  # an active Saturday counts
        ([0, 1, 2, 3, 7], 4),  # an empty Friday breaks it
        ([0, 1, 2, 3, 6, 7, 8, 9, 10], 7),  # at most seven count
        ([1, 2, 3, 6, 7, 8, 9], 7),  # the longest way back: today open, one weekend
        ([31], 0),
    ],
)
def test_a_streak_skips_empty_weekends_and_does_not_break_before_today_ends(active: list[int], streak: int) -> None:
    assert days_of(active) == streak


@given(st.sets(st.integers(0, 31)))
def test_a_streak_is_that_of_a_plain_count(active: set[int]) -> None:
    today, count = THURSDAY.toordinal(), 0
    back = 0 if 0 in active else 1
    while count < 7 and (back in active or date.fromordinal(today - back).weekday() >= 5):
        count += back in active
        back += 1
    assert days_of(sorted(active)) == count
