"""A copy of all that is kept about one student: a folder that a person and a program can read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from dataflows.errors import UserError
from dataflows.events.text import tidy
from dataflows.kafka.topics import ALL_TOPICS, CLICKSTREAM_ALIAS
from dataflows.settings import Settings
from privacy.records import is_held_about, records_of
from privacy.tables import Table, columns, rows, tables_of_students
from reports.sheets import harmless

DEAD_LETTERS: Final = Table(
    "dead_letters",
    "payload",
    is_of_several=False,
    comment="What was refused, with the reason and the bytes as they came.",
)

README: Final = """\
What ClassPulse keeps about {student}

Made on {made} (UTC). Everything that the database and Kafka's topics held about this student then is here.

  tables/NAME.json   the rows of a table, with every value as it is kept
  tables/NAME.csv    the same for a spreadsheet; a text that a spreadsheet would run begins with an apostrophe
  topics/NAME.jsonl  the records of a topic, one a line, as they were received, with their place in the log
  contents.json      this list for programs

Times are UTC; durations are seconds. What each column means: docs/sql.md.

Rows  What
{lines}

Not in here: figures of a class or the school, which name nobody; the state of running workers, which holds nothing that
is not in these tables or in the topics; events that a gateway still keeps on its disk because Kafka is away.{missing}
"""


@dataclass(slots=True)
class Exported:
    """What an export holds.

    Attributes:
        folder: Where it lies.
        tables: How many rows of each table that has any.
        topics: How many records of each topic that has any; None where Kafka was not asked.
    """

    folder: Path
    tables: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] | None = None


def export_student(
    student_id: str,
    folder: Path,
    settings: Settings,
    *,
    with_topics: bool = True,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> Exported:
    """Writes all that is kept about a student.

    Args:
        student_id: The student, in any spelling.
        folder: A folder that does not exist yet or is empty.
        settings: The database (as its owner) and Kafka.
        with_topics: Whether Kafka's topics are searched too.
        progress: Told what is read, how much of it is done, and how much there is.

    Returns:
        How many rows and records were written, by place.

    Raises:
        UserError: The folder holds something already, or nothing is known of the student.
        TopicError: Kafka does not answer.
        psycopg.Error: The database cannot be read.
    """
    student = tidy(student_id)
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} is not empty: choose another folder with --output"
        raise UserError(message)
    made = Exported(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # for whoever answers the request, and nobody else here
    (folder / "tables").mkdir(exist_ok=True)
    with psycopg.connect(settings.database_url.get_secret_value(), options="-c timezone=UTC") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        known = tables_of_students(connection)
        for at, table in enumerate(known):
            progress(table.name, at, len(known))
            found = rows(connection, table, student)
            made.tables[table.name] = _write(folder, table, columns(connection, table), found)
        letters = _dead_letters(connection, student)
        made.tables[DEAD_LETTERS.name] = _write(folder, DEAD_LETTERS, columns(connection, DEAD_LETTERS), letters)
    comments = {table.name: table.comment for table in [*known, DEAD_LETTERS]}
    made.tables = {name: count for name, count in made.tables.items() if count}
    if with_topics:
        made.topics = _topics(folder, settings, student, progress)
    if not made.tables and not made.topics:
        message = f"nothing is kept about {student!r}: check the id (`roster load` and the events name it)"
        raise UserError(message)
    _describe(made, student, comments)
    return made


def _write(folder: Path, table: Table, names: list[str], found: Iterable[dict[str, Any]]) -> int:
    """Writes rows as a JSON array and as CSV, one at a time; leaves no file where there is none."""
    as_json, as_csv = (folder / "tables" / f"{table.name}.{kind}" for kind in ("json", "csv"))
    count = 0
    with as_json.open("w", encoding="utf-8") as objects, as_csv.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.writer(sheet)
        writer.writerow(names)
        for row in found:
            objects.write(("[\n" if not count else ",\n") + json.dumps(row, ensure_ascii=False))
            writer.writerow(harmless(_cell(row[name])) for name in names)
            count += 1
        objects.write("\n]\n")
    if not count:
        as_json.unlink()
        as_csv.unlink()
    return count


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _dead_letters(connection: psycopg.Connection[Any], student: str) -> Iterator[dict[str, Any]]:
    """Yields refused records about a student: the payload may say so in any form, so each one is looked at."""
    with connection.cursor("export_dead_letters") as cursor:
        for (row,) in cursor.execute("SELECT to_jsonb(d) FROM dead_letters d"):
            if is_held_about(row["payload"] or "", {student}):
                yield row


def _topics(
    folder: Path, settings: Settings, student: str, progress: Callable[[str, int, int], None]
) -> dict[str, int]:
    (folder / "topics").mkdir(exist_ok=True)
    names = [settings.topic_prefix + name for name in (*ALL_TOPICS, CLICKSTREAM_ALIAS)]
    counts: dict[str, int] = {}
    for record in records_of(settings, names, {student}, lambda done, total: progress("topics", done, total)):
        with (folder / "topics" / f"{record.topic}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
        counts[record.topic] = counts.get(record.topic, 0) + 1
    return counts


def _describe(made: Exported, student: str, comments: dict[str, str]) -> None:
    """Writes the README and the list of contents."""
    said = {name: comments[name] or "see docs/sql.md" for name in made.tables}
    lines = [f"{count:>8,}  tables/{name}: {said[name]}" for name, count in made.tables.items()]
    lines += [f"{count:>8,}  topics/{name}" for name, count in (made.topics or {}).items()]
    missing = "" if made.topics is not None else "\nKafka's topics were not searched (--no-topics)."
    at = datetime.now(UTC).isoformat(timespec="seconds")
    text = README.format(student=student, made=at, lines="\n".join(lines), missing=missing)
    (made.folder / "README.txt").write_text(text, encoding="utf-8")
    contents = {"student_id": student, "made_at": at, "tables": made.tables, "topics": made.topics}
    (made.folder / "contents.json").write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
