"""The Open University's tables: registrations, submissions, clicks and results, day by day."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from ingest.formats import Entry, FormatError, Uncounted, Unreadable
from ingest.formats.oulad.reading import BANKED, NOT_PASSED, read_oulad
from tests.parts import require

TABLES = {
    "assessments.csv": "code_module,code_presentation,id_assessment,assessment_type\nAAA,2013J,17,TMA\n",
    "courses.csv": "code_module,code_presentation,module_presentation_length\nAAA,2013J,268\n",
    "studentAssessment.csv": "id_assessment,id_student,date_submitted,is_banked,score\n17,7,18,0,78\n17,8,-1,1,70\n"
    "17,9,20,0,\n99,7,1,0,50\n",
    "studentInfo.csv": "code_module,code_presentation,id_student,final_result\n"
    "AAA,2013J,7,Pass\nAAA,2013J,8,Withdrawn\n",
    "studentRegistration.csv": "code_module,code_presentation,id_student,date_registration,date_unregistration\n"
    "AAA,2013J,7,-20,\nAAA,2013J,8,-5,12\nAAA,2013J,9,,\n",
    "studentVle.csv": "code_module,code_presentation,id_student,id_site,date,sum_click\nAAA,2013J,7,546,-2,4\n",
    "vle.csv": "id_site,code_module,code_presentation,activity_type\n546,AAA,2013J,oucontent\n",
}


def test_each_row_is_an_event_or_is_told(tmp_path: Path) -> None:
    for name, text in TABLES.items():
        # as published, or as others keep it
        packed = tmp_path / f"{name.replace('student', 'student_').lower()}.gz"
        packed.write_bytes(gzip.compress(text.encode())) if "A" in name else (tmp_path / name).write_text(text)
    found = list(read_oulad(tmp_path))
    events = [json.loads(item.value) for item in found if isinstance(item, Entry)]
    assert [(e.get("student_id", e.get("user_id")), e.get("event_name", "score"), e["timestamp"]) for e in events] == [
        ("7", "course_enroll", 1_378_886_400_000),  # 2013-09-11 08:00
        ("8", "course_enroll", 1_380_182_400_000),
        ("8", "course_unenroll", 1_381_701_600_000),
        ("7", "assignment_submit", 1_382_205_600_000),  # 2013-10-19 18:00
        ("7", "score", 1_382_205_600_000),
        ("9", "assignment_submit", 1_382_378_400_000),
        ("7", "page_view", 1_380_456_000_000),
        ("7", "course_complete", 1_403_812_800_000),
    ]
    assert events[6]["metadata"] == {"clicks": 4.0, "site": "oucontent"}
    assert {e["class_id"] for e in events} == {"AAA 2013J"}
    assert [item.why for item in found if isinstance(item, Uncounted)] == [BANKED, NOT_PASSED]
    assert [item.why for item in found if isinstance(item, Unreadable)] == [
        "studentregistration.date_registration: the registration has no day of the presentation",
        "studentassessment.id_assessment: the assessment 99 is in no table",
    ]


def test_another_directory_is_refused_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("a\n1\n")
    with pytest.raises(FormatError, match="there is marks.csv"):
        list(read_oulad(tmp_path))


def test_the_real_registrations_are_accounted_for_to_the_row(data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "oulad" / "student_registration.csv.gz"
    require("data", file.is_file(), f"{file} does not exist")
    (tmp_path / file.name).symlink_to(file.resolve())
    kinds: Counter[str] = Counter()
    for item in read_oulad(tmp_path):
        kinds[json.loads(item.value)["event_name"] if isinstance(item, Entry) else type(item).__name__] += 1
    assert kinds == {"course_enroll": 32_548, "course_unenroll": 10_072, "Unreadable": 6}
