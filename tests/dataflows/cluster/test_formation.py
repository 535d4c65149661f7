"""Who runs with whom: nobody starts before everybody has stopped, and nobody waits for a pod that is gone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dataflows.cluster.formation import Action, Formation, Member, Seat, State, action, is_outdated, wanted
from dataflows.cluster.member import SETTLE_S, Caller

SEATS = tuple(Seat(number, f"start-{number}", f"10.0.0.{number}:2101", "1.0") for number in range(4))


def member(number: int, state: State = "ready", formation: int = 0) -> Member:
    return Member(SEATS[number], state, formation)


def test_a_member_starts_once_all_of_its_formation_are_there_and_nobody_runs_an_older_one() -> None:
    two = Formation(7, SEATS[:2])
    assert action(SEATS[0], None, two, [member(0)]) is Action.WAIT
    assert action(SEATS[0], None, two, [member(0), member(1, "running", 6)]) is Action.WAIT
    assert action(SEATS[0], None, two, [member(0), member(1, "leaving", 6)]) is Action.WAIT
    assert action(SEATS[0], None, two, [member(0), member(1)]) is Action.START
    assert action(SEATS[0], None, two, [member(0), member(1, "running", 7)]) is Action.START
    assert action(SEATS[2], None, two, [member(0), member(1), member(2)]) is Action.WAIT


def test_a_new_formation_stops_a_worker_cleanly_while_its_peers_are_well_and_at_once_where_one_is_gone() -> None:
    old, new = Formation(6, SEATS[:2]), Formation(7, SEATS[:3])
    well = [member(0, "running", 6), member(1, "running", 6), member(2)]
    assert action(SEATS[0], old, new, well) is Action.STOP
    assert action(SEATS[0], old, new, [well[0], well[2]]) is Action.KILL
    assert action(SEATS[0], old, new, [well[0], member(1, "failed", 6), well[2]]) is Action.KILL
    back = Member(replace(SEATS[1], incarnation="again"), "ready", 0)
    assert action(SEATS[0], old, new, [well[0], back, well[2]]) is Action.KILL
    assert action(SEATS[0], old, old, well) is Action.WAIT


def test_without_member_0_who_keeps_the_store_nobody_is_to_run() -> None:
    assert wanted([member(1), member(2)]) == ()
    assert wanted([member(0), member(2), member(3, "leaving", 5)]) == (SEATS[0], SEATS[2])


def test_during_an_upgrade_the_cluster_is_of_the_version_of_member_0() -> None:
    newer = [Member(replace(SEATS[n], version="1.1"), "ready", 0) for n in (2, 3)]
    assert wanted([member(0), member(1), *newer]) == SEATS[:2]


def test_a_formation_is_called_when_what_is_there_has_stayed_the_same_for_a_while() -> None:
    caller, one = Caller(), Formation(1, SEATS[:1])
    assert caller.call(one, [member(0), member(1)], 0.0) is None
    assert caller.call(one, [member(0), member(1), member(2)], SETTLE_S) is None, "another came: wait again"
    assert caller.call(one, [member(0), member(1), member(2)], 2 * SETTLE_S) == SEATS[:3]
    three = Formation(2, SEATS[:3])
    assert caller.call(three, [member(0), member(1), member(2)], 9 * SETTLE_S) is None


def test_a_worker_that_keeps_failing_is_started_again_at_growing_distances() -> None:
    caller, waits, now, number = Caller(), [], 0.0, 1
    for _ in range(5):
        failed, since = [member(0, "failed", number)], now
        while caller.call(Formation(number, SEATS[:1]), failed, now) is None:
            now += 0.5
        waits.append(now - since)
        number += 1
    assert waits == sorted(waits)
    assert waits[0] < 10 < waits[-1] <= 31


STATES: st.SearchStrategy[tuple[State, int]] = st.sampled_from(
    [("ready", 0), ("running", 1), ("running", 2), ("leaving", 1), ("failed", 1), ("ready", 0)]
)


@given(st.lists(STATES, min_size=1, max_size=4), st.integers(1, 4))
def test_nobody_starts_while_anybody_runs_another_formation(states: list[tuple[State, int]], size: int) -> None:
    present = [member(number, *said) for number, said in enumerate(states)]
    current = Formation(2, SEATS[:size])
    starts = any(action(m.seat, None, current, present) is Action.START for m in present)
    assert not (starts and any(m.formation == 1 and m.state in {"running", "leaving"} for m in present))
    assert is_outdated(current, present) == (wanted(present) != current.seats)
