"""The archive's events in the order in which they came, a piece of time at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, LiteralString

import psycopg
from psycopg import sql

from dataflows.rebuild.history import EVENT_JSON

Clock = Literal["wall", "data"]
Place = tuple[str, int]
"""A topic and its partition."""

PIECE: Final = timedelta(minutes=30)
REACH: Final = timedelta(minutes=30)
"""How far before a piece its events may have happened; those that came later still are read once, before."""
LATEST: Final = timedelta(days=7)
"""What came later still is not read."""
AHEAD: Final = timedelta(hours=1)
"""How far a clock can run ahead of the moment at which its event was accepted, generously."""

ARRIVAL: Final[Mapping[Clock, LiteralString]] = {
    "wall": "ingested_at",
    # a replayed log: when its watermark had come as far
    "data": "greatest(watermark_before, least(event_time, ingested_at))",
}


_EVENTS: Final = """
SELECT topic, partition, kafka_offset, (extract(epoch FROM ingested_at) * 1000)::bigint,
       (extract(epoch FROM watermark_before) * 1000)::bigint, (extract(epoch FROM {arrival}) * 1000)::bigint, {event}
FROM events
WHERE topic = ANY(%(topics)s) AND {arrival} >= %(since)s AND {arrival} < %(until)s AND {which}
  AND (NOT {only} OR event_name = 'quiz_submit' OR topic NOT LIKE '%%clickstream%%')
"""


@dataclass(slots=True)
class Arrivals:
    """What came to one topic-partition in a piece of time, in log order; the lists have equal length.

    Attributes:
        offsets: Offsets.
        append_ms: Append times.
        before: The watermark that each met, where it met one.
        arrival_ms: When each came; never backwards.
        values: The events as JSON.
    """

    offsets: list[int] = field(default_factory=list)
    append_ms: list[int] = field(default_factory=list)
    before: list[int | None] = field(default_factory=list)
    arrival_ms: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def after(self, begin: int, more: Arrivals) -> Arrivals:
        """Returns the rows from one on, and what came after them."""
        return Arrivals(
            self.offsets[begin:] + more.offsets,
            self.append_ms[begin:] + more.append_ms,
            self.before[begin:] + more.before,
            self.arrival_ms[begin:] + more.arrival_ms,
            self.values[begin:] + more.values,
        )


@dataclass(frozen=True, slots=True)
class Stall:
    """A time in which a topic-partition's watermark stood still, as the next event met it: after `since_ms`."""

    place: Place
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Archive:
    """Reads what is stored.

    Attributes:
        connection: The database; it is only read.
        topics: Those of the flows that are played.
        clock: By which clock events came.
        alone: The flows that are played; to memory alone of the clickstream's events only submitted quizzes matter.
    """

    connection: psycopg.Connection[Any]
    topics: list[str]
    clock: Clock
    alone: Sequence[str] = ()

    def places(self) -> list[Place]:
        """Returns the topic-partitions that ever held an event."""
        rows = self.connection.execute(
            "SELECT task, offsets FROM task_progress WHERE flow = 'archive' ORDER BY task"
        ).fetchall()
        wanted = set(self.topics)
        return [
            (topic, task) for task, offsets in rows for topic, end in sorted(offsets.items()) if end and topic in wanted
        ]

    def bounds(self) -> tuple[datetime, datetime] | None:
        """Returns when the first stored event happened, and up to when it is known what came; None where none did."""
        found = [
            self.connection.execute(
                sql.SQL(
                    "SELECT event_time, {} FROM events WHERE topic = ANY(%s) ORDER BY event_time {} LIMIT 1"
                ).format(self._arrival, sql.SQL(order)),
                (self.topics,),
            ).fetchone()
            for order in ("", "DESC")
        ]
        first, last = found
        if first is None or last is None:
            return None
        rows = self.connection.execute("SELECT watermarks FROM task_progress WHERE flow = 'archive'").fetchall()
        known = [mark for (marks,) in rows for topic, mark in marks.items() if topic in self.topics and mark > 0]
        # ticks bring a watermark on where no event comes
        return first[0], max([last[1], *(datetime.fromtimestamp(mark / 1000, UTC) for mark in known)])

    @property
    def _arrival(self) -> sql.SQL:
        return sql.SQL(ARRIVAL[self.clock])

    def stalls(self, since: datetime, until: datetime, least_s: int) -> list[Stall]:
        """Returns where watermarks stood still for longer than so many seconds; by the data's clock none does."""
        if self.clock == "data":
            return []
        rows = self.connection.execute(
            "SELECT topic, partition, (extract(epoch FROM watermark_before) * 1000)::bigint, "
            "(extract(epoch FROM max(ingested_at)) * 1000)::bigint FROM events "
            "WHERE topic = ANY(%s) AND event_time >= %s AND event_time < %s AND ingested_at >= %s "
            "AND watermark_before < %s AND ingested_at - watermark_before > make_interval(secs => %s) GROUP BY 1, 2, 3",
            (self.topics, since - LATEST, until + AHEAD, since, until, least_s),
        ).fetchall()
        return [Stall((topic, partition), mark, upto) for topic, partition, mark, upto in rows]

    def pieces(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, dict[Place, Arrivals]]]:
        """Yields, for each piece of time, its end and what came before it."""
        late = self._late(since, until)
        start = since
        while start < until:
            end = min(start + PIECE, until)
            rows = self._rows(
                sql.SQL("event_time >= %(reach)s AND event_time < %(ahead)s"),
                {"since": start, "until": end, "reach": start - REACH, "ahead": end + AHEAD},
            )
            rows += late.pop(start, [])
            if not rows:
                end = min([until, *late, self._next(since, start)])
            yield end, _by_place(rows)
            start = end

    def _next(self, since: datetime, after: datetime) -> datetime:
        """Returns the begin of a piece before which nothing comes any more: the nights and holidays are long."""
        row = self.connection.execute(
            "SELECT event_time FROM events WHERE event_time >= %s ORDER BY event_time LIMIT 1", (after - REACH,)
        ).fetchone()
        if row is None:
            return datetime.max.replace(tzinfo=UTC)
        pieces = max((row[0] - AHEAD - since) // PIECE, (after - since) // PIECE + 1)
        begin: datetime = since + pieces * PIECE
        return begin

    def _late(self, since: datetime, until: datetime) -> dict[datetime, list[tuple[Any, ...]]]:
        """Returns the events that came long after they happened, by the piece in which they came."""
        rows = self._rows(
            sql.SQL(
                "event_time >= %(latest)s AND event_time < %(until)s "
                "AND event_time < date_bin(%(piece)s, {}, %(since)s) - %(back)s"
            ).format(self._arrival),
            {"since": since, "until": until, "piece": PIECE, "back": REACH, "latest": since - LATEST},
        )
        found: dict[datetime, list[tuple[Any, ...]]] = {}
        for row in rows:
            came = datetime.fromtimestamp(row[5] / 1000, UTC)
            found.setdefault(since + (came - since) // PIECE * PIECE, []).append(row)
        return found

    def _rows(self, which: sql.Composable, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        only = list(self.alone) == ["memory"]
        query = sql.SQL(_EVENTS).format(
            arrival=self._arrival, event=sql.SQL(EVENT_JSON), which=which, only=sql.Literal(only)
        )
        return self.connection.execute(query, {"topics": self.topics, **values}).fetchall()


def _by_place(rows: list[tuple[Any, ...]]) -> dict[Place, Arrivals]:
    found: dict[Place, Arrivals] = {}
    for topic, partition, offset, append_ms, before_ms, arrival_ms, value in sorted(rows, key=lambda row: row[:3]):
        came = found.setdefault((topic, partition), Arrivals())
        came.offsets.append(offset)
        came.append_ms.append(append_ms)
        came.before.append(before_ms)
        came.arrival_ms.append(max(arrival_ms, came.arrival_ms[-1]) if came.arrival_ms else arrival_ms)
        came.values.append(value.encode())
    return found
