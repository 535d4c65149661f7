"""Roster files: recognised, checked as a whole, loaded as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from dataflows.batch import Records
from dataflows.events.full import decode_full
from ingest.records import FileError
from ingest.rosters.files import kind_of, read

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def url(migrated_any: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", migrated_any)
    return migrated_any


def load(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["roster", "load", *map(str, arguments)])


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize(
    ("name", "columns", "kind"),
    [
        ("classes.csv", "class_id", "classes"),
        ("staff-2026.csv", "class_id", "staff"),
        ("timetable.json", "", "periods"),
        ("x.csv", "class_id title grade", "classes"),
        ("x.csv", "class_id staff_id", "staff"),
        ("x.csv", "class_id weekday starts ends", "periods"),
        ("x.csv", "term_id starts ends", "terms"),
        ("x.csv", "student_id display_name", "directory"),
        ("x.csv", "student_id display_name class_id", "students"),
        ("x.csv", "student_id course_id", "students"),
        ("x.csv", "student_id email", "addresses"),
    ],
)
def test_a_file_is_recognised_by_its_name_or_its_columns(name: str, columns: str, kind: str) -> None:
    assert kind_of(Path(name), set(columns.split())) == kind


def test_columns_that_fit_nothing_are_named() -> None:
    with pytest.raises(FileError, match="shoe_size"):
        kind_of(Path("x.csv"), {"class_id", "shoe_size"})


def test_every_fault_is_reported_with_its_line(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "periods.csv",
        "class_id,weekday,starts,ends\n7B,someday,08:00,08:45\n7B,1,08:00,08:45\n7B,Mon,08:00,09:45\n,2,9:00,08:45\n7B,2,09:00,08:45\n",
    )
    with pytest.raises(FileError) as error:
        read(path, UTC)
    assert [fault.split(":")[0] for fault in error.value.faults] == ["line 2", "line 4", "line 5", "line 5", "line 6"]
    assert "after line 3" in error.value.faults[1]
    assert "ends before it starts" in error.value.faults[4]


def test_quotes_semicolons_a_byte_order_mark_and_spaces_are_read(tmp_path: Path) -> None:
    path = file(tmp_path, "names.csv", '\ufeffStudent_ID; display_name \n ann ;"Ann; A."\n')
    assert list(read(path, UTC).tables["directory"].values()) == [{"student_id": "ann", "display_name": "Ann; A."}]


@pytest.mark.parametrize("blank", [" ", "\t", "\ufeff", "\xa0", "\u200b"])
def test_ids_are_the_ids_that_events_have_however_they_were_typed(tmp_path: Path, blank: str) -> None:
    name = f"{blank}Zoe\u0308{blank}"
    rows_ = [{"student_id": name, "class_id": f"7B{blank}", "course_id": blank}, {"student_id": 11.0, "class_id": 7.0}]
    roster = read(file(tmp_path, "students.json", json.dumps(rows_)), UTC)
    event = json.dumps({"student_id": name, "class_id": f"7B{blank}", "event_name": "x", "timestamp": 1760000000000})
    decoded = decode_full(Records("clickstream_events", 0, [0], [1760000000000], [None], [event.encode()])).frame
    ids = decoded.select("student_id", "class_id").row(0)
    found = [(row["student_id"], row["class_id"], row["course_id"]) for row in roster.tables["enrolments"].values()]
    assert found == [(*ids, "*"), ("11", "7", "*")]


def test_a_blank_id_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="class_id is missing"):
        read(file(tmp_path, "classes.csv", "class_id,title\n \xa0,Seven\n"), UTC)


def test_a_date_alone_is_local_midnight(tmp_path: Path) -> None:
    path = file(
        tmp_path, "enrolments.csv", "student_id,course_id,enrolled_at\na,m,2026-02-01\nb,m,2026-02-01T08:00:00Z\n"
    )
    found = [row["enrolled_at"].isoformat() for row in read(path, BERLIN).tables["enrolments"].values()]
    assert found == ["2026-02-01T00:00:00+01:00", "2026-02-01T08:00:00+00:00"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"pupils": []}', '"x"', '[{"class_id": {}}]'])
def test_broken_json_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError) as error:
        read(file(tmp_path, "classes.json", text), UTC)
    assert error.value.faults


def test_csv_and_json_files_are_loaded_and_counted(tmp_path: Path, url: str) -> None:
    classes = file(tmp_path, "classes.csv", "class_id,title,grade\n7B,Class 7B,7\n7C,Class 7C,7\n")
    students = file(tmp_path, "a.csv", "student_id,display_name,class_id\nann,Ann,7B\nben,Ben,7B\n")
    rest = {
        "terms": [{"term_id": "s1", "starts": "2026-02-01", "ends": "2026-07-01"}],
        "staff": [{"class_id": "7B", "staff_id": "t", "channel": "slack", "address": "#7b"}],
        "enrolments": [{"student_id": "ann", "course_id": "math", "class_id": "7B", "role": "student"}],
        "periods": [{"class_id": "7B", "weekday": "Tue", "starts": "08:00", "ends": "08:45"}],
    }
    result = load(classes, students, file(tmp_path, "all.json", json.dumps(rest)))
    assert result.exit_code == 0, result.output
    assert rows(url, "SELECT class_id, enrolled FROM class_overview ORDER BY 1") == [("7B", 2), ("7C", 0)]
    assert rows(url, "SELECT student_id, display_name FROM class_students ORDER BY 1") == [
        ("ann", "Ann"),
        ("ben", "Ben"),
    ]
    assert rows(url, "SELECT course_id FROM course_list") == [("math",)]
    assert rows(url, "SELECT scope_id FROM active_now WHERE scope = 'course'") == [("math",)]
    assert rows(url, "SELECT weekday FROM periods") == [(2,)]
    assert "class_staff" in result.output


@pytest.mark.parametrize(
    ("channel", "address", "kept"),
    [
        ("email", "ann.lee+7b@school.example", "ann.lee+7b@school.example"),
        (" Email ", "ann@school", "ann@school"),
        ("slack", "7B", "#7b"),
        ("slack", "#maths_7b", "#maths_7b"),
        ("slack", "C0123456789", "C0123456789"),
        ("slack", "https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com/services/T/B/x"),
        ("", "", None),
    ],
)
def test_staff_are_reached_by_mail_a_webhook_or_a_channel(
    tmp_path: Path, channel: str, address: str, kept: str | None
) -> None:
    path = file(tmp_path, "staff.csv", f"class_id,staff_id,channel,address\n7B,t,{channel},{address}\n")
    [row] = read(path, UTC).tables["class_staff"].values()
    assert row["address"] == kept


@pytest.mark.parametrize(
    ("channel", "address", "said"),
    [
        ("email", "ann", "no e-mail address"),
        ("email", "a@b\r\nBcc: all@school", "no e-mail address"),
        ("email", "a@b, c@d", "no e-mail address"),
        ("slack", "hooks.slack.com/services/x", "neither an incoming webhook"),
        ("slack", "", "go together"),
        ("", "ann@school.example", "go together"),
        ("sms", "+49 123", "'email' or 'slack'"),
    ],
)
def test_staff_who_could_not_be_reached_are_refused(tmp_path: Path, channel: str, address: str, said: str) -> None:
    path = file(
        tmp_path,
        "staff.json",
        json.dumps([{"class_id": "7B", "staff_id": "t", "channel": channel, "address": address}]),
    )
    with pytest.raises(FileError, match=said):
        read(path, UTC)


def test_students_addresses_are_loaded_apart_and_cleared_by_an_empty_field(tmp_path: Path, url: str) -> None:
    header = "student_id,email\n"
    assert load(file(tmp_path, "a.csv", f"{header}ann,ann@school.example\nben,ben@school.example\n")).exit_code == 0
    assert load(file(tmp_path, "b.csv", f"{header}ben,\n")).exit_code == 0
    assert rows(url, "SELECT student_id, email FROM student_addresses ORDER BY 1") == [
        ("ann", "ann@school.example"),
        ("ben", None),
    ]
    refused = load(file(tmp_path, "c.csv", f"{header}ann,nobody\n"))
    assert "line 2: email 'nobody' is no e-mail address" in refused.stderr


def test_one_fault_keeps_the_whole_file_out_and_no_other(tmp_path: Path, url: str) -> None:
    good = file(tmp_path, "classes.csv", "class_id\n7B\n")
    bad = file(tmp_path, "terms.csv", "term_id,starts,ends\na,2026-01-01,2026-02-01\nb,2026-01-01,2025-01-01\n")
    result = load(bad, good)
    assert result.exit_code == 3
    assert "line 3" in result.stderr
    assert rows(url, "SELECT count(*) FROM terms") == [(0,)]
    assert rows(url, "SELECT class_id FROM classes") == [("7B",)]


def test_a_second_load_changes_only_what_differs(tmp_path: Path, url: str) -> None:
    load(file(tmp_path, "classes.csv", "class_id,title,grade\n7B,B,7\n7C,C,7\n"))
    result = load(file(tmp_path, "classes.csv", "class_id,title\n7B,B\n7C,See\n8A,A\n"))
    assert result.exit_code == 0
    assert [word for word in result.output.split() if word.isdigit()] == [
        "1",
        "1",
        "1",
        "0",
    ]  # new changed same removed
    assert rows(url, "SELECT class_id, title, grade FROM classes ORDER BY 1") == [
        ("7B", "B", "7"),
        ("7C", "See", "7"),
        ("8A", "A", None),
    ]


def test_a_timetable_is_all_there_is_of_the_classes_that_it_names(tmp_path: Path, url: str) -> None:
    header = "class_id,weekday,starts,ends\n"
    load(file(tmp_path, "periods.csv", header + "7B,1,08:00,08:45\n7B,2,08:00,08:45\n7C,1,08:00,08:45\n"))
    load(file(tmp_path, "periods.csv", header + "7B,1,08:00,08:50\n"))
    assert rows(url, "SELECT class_id, weekday, ends::text FROM periods ORDER BY 1") == [
        ("7B", 1, "08:50:00"),
        ("7C", 1, "08:45:00"),
    ]


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, url: str) -> None:
    result = load(file(tmp_path, "classes.csv", "class_id\n7B\n"), "--dry-run")
    assert result.exit_code == 0
    assert "would load" in result.output
    assert rows(url, "SELECT count(*) FROM classes") == [(0,)]


def test_classes_that_nobody_described_are_noted(tmp_path: Path, url: str) -> None:
    result = load(file(tmp_path, "staff.csv", "class_id,staff_id\n9Z,t\n"))
    assert (result.exit_code, "9Z" in result.stderr) == (0, True)


def test_the_first_enrolment_stays_whatever_a_later_file_says(tmp_path: Path, url: str) -> None:
    header = "student_id,course_id,enrolled_at\n"
    for number, said in enumerate(("2026-02-10", "2026-03-01", "", "2026-02-20")):
        assert load(file(tmp_path, f"enrolments-{number}.csv", f"{header}ann,math,{said}\n")).exit_code == 0
    assert rows(url, "SELECT enrolled_at::date::text, returned_at::date::text FROM enrolments") == [
        ("2026-02-10", "2026-03-01")
    ]
    result = load(file(tmp_path, "enrolments-9.csv", f"{header}ann,math,2026-02-01\nann,art,\n"))
    assert [word for word in result.output.split() if word.isdigit()] == ["1", "1", "0", "0"]
    assert rows(url, "SELECT course_id, enrolled_at::date::text FROM enrolments ORDER BY 1") == [
        ("art", None),
        ("math", "2026-02-01"),
    ]


@pytest.mark.parametrize("course", ["", "math"])
def test_a_student_may_be_in_two_classes(tmp_path: Path, url: str, course: str) -> None:
    header = "student_id,class_id,course_id\n"
    both = file(tmp_path, "students.csv", f"{header}ann,7A,{course}\nann,7B,{course}\nben,7B,{course}\n")
    members = "SELECT class_id, student_id FROM class_members ORDER BY 1, 2"
    in_both: list[tuple[object, ...]] = [("7A", "ann"), ("7B", "ann"), ("7B", "ben")]
    for _ in range(2):
        result = load(both)
        assert result.exit_code == 0, result.stderr
        assert rows(url, members) == in_both
    assert rows(url, "SELECT class_id, student_id FROM class_students ORDER BY 1, 2") == in_both
    assert rows(url, "SELECT scope_id, enrolled FROM active_now WHERE scope IN ('all', 'class') ORDER BY 1") == [
        ("7A", 1),
        ("7B", 2),
        ("all", 2),
    ]
    alone = file(tmp_path, "students-2.csv", f"{header}ann,7B,{course}\n")
    assert load(alone).exit_code == 0
    assert rows(url, members) == [("7B", "ann"), ("7B", "ben")]
    lists = [file(tmp_path, f"students-{c}.csv", f"{header}ann,{c},{course}\n") for c in ("7A", "7B")]
    assert load(*lists).exit_code == 0
    assert rows(url, members) == in_both
    again = load(file(tmp_path, "enrolments.csv", f"{header}ann,7A,math\nann,7B,math\nann,7A,math\n"))
    assert "line 4: ann / math is given again" in again.stderr
