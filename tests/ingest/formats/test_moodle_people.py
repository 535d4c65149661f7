"""Who acted: the columns have the word, the description's first user has not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ingest.formats import Entry
from ingest.formats.moodle.reading import Options, read_moodle

HEAD = 'Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"\n'
SEEN = "The user with id '{id}' viewed the course with id '5'."


def row(name: str, description: str, affected: str = "-", day: int = 1, context: str = "Course: X") -> str:
    return f'"{day}/03/21, 10:00","{name}","{affected}","{context}",System,"An event","{description}",web,192.0.2.1\n'


def people(tmp_path: Path, *rows: str) -> list[tuple[str | None, str]]:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    events = [json.loads(item.value) for item in read_moodle(path) if isinstance(item, Entry)]
    assert len(events) == len(rows)
    assert all("P One" not in json.dumps(event) and "Admin" not in json.dumps(event) for event in events)
    return [(event.get("student_id"), event["role"]) for event in events]


@pytest.mark.parametrize(
    ("name", "affected", "description", "student", "role"),
    [
        ("P One", "-", SEEN.format(id=11), "11", "student"),
        ("P One", "P One", "The user with id '11' has logged in.", "11", "student"),
        (
            "T Two",
            "P One",
            "The user with id '2' added the user with id '11' to the group with id '3'.",
            "2",
            "student",
        ),
        ("T Two", "P One", "The user with id '11' has been awarded the badge with id '3'.", None, "student"),
        ("-", "P One", "The user with id '11' has been awarded the badge with id '3'.", "-1", "system"),
        ("-", "P One", "The user with id '11' completed the course with id '5'.", "-1", "system"),
        ("-", "P One", "The quiz attempt with id '9' for the user with id '11' became overdue.", "-1", "system"),
        ("-", "-", SEEN.format(id=0), "0", "guest"),
        ("-", "-", "Login failed for the username 'x' for the reason with id '1'.", "-1", "system"),
        ("-", "-", SEEN.format(id=-1), "-1", "system"),
        ("Guest user", "-", SEEN.format(id=1), "1", "guest"),
        ("Gast", "-", SEEN.format(id=1), "1", "guest"),
        ("", "-", SEEN.format(id=1), "1", "guest"),
        ("", "-", SEEN.format(id=11), "11", "student"),
        ("Admin A as P One", "-", SEEN.format(id=11), "unknown", "staff"),
        ("Admin A als P One", "-", SEEN.format(id=11), "unknown", "staff"),
        ("Admin A en tant que P One", "-", SEEN.format(id=11), "unknown", "staff"),
        ("Admin A como P One", "-", SEEN.format(id=11), "unknown", "staff"),
        ("Admin A come P One", "-", SEEN.format(id=11), "unknown", "staff"),
    ],
)
def test_who_acted_in_a_row_of_its_own(
    tmp_path: Path, name: str, affected: str, description: str, student: str | None, role: str
) -> None:
    assert people(tmp_path, row(name, description, affected)) == [(student, role)]


def test_an_administrator_who_is_logged_in_as_a_student_is_known_by_her_own_rows(tmp_path: Path) -> None:
    rows = [row("Admin A", SEEN.format(id=2)), row("Admin A as P One", SEEN.format(id=11))]
    assert people(tmp_path, *rows) == [("2", "student"), ("2", "staff")]


def test_a_teacher_who_awards_a_badge_is_known_by_her_own_rows(tmp_path: Path) -> None:
    awarded = "The user with id '11' has been awarded the badge with id '3'."
    assert people(tmp_path, row("T Two", SEEN.format(id=2)), row("T Two", awarded, "P One")) == [("2", "student")] * 2


@pytest.mark.parametrize(("user", "role"), [("-1", "system"), ("0", "guest"), ("11", "student")])
def test_a_column_of_ids_has_the_word(tmp_path: Path, user: str, role: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f'Time,user,Event name,Description\n"13/03/21, 10:00",{user},Course viewed,{SEEN.format(id=7)}\n')
    [entry] = read_moodle(path)
    assert isinstance(entry, Entry)
    assert (entry.key, json.loads(entry.value)["role"]) == (user.encode(), role)


def test_rows_of_no_student_are_counted_by_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [
        row("-", SEEN.format(id=0)),
        row("-", "x"),
        row("Guest user", SEEN.format(id=1)),
        row("A as B", SEEN.format(id=2)),
        row("P One", SEEN.format(id=11)),
    ]
    path.write_text(HEAD + "".join(rows))
    remarks = Counter(item.remark for item in read_moodle(path) if isinstance(item, Entry))
    assert remarks == {
        "of nobody who was logged in": 1,
        "Moodle's own, not a person's": 1,
        "of a guest": 1,
        "of somebody who was logged in as somebody else": 1,
        "": 1,
    }


def courses(tmp_path: Path, *rows: str, given: str | None = None) -> list[str | None]:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    found = read_moodle(path, Options(course_id=given))
    return [json.loads(item.value).get("course_id") for item in found if isinstance(item, Entry)]


PAGE = "The user with id '11' viewed the 'page' activity with course module id '{id}'."
GROUP = "The user with id '11' created the group with id '3'."


def test_a_course_is_one_whether_named_by_id_title_or_a_new_title(tmp_path: Path) -> None:
    found = courses(
        tmp_path,
        row("P", SEEN.format(id=11), context="Course: Algebra"),
        row("P", PAGE.format(id=1), context="Page: A"),
        row("P", GROUP, context="Course: Algebra"),
        row("P", GROUP, context="Course: Algebra I"),
        row("P", "The user with id '11' has logged out.", context="System"),
    )
    assert found == ["5", "5", "5", "5", None]


def test_of_several_courses_titles_and_modules_say_which(tmp_path: Path) -> None:
    other = "The user with id '11' viewed the course with id '6'."
    both = "The user with id '11' started the quiz with course module id '9' in the course with id '6'."
    found = courses(
        tmp_path,
        row("P", SEEN.format(id=11), context="Kurs: Algebra"),
        row("P", other, context="Kurs: Physik"),
        row("P", both, context="Test: Q"),
        row("P", GROUP, context="Kurs: Algebra"),
        row("P", GROUP, context="Kurs: Physik"),
        row("P", PAGE.format(id=9), context="Test: Q"),
        row("P", PAGE.format(id=8), context="Seite: A"),
        row("P", GROUP, context="Kurs: Chemie"),
    )
    assert found == ["5", "6", "6", "5", "6", "6", None, "Chemie"]


def test_a_course_that_is_given_is_that_of_rows_that_name_none_by_id(tmp_path: Path) -> None:
    rows = [row("P", GROUP, context="Course: Algebra"), row("P", PAGE.format(id=8), context="Page: A")]
    assert courses(tmp_path, *rows) == ["Algebra", None]
    assert courses(tmp_path, *rows, given="5") == ["5", "5"]
