"""Facts that are known: of the records that tell one the lowest place in the log is believed, whatever their times.

A table of facts has beside it a plain one, student and event to place, that is written in the same transaction. So a
fact stands once for as long as that table knows it, and what is stored is a function of the log: in whatever order and
however often records come, the lowest place is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Facts:
    """How the facts of a table are known.

    Attributes:
        places: The table of their places.
        owner: The column that names the student.
        time: The time column of the key.
    """

    places: str
    owner: str
    time: str


_REPLACED: Final = """
SELECT p.fact_at, p.event_id, p.student_id
FROM {stage} s JOIN {places} p ON p.student_id = s.{owner} AND p.event_id = s.event_id WHERE s.place < p.place
"""
_FORGET: Final = "DELETE FROM {table} WHERE {time} = %s AND event_id = %s AND {owner} = %s"
_KNOW: Final = """
INSERT INTO {places} AS p (student_id, event_id, place, fact_at)
SELECT DISTINCT ON ({owner}, event_id) {owner}, event_id, place, {time}
FROM {stage} s
WHERE place IS NOT NULL AND NOT EXISTS (
    SELECT FROM {places} k WHERE k.student_id = s.{owner} AND k.event_id = s.event_id AND k.place <= s.place
)
ORDER BY {owner}, event_id, place
ON CONFLICT (student_id, event_id) DO UPDATE SET place = excluded.place, fact_at = excluded.fact_at
    WHERE excluded.place < p.place
"""
_LEAVE_OUT: Final = """
DELETE FROM {stage} s USING {places} p
WHERE p.student_id = s.{owner} AND p.event_id = s.event_id AND s.place > p.place
"""


def believe(cursor: psycopg.Cursor[Any], table: str, facts: Facts, stage: str) -> None:
    """Leaves of the staged rows those that are believed, and takes back what was believed until now.

    Args:
        cursor: Inside the transaction of the rows.
        table: The table of facts.
        facts: How its facts are known.
        stage: The staged rows; those without a `place` are no facts and stay.
    """
    names = {
        "table": sql.Identifier(table),
        "places": sql.Identifier(facts.places),
        "stage": sql.Identifier(stage),
        "owner": sql.Identifier(facts.owner),
        "time": sql.Identifier(facts.time),
    }
    replaced = cursor.execute(sql.SQL(_REPLACED).format(**names)).fetchall()
    if replaced:
        cursor.executemany(sql.SQL(_FORGET).format(**names), replaced)
    cursor.execute(sql.SQL(_KNOW).format(**names))
    cursor.execute(sql.SQL(_LEAVE_OUT).format(**names))
