"""Clients' clocks: order never changes, and nothing is wrong by more than its line was slow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ingest.clock import SLOWEST_MS, Clocks
from dataflows.kafka.peek import event_time_ms

NOW = 1_790_000_000_000
HOURS_3, DAYS_2 = 3 * 3_600_000, 2 * 86_400_000


@st.composite
def days(draw: st.DrawFn) -> tuple[int, list[tuple[list[int], int, int]]]:
    """A clock's error, and requests: (when its events truly happened, when they were sent, the line's delay)."""
    error = draw(st.one_of(st.just(0), st.integers(-HOURS_3, HOURS_3), st.integers(-40_000, 40_000)))
    sent, requests = NOW, []
    for _ in range(draw(st.integers(1, 6))):
        ages = draw(st.lists(st.one_of(st.integers(0, 5_000), st.integers(0, DAYS_2)), min_size=1, max_size=4))
        sent += draw(st.integers(0, 40_000))
        requests.append(([sent - age for age in sorted(ages, reverse=True)], sent, draw(st.integers(0, SLOWEST_MS))))
    return error, requests


def placed(clocks: Clocks, error: int, requests: list[tuple[list[int], int, int]]) -> list[tuple[int, int, int]]:
    """Sends requests as they arrive; returns (true time, time given, delay) of each event."""
    found = []
    for times, sent, delay in sorted(requests, key=lambda request: request[1] + request[2]):
        for true in times:
            event: dict[str, Any] = {"student_id": "ann", "timestamp": true + error}
            clocks.change(event, "clickstream_events", sent + error, sent + delay)
            found.append((true, event_time_ms(event, "clickstream_events") or 0, delay))
    return found


@given(days())
@settings(max_examples=200, deadline=None)
def test_order_never_changes_and_the_error_is_at_most_a_lines_delay(
    case: tuple[int, list[tuple[list[int], int, int]]],
) -> None:
    error, requests = case
    found = placed(Clocks(), error, requests)
    for true, given_ms, _delay in found:
        assert abs(given_ms - true) <= SLOWEST_MS
    for one in found:
        for other in found:
            if one[0] < other[0]:
                assert one[1] <= other[1]
    certain = error > SLOWEST_MS or error < -SLOWEST_MS
    slowest = max(delay for *_, delay in found)
    for true, given_ms, _delay in found if certain else []:
        assert 0 <= given_ms - true <= slowest, "a clock that is surely wrong is right but for its line"


def test_an_offline_queue_with_a_right_clock_stays_as_it_is() -> None:
    assert placed(Clocks(), 0, [([NOW - DAYS_2, NOW - 5], NOW, 20_000)]) == [
        (NOW - DAYS_2, NOW - DAYS_2, 20_000),
        (NOW - 5, NOW - 5, 20_000),
    ]


def test_what_was_changed_is_kept_with_the_event() -> None:
    event: dict[str, Any] = {"student_id": "ann", "timestamp": "2026-09-21T14:13:20.000Z", "metadata": {"a": 1}}
    sent = event_time_ms(event, "clickstream_events") or 0
    assert Clocks().change(event, "clickstream_events", sent, sent - HOURS_3 + 700)
    assert event["metadata"] == {"a": 1, "clock_shift_ms": 700 - HOURS_3}
    assert event["timestamp"] == "2026-09-21T11:13:20.700+00:00"


def test_a_clock_that_was_set_between_event_and_sending_is_seen_by_the_monotonic_age() -> None:
    event: dict[str, Any] = {"student_id": "ann", "timestamp": NOW - HOURS_3, "age_ms": 4_000, "sent_at": NOW}
    assert Clocks().change(event, "clickstream_events", None, NOW + 100)
    assert event["timestamp"] == NOW - 4_000
    assert "age_ms" not in event and "sent_at" not in event


def test_a_clock_that_is_set_back_is_another_clock() -> None:
    clocks = Clocks()
    assert placed(clocks, HOURS_3, [([NOW - 10], NOW, 50)])[0][1] == NOW - 10 + 50
    assert placed(clocks, 0, [([NOW + 1_000], NOW + 2_000, 50)])[0][1] == NOW + 1_000


@pytest.mark.parametrize("said", [None, "", "soon", True, {}, -5, 10**400])
def test_a_sending_time_that_is_none_changes_nothing(said: object) -> None:
    event: dict[str, Any] = {"student_id": "ann", "timestamp": NOW}
    assert not Clocks().change(event, "clickstream_events", said, time.time_ns() // 1_000_000)
    assert event == {"student_id": "ann", "timestamp": NOW}


def test_only_so_many_clocks_are_remembered() -> None:
    clocks = Clocks(most=2)
    for name in "abc":
        clocks.of(name, 0)
    assert len(clocks._clocks) == 2
