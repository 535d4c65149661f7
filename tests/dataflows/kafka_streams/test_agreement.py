"""ClassPulse and Kafka Streams answer the same log alike; where they do not, it is one of the differences named here.

`answers.json` holds what Kafka Streams' own test driver answered; `test_answers.py` asks it again.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from dataflows.engagement import flow as engagement
from dataflows.operators.aggregates import Count
from dataflows.operators.flow import WindowedFlow
from dataflows.operators.windows import Hopping, Session, Sliding, Window
from dataflows.testing import Driver
from tests.dataflows.kafka_streams.recorded import AT, EDGES, ENDS, MINUTE, PARTITIONS, PUNCTUAL, Event, inputs, kept

ANSWERS = kept()
LOGS = inputs()
EVERY = pytest.mark.parametrize("partition", LOGS)
PUNCTUALLY = pytest.mark.parametrize("partition", range(PUNCTUAL, PUNCTUAL + PARTITIONS))
LATELY = pytest.mark.parametrize("partition", range(PARTITIONS))

Counts = dict[tuple[int, int, str], int]


def without_ids(records: list[Event]) -> list[Event]:
    """Kafka Streams knows no event ids: what is said again is another event to it."""
    return [{name: value for name, value in record.items() if name != "event_id"} for record in records]


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def minutes(partition: int, records: list[Event]) -> dict[str, str]:
    driver = Driver(engagement, task=partition)
    driver.send(records, batch=17)
    return {
        f"{ms(row['window_start'])}/{row['scope']}/{row['scope_id']}": f"{row['events']}/{row['active_students']}"
        for row in driver.rows("activity_windows")
        if row["scope"] in {"all", "class"} and row["events"] and ms(row["window_start"]) < ENDS
    }


def counts(window: Window, lateness_s: int, records: list[Event], partition: int) -> Counts:
    flow = WindowedFlow(
        name="counted",
        topic="clickstream_events",
        key=("student_id",),
        window=window,
        aggregates={"events": Count()},
        table="counted",
        lateness_s=lateness_s,
    )
    driver = Driver(flow, task=partition)
    driver.send(without_ids(records), batch=17)
    return {
        (ms(row["window_start"]), ms(row["window_end"]), row["student_id"]): row["events"]
        for row in driver.rows("counted")
        if ms(row["window_start"]) < ENDS
    }


def counted(rows: dict[str, str]) -> Counts:
    found: Counts = {}
    for key, value in rows.items():
        start, end, student = key.split("/")
        found[int(start), int(end), student] = int(value)
    return found


def theirs(topology: str, partition: int) -> Counts:
    return counted(ANSWERS[topology][partition])


@EVERY
def test_minutes_hold_the_same_events_and_students(partition: int) -> None:
    assert minutes(partition, without_ids(LOGS[partition])) == ANSWERS["dsl"][partition]


@EVERY
def test_what_is_said_again_counts_once_here_and_twice_there(partition: int) -> None:
    once = minutes(partition, LOGS[partition])
    said = {record["event_id"] for record in LOGS[partition]}
    assert once.keys() == ANSWERS["dsl"][partition].keys()
    for key, value in ANSWERS["dsl"][partition].items():
        events, students = map(int, value.split("/"))
        ours, same = map(int, once[key].split("/"))
        assert students == same
        assert ours <= events
    assert (len(said) < len(LOGS[partition])) == (once != ANSWERS["dsl"][partition])


@PUNCTUALLY
@pytest.mark.parametrize(
    ("topology", "window", "lateness_s"),
    [("hopping", Hopping(600, 300), 60), ("sessions_instant", Session(1800), 5400)],
)
def test_hopping_and_session_windows_agree(topology: str, window: Window, lateness_s: int, partition: int) -> None:
    assert counts(window, lateness_s, LOGS[partition], partition) == theirs(topology, partition)


@PUNCTUALLY
def test_our_sliding_windows_are_those_of_theirs_that_end_with_an_event(partition: int) -> None:
    instants = {(record["student_id"], record["timestamp"]) for record in LOGS[partition]}
    ending = {key: n for key, n in theirs("sliding", partition).items() if (key[2], key[1]) in instants}
    ours = counts(Sliding(600), 60, LOGS[partition], partition)
    # Ours leave out the instant at which they begin; theirs hold both ends, and were asked for an instant less.
    assert {(start + 1, end, student): n for (start, end, student), n in ours.items()} == ending


@LATELY
def test_a_late_event_is_late_for_all_its_hopping_windows_here_and_for_the_closed_ones_there(partition: int) -> None:
    ours, other = counts(Hopping(600, 300), 60, LOGS[partition], partition), theirs("hopping", partition)
    assert ours.keys() <= other.keys()
    assert all(ours[key] <= other[key] for key in ours)
    assert ours != other


@LATELY
def test_a_late_event_that_touches_an_open_session_counts_there_and_not_here(partition: int) -> None:
    ours, other = counts(Session(1800), 5400, LOGS[partition], partition), theirs("sessions_instant", partition)
    assert sum(ours.values()) < sum(other.values())
    for start, end, student in ours:
        assert any(s <= start and end <= e and who == student for s, e, who in other)


def test_sessions_part_at_half_an_hour_here_and_after_it_there() -> None:
    def edge(*sessions: tuple[int, int, int]) -> Counts:
        return {(AT + start, AT + end, "edge"): n for start, end, n in sessions}

    assert theirs("sessions", EDGES) == edge(
        (0, 60 * MINUTE - 1, 3), (120 * MINUTE + 1, 150 * MINUTE, 2), (200 * MINUTE, 230 * MINUTE, 2)
    )
    # The last event came 110 minutes late: by itself it is out; that it touches 02:30 does not help it.
    assert counts(Session(1800), 5400, LOGS[EDGES], EDGES) == edge(
        (0, 0, 1),
        (30 * MINUTE, 60 * MINUTE - 1, 2),
        (150 * MINUTE, 150 * MINUTE, 1),
        (200 * MINUTE, 200 * MINUTE, 1),
        (230 * MINUTE, 230 * MINUTE, 1),
    )
