"""Moodle's log export as clickstream events."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.formats import Entry, FormatError, Unreadable
from ingest.formats.moodle.names import event_name_of
from ingest.formats.moodle.reading import Options, read_moodle
from ingest.formats.moodle.times import parse_time
from tests.parts import require

HEAD = "Time,ts,user,Event context,Component,Event name,Description,Origin,file,cmid\n"
VIEW = (
    '"17/10/21, 12:38",2021-10-17 12:38:00,4,Course: OOP,System,Course viewed,'
    "The user with id '4' viewed the course with id '111'.,web,1 F19,\n"
)
EXPORT_HEAD = "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"


def read(tmp_path: Path, text: str, **options: Any) -> list[Entry | Unreadable]:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return list(read_moodle(path, Options(**options)))


def events(tmp_path: Path, text: str, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(entry.value) for entry in read(tmp_path, text, **options) if isinstance(entry, Entry)]


def test_a_row_becomes_the_event_that_the_mapping_says(tmp_path: Path) -> None:
    [entry] = read(tmp_path, HEAD + VIEW)
    assert isinstance(entry, Entry)
    event = json.loads(entry.value)
    event.pop("event_id")
    assert (entry.topic, entry.event_ms, entry.key) == ("clickstream_events", 1_634_474_280_000, b"4")
    assert event == {
        "student_id": "4",
        "role": "student",
        "event_name": "page_view",
        "timestamp": 1_634_474_280_000,
        "class_id": "1 F19",
        "course_id": "111",
        "metadata": {
            "component": "System",
            "event_name": "Course viewed",
            "event_context": "Course: OOP",
            "description": "The user with id '4' viewed the course with id '111'.",
            "origin": "web",
        },
    }


def test_equal_rows_are_separate_actions_with_ids_that_another_reading_gives_again(tmp_path: Path) -> None:
    ids = [event["event_id"] for event in events(tmp_path, HEAD + VIEW * 3)]
    assert len(set(ids)) == 3
    assert ids == [event["event_id"] for event in events(tmp_path, HEAD + VIEW * 3)]


@pytest.mark.parametrize(
    ("user", "student", "role"),
    [("4", "4", "student"), ("-1", "-1", "system"), ("", None, "student")],
)
def test_the_role_is_system_for_moodle_itself_and_nobody_is_invented(
    tmp_path: Path, user: str, student: str | None, role: str
) -> None:
    row = f'"1/03/21, 10:00",2021-03-01 10:00:00,{user},Course: OOP,System,Course viewed,seen,web,1 F19,\n'
    [entry] = read(tmp_path, HEAD + row)
    assert isinstance(entry, Entry)
    event = json.loads(entry.value)
    assert (event.get("student_id"), event["role"]) == (student, role)
    assert entry.key == (student.encode() if student else None)


def test_an_impossible_date_is_published_as_it_stands(tmp_path: Path) -> None:
    [entry] = read(tmp_path, HEAD + '"29/02/18, 19:00",,2136,Course: BTM,System,Course viewed,x,web,5 SP18,\n')
    assert isinstance(entry, Entry)
    assert entry.event_ms is None
    assert json.loads(entry.value)["timestamp"] == "29/02/18, 19:00"


@pytest.mark.parametrize(
    ("description", "context", "course"),
    [
        ("viewed the course with id '111'.", "Course: OOP", "111"),
        ("available badges for the course with the id '111'.", "Course: OOP", "111"),
        ("joined a meeting for the activity with id '596' for the course id '502'.", "BigBlueButtonBN: A", "502"),
        ("User viewed their submission inbox at course: 148", "Turnitin Assignment 2: T", "148"),
        ("created the group with id '295'.", "Course: OOP (F19)", "OOP (F19)"),
        ("viewed the 'resource' activity with course module id '3409'.", "File: MIG", None),
    ],
)
def test_the_course_is_the_id_in_the_description_else_the_context(
    tmp_path: Path, description: str, context: str, course: str | None
) -> None:
    row = f'"1/03/21, 10:00",2021-03-01 10:00:00,4,{context},System,Course viewed,{description},web,1 F19,\n'
    [event] = events(tmp_path, HEAD + row)
    assert event.get("course_id") == course


def test_the_chapter_is_the_course_module(tmp_path: Path) -> None:
    row = '"1/03/21, 10:00",2021-03-01 10:00:00,4,File: MIG,File,Course module viewed,x,web,1 F19,3409\n'
    assert events(tmp_path, HEAD + row)[0]["chapter_id"] == "cm3409"


def test_what_is_handed_in_is_the_course_module_too(tmp_path: Path) -> None:
    row = (
        '"1/03/21, 10:00",2021-03-01 10:00:00,4,Assignment: One,Assignment,{name},"The user with id \'4\' has '
        "submitted the submission with id '1' for the assignment with course module id '3409'.\",web,1 F19,3409\n"
    )
    viewed, handed = (
        events(tmp_path, HEAD + row.format(name="Course module viewed")),
        HEAD + row.format(name="A submission has been submitted."),
    )
    assert "assessment_id" not in viewed[0]
    [event] = events(tmp_path, handed)
    assert (event["event_name"], event["assessment_id"], event["chapter_id"]) == (
        "assignment_submit",
        "cm3409",
        "cm3409",
    )


def test_a_real_export_gives_ids_for_names_and_forwards_neither_names_nor_addresses(tmp_path: Path) -> None:
    rows = (
        '"17/10/21, 12:38:09",Ada Lovelace,Grace Hopper,User: Ada Lovelace,System,User profile viewed,'
        "The user with id '4' viewed the profile for the user with id '5'.,web,192.0.2.7\n"
        '"17/10/21, 12:40:00",Ada Lovelace,-,Turnitin Assignment 2: T,Turnitin,List Submissions,'
        "User viewed their submission inbox at course: 148,web,192.0.2.7\n"
        '"17/10/21, 12:41:00",Alan Turing,-,File: MIG,File,Course module viewed,'
        "viewed the 'resource' activity with course module id '3409'.,web,192.0.2.8\n"
    )
    text = EXPORT_HEAD + rows
    found = events(tmp_path, text, timezone="Europe/Berlin", class_id="7B")
    assert [event.get("student_id") for event in found] == ["4", "4", None]
    assert found[0]["timestamp"] == 1_634_467_089_000
    assert [event["class_id"] for event in found] == ["7B"] * 3
    assert found[2]["chapter_id"] == "cm3409"
    published = json.dumps(found)
    for secret in ("Lovelace", "Hopper", "Turing", "192.0.2"):
        assert secret not in published


def test_two_users_of_one_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    line = '"17/10/21, 12:3{n}",Kim Lee,-,Course: OOP,System,Course viewed,{text},web,192.0.2.7\n'
    rows = (
        line.format(n=1, text="The user with id '4' viewed the course with id '1'.")
        + line.format(n=2, text="The user with id '9' viewed the course with id '1'.")
        + line.format(n=3, text="User viewed their submission inbox at course: 1")
    )
    assert [event.get("student_id") for event in events(tmp_path, EXPORT_HEAD + rows)] == ["4", "9", None]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("6/07/20, 02:53", "UTC", 1_594_003_980_000),
        ("6/07/2020, 02:53:07", "UTC", 1_594_003_987_000),
        ("6/07/20, 02:53", "Europe/Berlin", 1_593_996_780_000),
        ("17 October 2021, 12:39 PM", "UTC", 1_634_474_340_000),
        ("Sunday, 17 October 2021, 12:39 PM", "UTC", 1_634_474_340_000),
        ("29/02/18, 19:00", "UTC", None),
        ("25:00", "UTC", None),
        ("", "UTC", None),
    ],
)
def test_the_time_is_read_in_the_forms_that_moodle_writes(text: str, zone: str, expected: int | None) -> None:
    assert parse_time(text, UTC if zone == "UTC" else ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    ("moodle", "ours"),
    [
        ("Course module viewed", "page_view"),
        ("The status of the submission has been viewed.", "page_view"),
        ("A submission has been submitted.", "assignment_submit"),
        ("Add Submission", "assignment_submit"),
        ("Quiz attempt submitted", "quiz_submit"),
        ("Post created", "forum_post"),
        ("Grade item updated", "Grade item updated"),
        ("Submission created.", "Submission created."),
    ],
)
def test_known_names_are_mapped_and_others_pass_through(moodle: str, ours: str) -> None:
    assert event_name_of(moodle) == ours


def test_lines_that_are_no_rows_are_reported_by_number_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(
        HEAD.encode() + VIEW.encode() + b"one,two\n" + VIEW.encode().replace(b"OOP", b"\xff\xfe") + VIEW.encode()
    )
    found = list(read_moodle(path))
    assert [type(item) for item in found] == [Entry, Unreadable, Unreadable, Entry]
    assert [item.line for item in found if isinstance(item, Unreadable)] == [3, 4]


def test_a_file_that_breaks_off_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress((HEAD + VIEW * 4000).encode())[:-20])
    found = list(read_moodle(path))
    assert isinstance(found[-1], Unreadable)
    assert "breaks off" in found[-1].why


def test_another_file_is_refused_with_the_columns_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="has the columns Name, Mark"):
        read(tmp_path, "Name,Mark\nAda,1\n".replace("Name,Mark", '"Name, Mark",x'))


def test_the_real_log_of_five_years_is_accounted_for_to_the_row(data_dir: Path) -> None:
    file = data_dir / "moodle-oop-course.csv.gz"
    require("data", file.is_file(), f"{file} does not exist")
    found = list(read_moodle(file))
    entries = [item for item in found if isinstance(item, Entry)]
    assert len(found) == len(entries) == 64_422
    assert sum(entry.key is None for entry in entries) == 7_866
    assert sum(entry.event_ms is None for entry in entries) == 3
    roles = Counter(json.loads(entry.value)["role"] for entry in entries if entry.key and entry.event_ms)
    assert roles == {"student": 56_275, "system": 278}
    assert len({json.loads(entry.value)["event_id"] for entry in entries}) == 64_422
