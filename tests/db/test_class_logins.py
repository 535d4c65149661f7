"""A login of some classes sees theirs, whole, and nothing of any other; checked against rows filtered in Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

from db.access.logins import limit_logins
from db.access.rules import ForAll, OfClass, OfCohort, OfScope, OfStudent, SchoolOnly
from db.access.views import rules
from tests.db.conftest import Database
from tests.db.test_hardening import login
from tests.grafana import known_day, known_term

MINE = "7B"
OTHERS = ("7C", "8A")


@contextmanager
def class_login(database: Database, *classes: str) -> Iterator[psycopg.Connection[Any]]:
    """Yields a session of a new login that has these classes."""
    with login(database, "classpulse_reader_class") as url:
        name = psycopg.conninfo.conninfo_to_dict(url)["user"]
        for class_id in classes:
            database.put("class_access", {"login": name, "class_id": class_id})
        assert limit_logins(database.connection) == []
        with psycopg.connect(url, autocommit=True, options="-c timezone=UTC -c classpulse.clock=data") as connection:
            yield connection
        database.connection.execute("DELETE FROM class_access")


@pytest.fixture
def school(database: Database) -> Database:
    """The known day with four weeks before it."""
    database.connection.execute("DELETE FROM task_progress")
    known_day.put(database.connection, known_term.TERM)
    if database.value("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_summaries'"):
        database.connection.execute("CALL refresh_summaries()")
    return database


def expected(database: Database, name: str, rule: object, students: set[str]) -> list[tuple[Any, ...]]:
    """Returns the rows of a view that the rule gives a login of class 7B."""
    rows = database.rows(f"SELECT * FROM {name}")
    match rule:
        case OfClass(column):
            rows = [row for row in rows if row[column] == MINE]
        case OfScope():
            rows = [row for row in rows if row["scope"] == "class" and row["scope_id"] == MINE]
        case OfCohort():
            rows = [row for row in rows if row["cohort"] == "class" and row["cohort_id"] == MINE]
        case OfStudent(column, class_column):
            rows = [row for row in rows if row[column] in students]
            rows = [row for row in rows if not class_column or row[class_column] in {None, MINE}]
    return [tuple(map(str, row.values())) for row in rows]


def test_a_login_reads_what_is_of_its_class_and_no_other_row(school: Database) -> None:
    students = {row["student_id"] for row in school.rows("SELECT * FROM class_students") if row["class_id"] == MINE}
    seen, empty = 0, []
    with class_login(school, MINE) as reader:
        for name, view in rules().items():
            if isinstance(view.of_classes, SchoolOnly):
                with pytest.raises(errors.InsufficientPrivilege):
                    reader.execute(f"SELECT * FROM {name}".encode())
                continue
            rows = [tuple(map(str, row)) for row in reader.execute(f"SELECT * FROM {name}".encode())]
            if name != "data_freshness":  # its lag is the wall clock's
                assert sorted(rows) == sorted(expected(school, name, view.of_classes, students)), name
            seen += len(rows)
            empty += [name] * (not rows)
            if not isinstance(view.of_classes, ForAll):
                assert not {value for row in rows for value in row} & {"eva", "fay", "8A"}, name
    assert seen > 200
    assert len(empty) < 30, empty


def test_another_class_gives_nothing_however_it_is_asked_for(school: Database) -> None:
    attempts = (
        "SELECT * FROM class_students WHERE class_id = '8A'",
        "SELECT * FROM my_classes.class_students WHERE class_id <> '7B' OR class_id IS NULL",
        "SELECT * FROM student_names WHERE student_id = 'fay'",
        "SELECT * FROM sessions WHERE student_id = 'eva'",
        "SELECT * FROM class_list WHERE class_id = '8A'",
        "SELECT * FROM active_now WHERE scope <> 'class' OR scope_id <> '7B'",
        # a condition that tells by failing: 1 / 0 for whomever the barrier lets it look at
        "SELECT * FROM class_students WHERE class_id = '8A' AND 1 / (length(student_id) - 3) > 0",
    )
    refused = (
        "SELECT * FROM public.class_students",
        "SELECT * FROM public.student_state",
        "SELECT * FROM public.class_access",
        "SELECT * FROM public.granted_classes",
        "SELECT * FROM public.granted_students",
        "SELECT * FROM school.geography",
        "SELECT * FROM school.class_overview",
        "INSERT INTO public.class_access VALUES (session_user, '8A')",
        "SET ROLE classpulse_reader_teacher",
        "SET SESSION AUTHORIZATION classpulse_reader_teacher",
        "CREATE OR REPLACE VIEW my_classes.class_list AS SELECT 1",
    )
    with class_login(school, MINE) as reader:
        for query in attempts:
            assert reader.execute(query.encode()).fetchall() == [], query
        for query in refused:
            with pytest.raises(errors.InsufficientPrivilege):
                reader.execute(query.encode())
        reader.execute("SET ROLE classpulse_reader_class")  # its own role: whose classes they are does not change
        assert reader.execute("SELECT class_id FROM class_list").fetchall() == [(MINE,)]
        assert reader.execute("SELECT count(*) FROM pg_proc WHERE prosrc ~ '8A'").fetchone() == (0,)


def test_classes_come_from_the_list_and_from_being_staff_and_end_with_them(school: Database) -> None:
    listed = b"SELECT class_id FROM class_list ORDER BY 1"
    with class_login(school, *OTHERS) as reader:
        assert reader.execute(listed).fetchall() == [("7C",), ("8A",)]
        school.put("class_staff", {"class_id": MINE, "staff_id": str(reader.info.user)})
        assert reader.execute(listed).fetchall() == [("7B",), ("7C",), ("8A",)]
        school.connection.execute("DELETE FROM class_access")
        assert reader.execute(listed).fetchall() == [("7B",)]
        school.connection.execute("DELETE FROM class_staff")
        assert reader.execute(listed).fetchall() == []
        assert reader.execute("SELECT count(*) FROM class_students").fetchone() == (0,)
