"""A database of the version landed before (0012), with rows in every table, is brought to the current schema."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg import sql
from psycopg.rows import dict_row

from dataflows.settings import Settings
from db import repeatable
from db.access import views
from db.migrate import migrate
from db.target import UnsuitableDatabaseError
from tests.jobs import stop_jobs

OLD = "0012"
VIEWS = Path(__file__).parent / "upgrade" / f"views-{OLD}.tar.gz"
"""db/views of that version; its migrations are those of today."""

BY_TYPE: dict[str, tuple[Any, Any]] = {
    "text": ("a", "b"),
    "bigint": (1, 2),
    "double precision": (0.25, 0.5),
    "boolean": (True, False),
    "timestamp with time zone": ("2026-03-02 10:00:20+00", "2026-03-02 10:01:20+00"),
    "date": ("2026-03-02", "2026-03-03"),
    "time without time zone": ("09:00", "10:00"),
    "interval": ("1 second", "2 seconds"),
    "jsonb": ('{"a": 1}', "{}"),
    "bytea": (b"1", b"2"),
    "text[]": (["never started"], []),
    "ARRAY": (["never started"], []),
}
BY_COLUMN: dict[str, tuple[Any, Any]] = {
    "quiz_attempts.quiz_type": ("module", "diagnostic"),
    "learning_events.kind": ("login", "module_started"),
    "chapter_visit_facts.source": ("view", "clickstream"),
    "terms.ends": ("2026-04-02", "2026-04-03"),
    "periods.ends": ("11:00", "12:00"),
    "task_progress.flow": ("engagement", "archive"),
    "task_progress.offsets": ('{"clickstream_events": 7}', '{"clickstream_events": 9}'),
    "task_progress.watermarks": ('{"clickstream_events": 1772445620000}', "{}"),
    "enrolments.role": ("student", "teacher"),
    "events.role": ("student", "teacher"),
    "activity_windows.scope": ("all", "class"),
    "memory_state.model": ("ebbinghaus", "fsrs"),
}
LEFT_OUT = {"schema_version", "schema_state"}
BY_JOBS = {"staff_left_out", "summary_runs"}
"""Computed by a job of the database, as are all tables with a column as_of; it may run as soon as it is migrated."""


def tables_of(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Returns the base tables and the types of their columns."""
    rows = connection.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c "
        "JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, ordinal_position"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["table_name"] not in LEFT_OUT:
            tables.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return tables


def rows_of(
    connection: psycopg.Connection[dict[str, Any]], tables: dict[str, dict[str, str]]
) -> dict[str, list[tuple[Any, ...]]]:
    """Returns the rows of tables, in the columns that are given."""
    found = {}
    for table, columns in tables.items():
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL("SELECT {} FROM {} ORDER BY ({})::text").format(names, sql.Identifier(table), names)
        if len(columns) > 1:
            query = sql.SQL("SELECT {} FROM {} ORDER BY ROW({})::text").format(names, sql.Identifier(table), names)
        found[table] = [tuple(row.values()) for row in connection.execute(query).fetchall()]
    return found


def filled(connection: psycopg.Connection[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Puts two rows into every table; returns the tables."""
    tables = tables_of(connection)
    for table, columns in tables.items():
        for nth in (0, 1):
            values = [
                BY_COLUMN.get(f"{table}.{column}", BY_TYPE[kind])[nth if kind != "boolean" else 0]
                for column, kind in columns.items()
            ]
            connection.execute(
                sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
                ),
                values,
            )
    return tables


def pack(connection: psycopg.Connection[dict[str, Any]]) -> list[str]:
    """Puts all chunks of tables that have a columnstore into it; returns those that lie there."""
    if connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is None:
        return []
    chunks = (
        "FROM timescaledb_information.chunks c JOIN timescaledb_information.hypertables h "
        "USING (hypertable_schema, hypertable_name) WHERE h.compression_enabled AND hypertable_schema = 'public'"
    )
    connection.execute(
        f"SELECT compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass) {chunks} AND NOT is_compressed"
    )
    found = connection.execute(f"SELECT chunk_name {chunks} AND is_compressed ORDER BY 1").fetchall()
    assert len(found) > 4
    return [row["chunk_name"] for row in found]


@pytest.fixture
def old_url(any_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database as that version made it."""
    with tarfile.open(VIEWS) as archive:
        archive.extractall(tmp_path, filter="data")
    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(repeatable, "VIEWS", tmp_path / "views")
        patched.setattr(views, "script", lambda: "SELECT 1")  # that version had no schemas of readers
        patched.setattr(command, "upgrade", lambda config, _revision: upgrade(config, OLD))
        report = migrate(any_database, settings=Settings(_env_file=None))
    assert report.to_version == OLD
    stop_jobs(any_database)
    return any_database


def test_all_that_it_held_is_there_and_every_view_can_be_read(old_url: str) -> None:
    with psycopg.connect(old_url, autocommit=True, row_factory=dict_row) as connection:
        tables = filled(connection)
        before = rows_of(connection, tables)
        assert {table for table, rows in before.items() if len(rows) != 2} == set()

        packed = pack(connection)
        report = migrate(old_url, settings=Settings(_env_file=None))
        assert (report.from_version, report.views_applied) == (OLD, True)
        assert report.to_version > OLD

        now = tables_of(connection)
        kept = {table: {c: k for c, k in columns.items() if c in now[table]} for table, columns in tables.items()}
        assert {table: sorted(set(tables[table]) - set(kept[table])) for table in tables} == {t: [] for t in tables}
        after = rows_of(connection, kept)
        facts = [table for table, columns in tables.items() if table not in BY_JOBS and "as_of" not in columns]
        assert {table: (before[table], after[table]) for table in facts if before[table] != after[table]} == {}

        assert pack(connection) == packed  # what lay in columnstore lies there still
        another = "INSERT INTO events SELECT (jsonb_populate_record(e, %s)).* FROM events e"
        connection.execute(another, ('{"topic": "another", "metadata": {}}',))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(another, ('{"kafka_offset": 7}',))

        views = connection.execute(
            "SELECT table_name FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1"
        ).fetchall()
        for view in views:
            connection.execute(sql.SQL("SELECT * FROM {} LIMIT 5").format(sql.Identifier(view["table_name"])))
    again = migrate(old_url, settings=Settings(_env_file=None))
    assert not again.views_applied


def test_a_view_of_a_user_on_that_version_stays_or_is_named(old_url: str) -> None:
    with psycopg.connect(old_url, autocommit=True) as connection:
        connection.execute("CREATE VIEW mine AS SELECT student_id, title FROM student_live_metrics, classes LIMIT 1")
        try:
            migrate(old_url, settings=Settings(_env_file=None))
        except UnsuitableDatabaseError as refusal:
            assert "view mine of" in str(refusal)
            connection.execute("DROP VIEW mine")
            migrate(old_url, settings=Settings(_env_file=None))
        else:
            connection.execute("SELECT * FROM mine")
