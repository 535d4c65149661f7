"""A student gets all that is kept, and nothing of anybody else."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dataflows.errors import UserError
from dataflows.kafka.producer import Publisher
from dataflows.kafka.topics import create_or_check
from dataflows.settings import Settings
from privacy.export import export_student
from privacy.tables import tables_of_students
from tests.databases import bring_up
from tests.db.conftest import NOW, Database, database

__all__ = ["database"]  # fixture

SAMPLES = {
    "timestamp with time zone": NOW,
    "timestamp without time zone": NOW.replace(tzinfo=None),
    "date": NOW.date(),
    "boolean": False,
    "jsonb": "{}",
    "json": "{}",
    "bytea": b"",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ARRAY": [],
}
COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND is_generated = 'NEVER'
"""


def fill(database: Database, table: str, column: str, student: str) -> None:
    """Puts a row about a student into a table, whatever its columns are."""
    samples = {**SAMPLES, "text": f"of {student}"}
    row = {name: samples.get(kind, 0) for name, kind in database.values(COLUMNS, table)}
    judged = json.dumps({"n": 0, "share": 0, "error": 0, "judged_on": ""})
    checked = {"source": "view", "kind": "login", "quiz_type": "module", "role": "student", "calibration": judged}
    row.update({name: value for name, value in checked.items() if name in row})
    row[column] = student
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(  # a trigger may have made it
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    database.connection.execute(query, list(row.values()))


def dead_letter(database: Database, offset: int, payload: bytes) -> None:
    letter = {"received_at": NOW, "topic": "t", "partition": 0, "kafka_offset": offset, "reason": "not_json"}
    database.put("dead_letters", {**letter, "payload": base64.b64encode(payload).decode()})


def test_every_table_with_a_row_about_the_student_is_in_the_export_and_only_that_row(
    database: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.url) as connection:
        tables = tables_of_students(connection)
    known = {table.name: table.column for table in tables if not table.is_of_several}
    assert [table.name for table in tables if table.is_of_several] == ["access_audit"]
    assert {"events", "student_state", "quiz_attempts", "directory", "anomalies", "reminders"} <= known.keys()
    for name, column in known.items():
        fill(database, name, column, "ann")
        fill(database, name, column, "anna")
    for students in (["ann", "bob"], ["bob"]):
        database.put("access_audit", {"reader": "a teacher", "via": "report", "what": "7B", "student_ids": students})
    dead_letter(database, 1, b'{"user_id": " ann ", ')
    dead_letter(database, 2, b'{"context": {"student_id": "ann\xc2\xa0"}}')
    dead_letter(database, 3, b'{"student_id": "bob"}')

    settings = Settings(database_url=database.url)
    made = export_student("\ufeffann ", tmp_path / "ann", settings, with_topics=False)

    counts = {
        name: database.value(f"SELECT count(*) FROM {name} WHERE {column} = 'ann'") for name, column in known.items()
    }
    assert min(counts.values()) > 0
    assert made.tables == {**counts, "access_audit": 1, "dead_letters": 2}
    (read,) = json.loads((tmp_path / "ann" / "tables" / "access_audit.json").read_text(encoding="utf-8"))
    assert (read["reader"], read["student_ids"]) == ("a teacher", ["ann"])
    for name, column in known.items():
        objects = json.loads((tmp_path / "ann" / "tables" / f"{name}.json").read_text(encoding="utf-8"))
        with (tmp_path / "ann" / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as sheet:
            lines = list(csv.DictReader(sheet))
        assert [row[column] for row in objects] == [line[column] for line in lines] == ["ann"] * counts[name]
    readme = (tmp_path / "ann" / "README.txt").read_text(encoding="utf-8")
    assert "tables/quiz_attempts" in readme
    assert "not searched" in readme


def test_nobody_and_a_folder_in_use_are_refused_in_words(database: Database, tmp_path: Path) -> None:
    settings = Settings(database_url=database.url)
    with pytest.raises(UserError, match="nothing is kept about 'nobody'"):
        export_student("nobody", tmp_path / "nobody", settings, with_topics=False)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(UserError, match="--output"):
        export_student("ann", tmp_path / "used", settings, with_topics=False)


def test_records_of_the_topics_are_found_under_any_key_and_in_any_spelling(
    timescale_url: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = Settings(database_url=timescale_url, kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix)
    bring_up(timescale_url, settings)
    create_or_check(settings)
    publisher = Publisher(settings)
    sent = [
        ("clickstream_events", b"ann", b'{"student_id": "ann", "event_name": "page_view"}'),
        ("clickstream_events", b"elsewhere", b'{"payload": {"user_id": "ann "}}'),
        ("module_quiz_events", b"ann", b"no json"),
        (
            "dead_letters",
            None,
            json.dumps({"reason": "not_json", "payload": base64.b64encode(b'"ann').decode()}).encode(),
        ),
        ("clickstream_events", b"bob", b'{"student_id": "bob"}'),
    ]
    for topic, key, value in sent:
        publisher.send(settings.topic(topic), key, value)
    publisher.flush(10)

    made = export_student("ann", tmp_path / "ann", settings)

    expected = {"clickstream_events": 2, "module_quiz_events": 1, "dead_letters": 1}
    assert made.topics == {topic_prefix + name: count for name, count in expected.items()}
    lines = (tmp_path / "ann" / "topics" / f"{topic_prefix}clickstream_events.jsonl").read_text(encoding="utf-8")
    assert sorted(str(json.loads(line)["value"]) for line in lines.splitlines()) == sorted(
        ["{'student_id': 'ann', 'event_name': 'page_view'}", "{'payload': {'user_id': 'ann '}}"]
    )
