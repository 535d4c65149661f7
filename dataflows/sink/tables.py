"""The tables that flows write: their keys, and what an upsert does on a conflict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from dataflows.sink.enrolments import merge_statement


@dataclass(frozen=True, slots=True)
class Table:
    """How one table is written.

    Attributes:
        name: The table.
        key: Its primary key.
        on_conflict: `update` replaces the row by the new absolute values; `keep` leaves the first (the lowest offset
            of a repeated event wins, and a replay changes nothing).
        owner: Whether the key contains the task. Where it does not, a producer that breaks the keying can make two
            tasks write one row; the writer then merges them and reports it.
        merge: Makes the statement that merges staged facts, where neither of the two fits; keys may then repeat.
    """

    name: str
    key: tuple[str, ...]
    on_conflict: str = "update"
    owner: bool = False
    merge: Callable[[str], sql.Composed] | None = None

    def merge_sql(self, stage: str, columns: list[str]) -> sql.Composed:
        """Returns the statement that moves staged rows into the table."""
        if self.merge is not None:
            return self.merge(stage)
        values = [c for c in columns if c not in self.key]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        action = sql.SQL("DO NOTHING")
        if self.on_conflict == "update" and values:
            sets: list[sql.Composable] = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(c)) for c in values]
            sets += [sql.SQL("updated_at = now()")] if self.name in STAMPED else []
            action = sql.SQL("DO UPDATE SET ") + sql.SQL(", ").join(sets)  # type: ignore[assignment]
        return sql.SQL("INSERT INTO {table} ({names}) SELECT {names} FROM {stage} ON CONFLICT ({key}) {action}").format(
            table=sql.Identifier(self.name),
            names=names,
            stage=sql.Identifier(stage),
            key=sql.SQL(", ").join(map(sql.Identifier, self.key)),
            action=action,
        )

    def delete_sql(self, stage: str) -> sql.Composed:
        """Returns the statement that deletes the rows whose keys are staged."""
        return sql.SQL("DELETE FROM {table} t USING {stage} s WHERE {same}").format(
            table=sql.Identifier(self.name),
            stage=sql.Identifier(stage),
            same=sql.SQL(" AND ").join(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(c)) for c in self.key),
        )


STAMPED: Final = frozenset({"activity_windows", "student_state"})
"""Tables with an `updated_at` of wall time."""

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table("events", ("event_time", "event_id"), on_conflict="keep"),
        Table("dead_letters", ("received_at", "topic", "partition", "kafka_offset"), on_conflict="keep"),
        Table("activity_windows", ("window_start", "scope", "scope_id", "task"), owner=True),
        Table("student_state", ("student_id",)),
        Table("engagement_scores", ("time", "student_id")),
        Table("student_days", ("day", "student_id")),
        Table("enrolments", ("student_id", "course_id"), merge=merge_statement),
        Table("anomalies", ("detected_at", "kind", "subject_id")),
    )
}
