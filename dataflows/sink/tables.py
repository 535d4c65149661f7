"""The tables that flows write: their keys, and what an upsert does on a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
    """

    name: str
    key: tuple[str, ...]
    on_conflict: str = "update"
    owner: bool = False

    def merge_sql(self, columns: list[str]) -> str:
        """Returns the statement that moves staged rows into the table; identifiers come from code, never from data."""
        names = ", ".join(columns)
        values = [c for c in columns if c not in self.key]
        if self.on_conflict == "keep" or not values:
            action = "DO NOTHING"
        else:
            sets = [f"{c} = EXCLUDED.{c}" for c in values]
            sets += ["updated_at = now()"] if self.name in STAMPED else []
            action = f"DO UPDATE SET {', '.join(sets)}"
        return (
            f"INSERT INTO {self.name} ({names}) SELECT {names} FROM stage_{self.name} "  # noqa: S608
            f"ON CONFLICT ({', '.join(self.key)}) {action}"
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
        Table("enrolments", ("student_id", "course_id")),
        Table("anomalies", ("detected_at", "kind", "subject_id")),
    )
}
