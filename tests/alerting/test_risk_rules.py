"""Who is newly at risk: noted with hysteresis, told of once."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from tests.alerting.lessons import NOW, TERM, clock, firing, number, word
from tests.grafana.conftest import School

FRIDAY_16 = NOW.replace(hour=16, minute=0) - timedelta(days=3)
SIGNS = ["not seen for seven study days", "missed a due date"]


def risky(school: School, class_id: str, *, new: int, old: int) -> None:
    """Adds a class with students who are at risk."""
    school.put(classes=[{"class_id": class_id}], risk_entries=entries(class_id, new=new, old=old))


def entries(class_id: str, *, new: int = 0, old: int = 0) -> list[dict[str, object]]:
    """Returns students who were noted since the last digest, and before it."""
    fresh = [entry(f"{class_id}-new-{n}", class_id, NOW - timedelta(hours=1)) for n in range(new)]
    return fresh + [entry(f"{class_id}-old-{n}", class_id, NOW - timedelta(days=9)) for n in range(old)]


def entry(student: str, class_id: str, at: datetime, course: str = "math") -> dict[str, object]:
    return {
        "student_id": student,
        "course_id": course,
        "class_id": class_id,
        "entered_at": at,
        "score": 0.7,
        "reasons": SIGNS,
    }


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        (FRIDAY_16 - timedelta(minutes=1), 0),
        (FRIDAY_16 + timedelta(minutes=1), 1),
        (NOW, 1),
        (NOW + timedelta(minutes=1), 0),
    ],
)
def test_an_entry_is_new_from_one_digest_to_the_next(school: School, entered: datetime, expected: int) -> None:
    school.put(classes=[{"class_id": "7B"}, {"class_id": "7C"}], risk_entries=[entry("ann", "7B", entered)])
    assert firing(school, "at_risk") == {"7B": expected, "7C": 0}
    clock(school, NOW.replace(hour=16, minute=1))
    assert firing(school, "at_risk")["7B"] == 0 if entered <= NOW else True


def test_a_student_counts_once_however_many_the_courses_and_reasons_are_told_in_words(school: School) -> None:
    risky(school, "7B", new=2, old=1)
    school.put(risk_entries=[entry("7B-new-0", "7B", NOW, "art") | {"reasons": SIGNS[1:]}])
    assert number(school, "at_risk", "fresh") == {"7B": 2}
    assert number(school, "at_risk", "students") == {"7B": 3}
    assert word(school, "at_risk", "reasons") == {"7B": "2 missed a due date, 2 not seen for seven study days"}


def test_nobody_is_at_risk_between_terms(school: School) -> None:
    risky(school, "7B", new=2, old=1)
    school.put(terms=[{**TERM, "ends": "2026-03-01"}])
    assert firing(school, "at_risk") == {"7B": 0}


def test_a_student_enters_at_one_score_and_leaves_below_another(school: School) -> None:
    school.put(
        terms=[{**TERM, "starts": "2026-02-17"}],  # NOW is day 14
        classes=[{"class_id": "7B"}],
        enrolments=[{"student_id": "never", "course_id": "math", "class_id": "7B"}],
        content_items=[{"course_id": "math", "item_id": "essay", "kind": "assignment", "due_at": NOW}],
    )
    assert noted(school, NOW - timedelta(days=1)) == []  # day 13
    assert noted(school, NOW) == [("never", NOW, None)]  # never started: 0.4; away for seven study days: 0.4
    assert firing(school, "at_risk") == {"7B": 1}
    first_day = NOW - timedelta(days=13)
    begun = {"event_time": first_day, "event_id": "e", "student_id": "never", "course_id": "math", "item_id": "essay"}
    school.put(milestones=[begun | {"kind": "assignment_start"}])
    later = NOW + timedelta(hours=1)
    assert noted(school, later) == [("never", NOW, None)]  # away and overdue: 0.7
    school.put(milestones=[begun | {"event_id": "f", "kind": "assignment_submit"}])
    assert noted(school, later) == [("never", NOW, None)]  # away: 0.4, not below it
    seen = {"task": 0, "last_event_at": later, "last_event_name": "scroll"}
    school.put(student_state=[{"student_id": "never", "last_interaction_at": later, **seen}])
    assert noted(school, later) == [("never", NOW, later)]
    assert firing(school, "at_risk") == {"7B": 0}


def noted(school: School, now: datetime) -> list[tuple[object, ...]]:
    """Returns who was noted after another call of the job."""
    clock(school, now)
    school.settle()
    with psycopg.connect(school.url, autocommit=True) as owner:
        owner.execute("SELECT set_config('classpulse.clock', 'data', false)")
        owner.execute("CALL note_risks()")
        return owner.execute("SELECT student_id, entered_at, left_at FROM risk_entries").fetchall()
