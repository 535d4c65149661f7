"""Who is there, who shall run together, and what a member does about it: decisions without a clock or a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

State = Literal["ready", "running", "failed", "leaving"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a formation.

    Attributes:
        member: Ordinal, from 0; the pod's number.
        incarnation: One start of the member's process; a pod that comes back is another one.
        address: `host:port` at which its worker can be reached by the others.
        version: Of its code; a cluster is of one version.
    """

    member: int
    incarnation: str
    address: str
    version: str


@dataclass(frozen=True, slots=True)
class Member:
    """What a member last said of itself.

    Attributes:
        seat: Who it is.
        state: `running` with the formation below, `ready` to run, `failed` in the formation below, or `leaving`.
        formation: Number of the formation that it runs (a leaving one runs until the next is called) or failed in; 0
            for none.
    """

    seat: Seat
    state: State
    formation: int


@dataclass(frozen=True, slots=True)
class Formation:
    """A cluster as it shall run; its number only grows. Without seats it is a pause: everybody stops."""

    number: int
    seats: tuple[Seat, ...]


class Action(Enum):
    """What a member does next."""

    WAIT = "wait"
    START = "start"
    STOP = "stop"
    """End the worker with a snapshot."""
    KILL = "kill"
    """End the worker at once: a peer is gone, so no snapshot of the whole cluster can come about."""


def wanted(present: list[Member]) -> tuple[Seat, ...]:
    """Returns the seats of the cluster that those present can form; nobody's without member 0.

    Member 0 alone keeps the recovery store, so that no volume is ever shared or copied. Those whose code is of
    another version than its own stand by: while an upgrade goes from pod to pod the cluster shrinks, and with member
    0, the last one, it is whole again.

    Args:
        present: Members that were heard of lately, by ordinal, at most one an ordinal.

    Example:
        >>> zero, two = (Member(Seat(n, "i", f"10.0.0.{n}:2101", "1.0"), "ready", 0) for n in (0, 2))
        >>> [seat.member for seat in wanted([zero, two])], wanted([two])
        ([0, 2], ())
    """
    seats = [m.seat for m in present if m.state != "leaving"]
    if not seats or seats[0].member != 0:
        return ()
    return tuple(seat for seat in seats if seat.version == seats[0].version)


def is_outdated(current: Formation, present: list[Member]) -> bool:
    """Returns whether member 0 should call a new formation: others are there than sit in it, or one has failed."""
    failed = any(m.state == "failed" and m.formation == current.number for m in present)
    return failed or wanted(present) != current.seats


def action(me: Seat, running: Formation | None, current: Formation, present: list[Member]) -> Action:
    """Returns what a member does.

    Nobody starts before everybody who was heard of has stopped: what the last one writes is in the snapshot, or
    belongs to a generation that the next claim ends.

    Args:
        me: This member.
        running: The formation that its worker runs, or None.
        current: The formation that is to be.
        present: Members that were heard of lately, this one among them.
    """
    if running is not None and running.number == current.number:
        return Action.WAIT
    here = {m.seat for m in present}
    if running is not None:
        failed = any(m.state == "failed" and m.formation == running.number for m in present)
        return Action.STOP if here >= set(running.seats) and not failed else Action.KILL
    busy = any(m.state in {"running", "leaving"} and m.formation not in {0, current.number} for m in present)
    return Action.START if me in current.seats and here >= set(current.seats) and not busy else Action.WAIT
