"""Content files: checked as a whole, loaded as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from dataflows.errors import Exit
from ingest.contents.files import Content
from ingest.records import FileError

BERLIN = ZoneInfo("Europe/Berlin")
HEADER = "course_id,item_id,kind,title,position,expected_seconds\n"


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(FileError) as error:
        Content().add(path, BERLIN)
    return error.value.faults


@pytest.fixture
def url(migrated_any: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", migrated_any)
    return migrated_any


def load(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["content", "load", *map(str, arguments)])


def items(url: str, columns: str = "course_id, item_id") -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return connection.execute(
            f"SELECT {columns} FROM content_items ORDER BY course_id, item_id".encode()
        ).fetchall()


def numbers(result: Result) -> list[int]:
    """Returns new, changed and same of each file."""
    return [int(word) for word in result.stdout.split() if word.isdigit()]


def test_ids_are_the_ids_that_events_have_however_they_were_typed(tmp_path: Path) -> None:
    content = Content()
    content.add(file(tmp_path, "items.csv", f"{HEADER}\ufeffmath\xa0, Cafe\u0301\u200b,chapter,One,,\n"), BERLIN)
    assert list(content.places) == [("math", "Caf\xe9")]


def test_every_fault_is_reported_with_its_line_and_field(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "items.csv",
        "course_id,item_id,kind,parent_id,expected_seconds,available_from,due_at,pass_mark\n"
        "math,a,chapter,,-5,,,\n"
        "math,b,chapter,,soon,,,101\n"
        ",c,chapter,,,,,\n"
        "math,d,,,,,,\n"
        "math,e,quiz,,,2026-03-02,2026-03-01,\n"
        "math,f,quiz,f,,someday,,\n"
        "math,g,quiz,,,,,\n"
        "math,g,quiz,,,,,\n",
    )
    found = faults(path)
    assert [fault.split(" ", 3)[:3] for fault in found] == [
        ["line", "2:", "expected_seconds"],
        ["line", "3:", "expected_seconds"],
        ["line", "3:", "pass_mark"],
        ["line", "4:", "course_id"],
        ["line", "5:", "kind"],
        ["line", "6:", "due_at"],
        ["line", "7:", "available_from"],
        ["line", "9:", "math"],
    ]
    assert "after line 8" in found[-1]


def test_an_item_that_is_part_of_itself_is_refused(tmp_path: Path) -> None:
    rows = "math,a,chapter,b\nmath,b,chapter,c\nmath,c,chapter,a\nmath,d,lesson,a\nphysics,a,chapter,\n"
    found = faults(file(tmp_path, "x.csv", "course_id,item_id,kind,parent_id\n" + rows))
    assert [fault.split(":")[0] for fault in found] == ["line 2", "line 3", "line 4"]


def test_a_wrong_header_is_one_fault_a_column(tmp_path: Path) -> None:
    found = faults(file(tmp_path, "x.csv", "course_id,item,kind\nmath,a,chapter\nmath,b,chapter\n"))
    assert found == ["line 1: column item_id is missing", "line 1: item is no column of items"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "[]", '{"lessons": []}', '"x"', '[{"course_id": {}}]'])
def test_broken_json_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    assert faults(file(tmp_path, "items.json", text))


def test_an_item_may_stand_in_one_file_only(tmp_path: Path) -> None:
    content = Content()
    content.add(file(tmp_path, "a.csv", HEADER + "math,a,chapter,A,1,60\n"), BERLIN)
    with pytest.raises(FileError, match="given again, after line 2"):
        content.add(file(tmp_path, "b.csv", HEADER + "math,a,chapter,A,1,60\n"), BERLIN)


def test_csv_and_json_files_are_loaded_and_counted(tmp_path: Path, url: str) -> None:
    sheet = file(tmp_path, "maths.csv", HEADER + "math,ch1,Chapter,Numbers,1,900\nmath,ch2,chapter,,2,\n")
    quiz = {"course_id": "math", "item_id": "q1", "kind": "quiz", "parent_id": "ch2", "pass_mark": 60.5}
    result = load(
        sheet, file(tmp_path, "quizzes.json", json.dumps({"items": [quiz | {"due_at": "2026-03-02T10:00Z"}]}))
    )
    assert result.exit_code == 0, result.output
    assert numbers(result) == [2, 0, 0, 1, 0, 0]
    columns = "item_id, kind, title, position, expected_seconds, parent_id, pass_mark, due_at::text"
    assert items(url, columns) == [
        ("ch1", "chapter", "Numbers", 1, 900, None, None, None),
        ("ch2", "chapter", None, 2, None, None, None, None),
        ("q1", "quiz", None, None, None, "ch2", 60.5, "2026-03-02 10:00:00+00"),
    ]
    assert not result.stderr


def test_one_fault_keeps_every_file_out(tmp_path: Path, url: str) -> None:
    good = file(tmp_path, "good.csv", HEADER + "math,ch1,chapter,Numbers,1,900\n")
    bad = file(tmp_path, "bad.csv", HEADER + "math,ch2,chapter,Fractions,2,900\nmath,ch3,chapter,Roots,3,0\n")
    result = load(good, bad)
    assert result.exit_code == 3
    assert "line 3: expected_seconds '0'" in result.stderr
    assert items(url) == []


def test_a_second_load_changes_only_what_differs(tmp_path: Path, url: str) -> None:
    load(file(tmp_path, "a.csv", HEADER + "math,ch1,chapter,Numbers,1,900\nmath,ch2,chapter,Fractions,2,900\n"))
    result = load(
        file(tmp_path, "b.csv", "course_id,item_id,kind,expected_seconds\nmath,ch1,chapter,\nmath,ch2,chapter,900\n")
    )
    assert numbers(result) == [0, 1, 1]
    assert items(url, "title, expected_seconds") == [("Numbers", None), ("Fractions", 900)]


def test_replacing_removes_what_the_files_do_not_name_of_their_courses(tmp_path: Path, url: str) -> None:
    rows = "math,ch1,chapter,,,\nmath,old,chapter,,,\nphysics,p1,chapter,,,\n"
    load(file(tmp_path, "a.csv", HEADER + rows))
    one = file(tmp_path, "b.csv", HEADER + "math,ch1,chapter,,,\n")
    two = file(tmp_path, "c.csv", HEADER + "math,ch2,chapter,,,\n")
    assert load(one, two).exit_code == 0
    assert len(items(url)) == 4
    result = load(one, two, "--replace")
    assert "1 item(s) removed" in result.stdout
    assert items(url) == [("math", "ch1"), ("math", "ch2"), ("physics", "p1")]


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, url: str) -> None:
    load(file(tmp_path, "a.csv", HEADER + "math,old,chapter,,,\n"))
    result = load(file(tmp_path, "b.csv", HEADER + "math,ch1,chapter,,,\n"), "--dry-run", "--replace")
    assert result.exit_code == 0
    assert "would load" in result.stdout
    assert "1 item(s) would be removed" in result.stdout
    assert items(url) == [("math", "old")]


def test_parents_that_are_no_items_are_noted(tmp_path: Path, url: str) -> None:
    result = load(file(tmp_path, "a.csv", "course_id,item_id,kind,parent_id\nmath,ch1,chapter,unit9\n"))
    assert (result.exit_code, "math / unit9" in result.stderr) == (0, True)


def test_a_database_that_cannot_be_reached_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    result = load(file(tmp_path, "a.csv", HEADER + "math,ch1,chapter,,,\n"))
    assert result.exit_code == Exit.UNAVAILABLE
    assert len(result.stderr.splitlines()) == 1
