"""Who read whose data: written by whatever shows students' data to a person, in the transaction in which it reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import psycopg

Via = Literal["api", "page", "report", "export", "explain", "erase"]


def record(  # noqa: PLR0913 - a row of the audit
    connection: psycopg.Connection[Any],
    *,
    reader: str,
    via: Via,
    what: str,
    student_ids: Iterable[str] = (),
    class_ids: Iterable[str] = (),
    was_theirs: bool | None = None,
) -> None:
    """Notes one reading; it stays for seven years, whoever may read the rest.

    Args:
        connection: As a teacher's, a class's or the writer's role, or the owner.
        reader: The person or the token's id, as the program knows it.
        via: Through what.
        what: A route, a report's kind, a number's name; no data.
        student_ids: The students, where single ones were read.
        class_ids: The classes whose students were read.
        was_theirs: Whether the reader had those classes at this time; None where that is not by class.
    """
    connection.execute(
        "SELECT public.record_access(%s, %s, %s, %s::text[], %s::text[], %s)",
        (reader, via, what, list(student_ids), list(class_ids), was_theirs),
    )
