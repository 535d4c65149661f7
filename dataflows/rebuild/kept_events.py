"""Everything that is kept of the past as one log: the lake, and table `events` for what the lake does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import psycopg
from psycopg import sql

from dataflows.rebuild.history import BATCH, BEGINS, Piece, archived, chosen_rows, piece_of
from dataflows.rebuild.lake import LakeEvents, opened
from dataflows.settings import Settings

_EVENTS: Final = sql.Identifier("events")
_REST: Final = sql.Identifier("classpulse_rest")
"""A temporary table of the events that the lake does not hold: `events` has no index by place."""
_BEGINS: Final = sql.SQL(
    f"SELECT topic, partition, count(*), {BEGINS} FROM {{}} WHERE topic = ANY(%s) GROUP BY topic, partition"  # noqa: S608
)
_PLACE: Final = itemgetter(0, 1, 2)


class KeptEvents:
    """The events of some topics, each once, in log order.

    Attributes:
        table: What of the database is to be read: `events`, or a temporary table of what the lake does not hold.
        duck: The lake's events as a view `events` of DuckDB; None where there is no lake.

    Both keep the same events under the same places, so either may be asked: the lake for what it holds, since files are
    read many times faster, and the database for the rest: what came before there was a lake, and the last minutes.
    """

    def __init__(self, connection: psycopg.Connection[Any], topics: list[str], lake: LakeEvents | None = None) -> None:
        """`connection` is to the database with table `events`; where there is a lake, of somebody who may add to it."""
        self._connection, self._topics, self._lake = connection, topics, lake
        self.duck = lake.duck if lake is not None else None
        self._spans = lake.spans if lake is not None else {}
        self.table = _EVENTS
        if self._spans:
            self._set_apart()
            self.table = _REST
        self._begins = {
            (topic, task): (count, begins)
            for topic, task, count, begins in connection.execute(_BEGINS.format(self.table), (topics,)).fetchall()
        }

    def count(self, tasks: list[int]) -> int:
        """Returns how many events there are of some tasks."""
        of_lake: int = sum(
            span.events for (_topic, task), spans in self._spans.items() if task in tasks for span in spans
        )
        of_rest: int = sum(count for (_topic, task), (count, _begins) in self._begins.items() if task in tasks)
        return of_lake + of_rest

    def begins(self, tasks: list[int]) -> dict[int, datetime]:
        """Returns, by task, when the first event of any topic happened that is kept."""
        times = [(task, begins) for (_topic, task), (_count, begins) in self._begins.items()]
        times += [(task, span.begins) for (_topic, task), spans in self._spans.items() for span in spans]
        return {task: min(at for of, at in times if of == task) for task in {of for of, _at in times} & set(tasks)}

    def read(self, topic: str, task: int, upto: int) -> Iterator[Piece]:
        """Yields the events of a topic-partition below a place."""
        start = 0
        for span in self._spans.get((topic, task), []):
            yield from self._from_database(topic, task, start, min(span.first, upto))
            if self._lake is not None and span.first < upto:
                for rows in self._lake.read(topic, task, span.first, min(span.upto, upto)):
                    yield piece_of(topic, task, rows)
            start = span.upto
        yield from self._from_database(topic, task, start, upto)

    def chosen(self, where: sql.Composable) -> Iterator[Piece]:
        """Yields the events for which a condition holds, one topic-partition after the other.

        Args:
            where: A condition that both PostgreSQL and DuckDB understand.
        """
        sources: list[Iterator[tuple[Any, ...]]] = [chosen_rows(self._connection, self._topics, where, self.table)]
        if self._lake is not None:
            sources.append(self._lake.chosen(self._topics, where.as_string(self._connection)))
        for (task, topic), group in groupby(merge(*sources, key=_PLACE), key=itemgetter(0, 1)):
            batch: list[tuple[Any, ...]] = []
            for row in group:
                batch.append(row[2:])
                if len(batch) == BATCH:
                    yield piece_of(topic, task, batch)
                    batch = []
            if batch:
                yield piece_of(topic, task, batch)

    def _from_database(self, topic: str, task: int, start: int, upto: int) -> Iterator[Piece]:
        if start < upto and (topic, task) in self._begins:
            yield from archived(self._connection, topic, task, upto, start=start, table=self.table)

    def _set_apart(self) -> None:
        spans = sql.SQL(", ").join(
            sql.SQL("({}, {}, {}::bigint, {}::bigint)").format(*map(sql.Literal, (topic, task, span.first, span.upto)))
            for (topic, task), of_task in self._spans.items()
            for span in of_task
        )
        self._connection.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(_REST))
        self._connection.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE {rest} AS SELECT e.* FROM {events} e WHERE topic = ANY({topics}) "
                "AND NOT EXISTS (SELECT FROM (VALUES {spans}) AS held (topic, task, first, upto) WHERE "
                "held.topic = e.topic AND held.task = e.partition "
                "AND e.kafka_offset >= held.first AND e.kafka_offset < held.upto)"
            ).format(rest=_REST, events=_EVENTS, topics=sql.Literal(self._topics), spans=spans)
        )
        self._connection.execute(sql.SQL("CREATE INDEX ON {} (topic, partition, kafka_offset)").format(_REST))


@contextmanager
def kept(connection: psycopg.Connection[Any], settings: Settings, topics: list[str]) -> Iterator[KeptEvents]:
    """Yields the past as database and lake hold it together.

    Args:
        connection: The database.
        settings: Where the lake is.
        topics: The topics, as the broker knows them.
    """
    with opened(connection, settings, topics) as lake:
        yield KeptEvents(connection, topics, lake)
