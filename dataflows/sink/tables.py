"""The tables that flows write: their keys, and what an upsert does on a conflict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from psycopg import sql

from dataflows.sink import course_activity, enrolments
from dataflows.sink.archived import comes_first
from dataflows.sink.chunks import Between
from dataflows.sink.facts import Facts

_REPLACE: Final = """
DELETE FROM {table} d
USING (
    SELECT k.* FROM {spans} s
    CROSS JOIN LATERAL (
        SELECT {key} FROM {table} t WHERE {same} AND t.{time} >= s.{time}{stored_since} AND ({only}) OFFSET 0
    ) k
    WHERE ({found}) NOT IN (SELECT {key} FROM {stage}) OFFSET 0
) g
WHERE {this}{since}
"""
"""Stretch by stretch, each found by its index, and looked up among the staged rows by their hash.

The writer joins by index alone, and staged rows have none: joined, each stored row would meet all that are staged.
"""

_NEW: Final = """
SELECT {names} FROM {stage} s
LEFT JOIN LATERAL (SELECT true AS is_stored FROM {table} t WHERE {same} OFFSET 0) k ON true
WHERE k.is_stored IS NULL ORDER BY {key}
"""
_KNOWN: Final = """
SELECT count(*) FROM {stage} s CROSS JOIN LATERAL (SELECT FROM {table} t WHERE {same} OFFSET 0) k
"""
"""Like the one above, staged row by staged row: `OFFSET 0` leaves the server no other order."""


@dataclass(frozen=True, slots=True)
class Span:
    """How a stretch of time of one owner is found in a table.

    Attributes:
        owner: The columns that name the owner: `("student_id",)`.
        time: The time column of the key.
        only: A condition of ours, in SQL, on the stored rows `t` that may be deleted.
    """

    owner: tuple[str, ...]
    time: str
    only: LiteralString = "true"


@dataclass(frozen=True, slots=True)
class Table:
    """How one table is written.

    Attributes:
        name: The table.
        key: Its primary key.
        on_conflict: `update` replaces the row by the new absolute values; `keep` leaves the first that was written;
            `first` the one that comes first in the log (see `dataflows.sink.archived`). A replay changes nothing.
        owner: Whether the key contains the task. Where it does not, a producer that breaks the keying can make two
            tasks write one row; the writer then merges them and reports it.
        merge: Makes the statement that merges staged facts, where neither of the two fits; keys may then repeat.
        span: How a stretch of time is replaced; None where that is never done.
        facts: How its facts are known, so that each stands once whatever times its records give.
        rewritten: Whether stored rows are updated first and only the others inserted (`is_looked_up`).
        into: The table in the database, where it is not `name`: rows of one table that conflict in another way.
    """

    name: str
    key: tuple[str, ...]
    on_conflict: str = "update"
    owner: bool = False
    merge: Callable[[str], sql.Composed] | None = None
    span: Span | None = None
    facts: Facts | None = None
    rewritten: bool = False
    into: str | None = None

    @property
    def stored_as(self) -> str:
        """The table in the database."""
        return self.into or self.name

    def upsert_sql(self, stage: str, columns: list[str]) -> sql.Composed:
        """Returns the statement that moves staged rows into the table; a row that says the same again is not written.

        Args:
            stage: The staged rows.
            columns: Their columns.
        """
        if self.merge is not None:
            return self.merge(stage)
        values = self._values(columns)
        action = sql.SQL("DO NOTHING")
        if self.on_conflict != "keep" and values:
            action = sql.SQL("DO UPDATE SET {sets} WHERE {replaces}").format(  # type: ignore[assignment]
                sets=self._sets("excluded", values), replaces=self._replaces("excluded", values)
            )
        insert = "INSERT INTO {table} AS t ({names}) SELECT {names} FROM {stage} s ON CONFLICT ({key}) {action}"
        return sql.SQL(insert).format(**self._parts(stage, columns), action=action)

    def is_looked_up(self, columns: list[str], between: Between | None) -> bool:
        """Returns whether rows are looked up before they are written, instead of upserted.

        An upsert locks each row that it updates and confirms each that it inserts: records of their own in the
        database's log. Nobody but us writes the rows of our tasks, so it is enough to look first.

        Args:
            columns: The columns of the rows.
            between: The first and the last of their times.
        """
        narrow = between is None or between[1] - between[0] <= _WIDEST
        return (
            self.merge is None
            and narrow
            and (self.on_conflict != "update" or self.rewritten)
            and len(columns) > len(self.key)
        )

    def update_sql(self, stage: str, columns: list[str], between: Between | None) -> sql.Composed:
        """Returns the statement that updates the stored rows that staged ones replace.

        Args:
            stage: The staged rows.
            columns: Their columns.
            between: The bounds of their chunks; written out, so that other chunks are not even opened. None where the
                table is not a hypertable.
        """
        values = self._values(columns)
        return sql.SQL("UPDATE {table} t SET {sets} FROM {stage} s WHERE {same} AND {replaces}").format(
            **self._parts(stage, columns),
            sets=self._sets("s", values),
            replaces=self._replaces("s", values),
            same=self._same(between),
        )

    def new_sql(self, stage: str, columns: list[str], between: Between | None) -> sql.Composed:
        """Returns the query of the staged rows that are not stored yet.

        In the order of the key: pages of its index are then filled one after the other, and split once.

        Args:
            stage: The staged rows.
            columns: Their columns.
            between: As in `update_sql`.
        """
        return sql.SQL(_NEW).format(**self._parts(stage, columns), same=self._same(between))

    def is_new(self, between: Between | None) -> bool:
        """Returns whether as a rule no row that is written is stored yet: facts by a key of their own, written once."""
        narrow = between is not None and between[1] - between[0] <= _WIDEST
        return narrow and self.merge is None and self.facts is None and self.on_conflict in {"first", "keep"}

    def known_sql(self, stage: str, between: Between | None) -> sql.Composed:
        """Returns the query of how many staged keys are stored.

        Args:
            stage: The staged keys.
            between: As in `update_sql`.
        """
        return sql.SQL(_KNOWN).format(**self._parts(stage, list(self.key)), same=self._same(between))

    def _parts(self, stage: str, columns: list[str]) -> dict[str, sql.Composable]:
        return {
            "table": sql.Identifier(self.stored_as),
            "stage": sql.Identifier(stage),
            "names": sql.SQL(", ").join(map(sql.Identifier, columns)),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.key)),
        }

    def _replaces(self, new: str, values: list[str]) -> sql.Composed:
        """Returns the condition that a new row takes the place of a stored one of its key."""
        return _changed("t", new, values) if self.on_conflict == "update" else comes_first(new, "t")

    def _values(self, columns: list[str]) -> list[str]:
        return [c for c in columns if c not in self.key]

    def _same(self, between: Between | None) -> sql.Composed:
        return _equal("t", "s", self.key) + _inside("t", self.key[0], between)

    def _sets(self, source: str, values: list[str]) -> sql.Composed:
        sets: list[sql.Composable] = [
            sql.SQL("{} = {}").format(sql.Identifier(c), sql.Identifier(source, c)) for c in values
        ]
        return sql.SQL(", ").join(sets + ([sql.SQL("updated_at = now()")] if self.name in STAMPED else []))

    def replace_sql(self, spans: str, stage: str, since: datetime | None) -> sql.Composed:
        """Returns the statement that deletes what is stored in the staged stretches and is not staged again.

        Args:
            spans: The staged stretches: the owner's columns, and in the time column since when.
            stage: The staged rows.
            since: When the chunk of the earliest stretch begins; written out, so that older chunks are not even opened.
                None where the table is not a hypertable.

        Raises:
            ValueError: Where the table has no span.
        """
        if self.span is None:
            text = f"{self.name} has no span"
            raise ValueError(text)
        return sql.SQL(_REPLACE).format(
            **self._parts(stage, list(self.key)),
            spans=sql.Identifier(spans),
            same=_equal("t", "s", self.span.owner),
            this=_equal("d", "g", self.key),
            found=sql.SQL(", ").join(sql.Identifier("k", column) for column in self.key),
            time=sql.Identifier(self.span.time),
            stored_since=_since("t", self.span.time, since),
            since=_since("d", self.span.time, since),
            only=sql.SQL(self.span.only),
        )


def _changed(old: str, new: str, columns: list[str]) -> sql.Composed:
    return sql.SQL("({}) IS DISTINCT FROM ({})").format(
        *(sql.SQL(", ").join(sql.Identifier(table, c) for c in columns) for table in (old, new))
    )


def _since(table: str, column: str, since: datetime | None) -> sql.Composed:
    if since is None:
        return sql.Composed([])
    return sql.SQL(" AND {} >= {}").format(sql.Identifier(table, column), sql.Literal(since))


def _inside(table: str, column: str, between: Between | None) -> sql.Composed:
    if between is None:
        return sql.Composed([])
    return sql.SQL(" AND {} BETWEEN {} AND {}").format(sql.Identifier(table, column), *map(sql.Literal, between))


def _equal(left: str, right: str, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("{0} = {1}").format(sql.Identifier(left, c), sql.Identifier(right, c)) for c in columns
    )


_WIDEST: Final = timedelta(days=7)
"""Rows further apart lie in so many chunks that finding each in all of them costs more than locking it."""

STAMPED: Final = frozenset({"activity_windows", "memory_state"})
"""Tables with an `updated_at` of wall time."""

VISITS: Final = Facts("chapter_visit_places", "student_id", "start_time")

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table("events", ("event_time", "event_id", "topic"), on_conflict="first"),
        Table("dead_letters", ("received_at", "topic", "partition", "kafka_offset"), on_conflict="keep"),
        Table("activity_windows", ("window_start", "scope", "scope_id", "task"), owner=True, rewritten=True),
        Table("student_state", ("student_id",), rewritten=True),
        Table("engagement_scores", ("time", "student_id"), rewritten=True),
        Table("student_days", ("day", "student_id"), rewritten=True),
        Table("student_day_classes", ("day", "student_id", "class_id"), rewritten=True),
        Table("enrolments", ("student_id", "course_id"), merge=enrolments.merge_statement),
        Table("course_activity", ("student_id", "course_id"), merge=course_activity.merge_statement),
        # Every flow writes the consents that it meets, with its places: each has its own, and all say the same.
        Table("consents", ("student_id", "topic", "partition", "kafka_offset"), on_conflict="keep"),
        Table("anomalies", ("detected_at", "kind", "subject_id")),
        # Where two topics tell an attempt otherwise, the flow knows which is believed, and writes that one again.
        Table(
            "quiz_attempts",
            ("attempted_at", "event_id"),
            facts=Facts("quiz_attempt_places", "user_id", "attempted_at"),
        ),
        Table(
            "learning_events",
            ("event_time", "event_id"),
            on_conflict="keep",
            facts=Facts("learning_event_places", "user_id", "event_time"),
        ),
        Table("memory_reviews", ("reviewed_at", "event_id"), span=Span(("user_id", "module"), "reviewed_at")),
        Table(
            "memory_state",
            ("user_id", "module"),
            span=Span(("user_id", "module"), "last_reviewed_at"),
            rewritten=True,
        ),
        Table(
            "revision_signal_facts",
            ("user_id", "module_id", "scheduled_at"),
            span=Span(("user_id", "module_id"), "scheduled_at"),
        ),
        Table(
            "sessions_open",
            ("session_start", "student_id"),
            span=Span(("student_id",), "session_start"),
            rewritten=True,
        ),
        Table("sessions_closed", ("session_start", "student_id"), span=Span(("student_id",), "session_start")),
        Table(
            "chapter_visit_facts",
            ("start_time", "event_id"),
            # A visit that was sent is a fact for ever; one that was derived may be absorbed or joined with another.
            span=Span(("student_id",), "start_time", only="t.source = 'clickstream'"),
            facts=VISITS,
            rewritten=True,
        ),
        # After those that came in time: a repeat that comes late must not take the place of the first.
        Table(
            "late_chapter_visits",
            ("start_time", "event_id"),
            on_conflict="keep",
            into="chapter_visit_facts",
            facts=VISITS,
        ),
        Table(
            "video_views",
            ("start_time", "student_id", "video_id"),
            span=Span(("student_id",), "start_time"),
            rewritten=True,
        ),
        Table(
            "milestones",
            ("event_time", "event_id"),
            on_conflict="keep",
            facts=Facts("milestone_places", "student_id", "event_time"),
        ),
        Table("lake_files", ("path",)),
        Table("student_click_days", ("day", "student_id"), rewritten=True),
        Table("page_days", ("day", "page_url", "task"), owner=True, rewritten=True),
        Table(
            "stuck_episodes",
            ("began_at", "student_id", "item_id"),
            span=Span(("student_id",), "began_at"),
            rewritten=True,
        ),
    )
}


def declare(table: Table) -> None:
    """Makes a table known that a declared flow writes; to declare it again changes nothing.

    Raises:
        ValueError: Where another flow writes a table of that name.
    """
    known = TABLES.setdefault(table.name, table)
    if known != table:
        text = f"{table.name} is a table of another flow: give the flow a table of its own"
        raise ValueError(text)
