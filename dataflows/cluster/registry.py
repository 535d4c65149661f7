"""Where members meet: two small tables of the database that every one of them can reach anyway."""

from __future__ import annotations

import json
from typing import Any, Final

import psycopg

from dataflows.cluster.formation import Formation, Member, Seat, State
from dataflows.errors import Exit, UserError

EXPIRES_S: Final = 10
NOBODY: Final = Formation(0, ())


class ReplacedError(UserError):
    """Another process has taken this member's ordinal; it was started later, so this one ends."""

    exit_code = Exit.REPLACED


class Registry:
    """The members and the formation of one flow, by the database's clock."""

    def __init__(self, connection: psycopg.Connection[Any], flow: str) -> None:
        """Uses an autocommit connection; it is the caller's to open again when the database was away."""
        self._connection, self._flow = connection, flow

    def join(self, seat: Seat) -> None:
        """Takes the seat; whoever held its ordinal before is replaced."""
        self._connection.execute(
            """
            INSERT INTO cluster_members AS m (flow, member, incarnation, address, version, state, formation, seen_at)
            VALUES (%s, %s, %s, %s, %s, 'ready', 0, now())
            ON CONFLICT (flow, member) DO UPDATE SET incarnation = excluded.incarnation, address = excluded.address,
                version = excluded.version, state = 'ready', formation = 0, seen_at = now()
            """,
            (self._flow, seat.member, seat.incarnation, seat.address, seat.version),
        )

    def say(self, seat: Seat, state: State, formation: int) -> None:
        """Says that this member is alive, and what it does.

        Raises:
            ReplacedError: Where its ordinal belongs to another process by now.
        """
        done = self._connection.execute(
            """
            UPDATE cluster_members SET state = %s, formation = %s, seen_at = now()
            WHERE flow = %s AND member = %s AND incarnation = %s
            """,
            (state, formation, self._flow, seat.member, seat.incarnation),
        )
        if done.rowcount == 0:
            text = f"member {seat.member} of {self._flow} was started again elsewhere; this process ends"
            raise ReplacedError(text)

    def leave(self, seat: Seat) -> None:
        """Gives the seat up."""
        self._connection.execute(
            "DELETE FROM cluster_members WHERE flow = %s AND member = %s AND incarnation = %s",
            (self._flow, seat.member, seat.incarnation),
        )

    def present(self) -> list[Member]:
        """Returns the members that were heard of in the last `EXPIRES_S` seconds, by ordinal."""
        rows = self._connection.execute(
            """
            SELECT member, incarnation, address, version, state, formation FROM cluster_members
            WHERE flow = %s AND seen_at > now() - make_interval(secs => %s) ORDER BY member
            """,
            (self._flow, EXPIRES_S),
        ).fetchall()
        return [Member(Seat(*row[:4]), row[4], row[5]) for row in rows]

    def formation(self) -> Formation:
        """Returns the formation that is to be; `NOBODY` before the first."""
        row = self._connection.execute(
            "SELECT number, seats FROM cluster_formations WHERE flow = %s", (self._flow,)
        ).fetchone()
        return NOBODY if row is None else Formation(row[0], tuple(Seat(*seat) for seat in row[1]))

    def form(self, after: int, seats: tuple[Seat, ...]) -> None:
        """Calls a new formation, unless one was called since number `after`."""
        members = json.dumps([(s.member, s.incarnation, s.address, s.version) for s in seats])
        self._connection.execute(
            """
            INSERT INTO cluster_formations AS f (flow, number, seats, made_at) VALUES (%s, %s, %s, now())
            ON CONFLICT (flow) DO UPDATE SET number = excluded.number, seats = excluded.seats, made_at = now()
            WHERE f.number = %s
            """,
            (self._flow, after + 1, members, after),
        )
