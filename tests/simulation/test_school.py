"""The simulated school and its roster."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest.contents.files import Content
from ingest.rosters.files import read
from simulation.content_files import write_content
from simulation.roster_files import write_roster
from simulation.school import build_school
from simulation.timetable import period_at

START = 1_760_000_000_000


@pytest.mark.parametrize("students", [1, 5, 28, 35, 600, 5000])
def test_every_student_is_in_one_class_and_the_first_class_is_7a(students: int) -> None:
    school = build_school(students, seed=2)
    ids = [student.student_id for group in school.classes for student in group.students]
    assert len(ids) == len(set(ids)) == students == school.students
    assert school.classes[0].class_id == "7A"
    names = [group.class_id for group in school.classes]
    assert len(names) == len(set(names))


def test_chapters_are_unique_within_the_school() -> None:
    school = build_school(600, seed=2)
    places: dict[str, str] = {}
    for group in school.classes:
        for chapters in group.courses.values():
            for chapter in chapters:
                assert places.setdefault(chapter.chapter_id, chapter.course_id) == chapter.course_id
    assert len(places) > 200


def test_devices_are_mixed() -> None:
    school = build_school(3000, seed=2)
    kinds = Counter(student.device[0] for group in school.classes for student in group.students)
    assert kinds["desktop"] > kinds["mobile"] > kinds["tablet"] > 0


def test_no_event_carries_a_name() -> None:
    school = build_school(300, seed=2)
    for group in school.classes:
        for student in group.students:
            assert student.name not in student.person


def test_the_periods_follow_each_other_without_gap_for_two_days() -> None:
    at, numbers = 0, []
    while at < 2 * 86_400_000:
        period = period_at(at)
        assert period.starts_ms == at
        assert period_at(period.ends_ms - 1) == period
        numbers.append(period.number)
        at = period.ends_ms
    assert numbers == sorted(set(numbers))
    assert at == 2 * 86_400_000


def test_the_roster_names_everyone_once_and_the_subjects_that_are_taught(tmp_path: Path) -> None:
    school = build_school(120, seed=2)
    files = write_roster(school, tmp_path, START, "Europe/Berlin")
    tables = {}
    for path in files:
        with path.open(newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    assert len(tables["directory"]) == 120
    assert {row["class_id"] for row in tables["enrolments"]} == {row["class_id"] for row in tables["classes"]}
    assert Counter(row["student_id"] for row in tables["enrolments"])["s00001"] == 6
    periods = [row for row in tables["periods"] if row["class_id"] == "7A" and row["weekday"] == "1"]
    assert len({row["subject_id"] for row in periods}) == 6
    # 08:53 UTC
    assert periods[0]["starts"] == "10:53"
    assert all(row["starts"] < row["ends"] for row in periods)


@pytest.mark.parametrize("minutes", [0, 9 * 60, 15 * 60, 15 * 60 + 6])
def test_the_roster_command_takes_every_file_whatever_the_hour(tmp_path: Path, minutes: int) -> None:
    school = build_school(60, seed=2)
    for path in write_roster(school, tmp_path, START + minutes * 60_000):
        roster = read(path, ZoneInfo("UTC"))
        assert roster.tables, path


def test_the_content_command_takes_the_file_and_every_course_and_chapter_has_a_title(tmp_path: Path) -> None:
    school = build_school(600, seed=2)
    taught = Content()
    taught.add(write_content(school, tmp_path), ZoneInfo("UTC"))
    titles = {(row["course_id"], row["item_id"]): row["title"] for rows in taught.parts.values() for row in rows}
    assert titles["math-7", "math-7"] == "Mathematics 7"
    assert titles["math-7", "math-7-ch3"] == "Equations"
    places = {
        (chapter.course_id, chapter.chapter_id)
        for group in school.classes
        for chapters in group.courses.values()
        for chapter in chapters
    }
    assert places | {(course, course) for course, _chapter in places} <= titles.keys()
