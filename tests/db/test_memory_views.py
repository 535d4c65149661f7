"""A class of thirty whose history is written out: what is remembered at three instants, alone and together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.chance import chance
from tests.db.conftest import NOW, Database, ago
from tests.db.memory import curve

DAY = timedelta(days=1)
IN_A_DAY, IN_A_WEEK = NOW + DAY, NOW + 7 * DAY

# Six students of each kind: (days before NOW, score) of their reviews. Intervals: 85 -> 17/7 days, a punctual second 85
# -> (17/7)^2 = 5.898, 40 -> 1 (never less), 100 -> 20/7, 70 -> 2. Remembered is 0.8 to the power of elapsed / interval.
HISTORY: dict[str, list[tuple[float, float]]] = {
    "good": [(5, 85)],
    "twice": [(1 + 17 / 7, 85), (1, 85)],
    "failed": [(1, 40)],
    "full": [(9, 100)],
    "passed": [(3, 70)],
}

# Per kind: (forgetting score, urgency) now, in a day and in a week: 100 * (1 - 0.8 ** (5 / (17 / 7))) = 36.8346 etc.
EXPECTED = {
    "good": [(36.8346, "high"), (42.3797, "high"), (66.799, "high")],
    "twice": [(3.7127, "low"), (7.2876, "low"), (26.1159, "medium")],
    "failed": [(20.0, "medium"), (36.0, "high"), (83.2228, "high")],
    "full": [(50.4854, "high"), (54.2053, "high"), (71.3382, "high")],
    "passed": [(28.4458, "medium"), (36.0, "high"), (67.232, "high")],
}


def enrol_class_of_thirty(database: Database) -> None:
    for kind, reviews in HISTORY.items():
        for number in range(6):
            student = f"{kind}{number}"
            database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": "7B"})
            database.put("memory_state", curve(student, [(ago(days=days), score) for days, score in reviews]))


def test_forgetting_of_each_student_at_three_instants(database: Database) -> None:
    enrol_class_of_thirty(database)
    query = "SELECT user_id, forgetting_score, revision_urgency FROM memory_scores"
    for place, instant in enumerate((NOW, IN_A_DAY, IN_A_WEEK)):
        database.watermark(instant)
        found = {user: (forgotten, urgency) for user, forgotten, urgency in database.values(query)}
        assert found == {f"{kind}{n}": EXPECTED[kind][place] for kind in EXPECTED for n in range(6)}


def test_the_columns_of_a_curve_follow_from_its_last_review(database: Database) -> None:
    database.put("memory_state", curve("ann", [(ago(days=5), 85)]))
    assert database.rows("SELECT * FROM memory_scores") == [
        {
            "user_id": "ann",
            "domain": "math",
            "module": "m1",
            "current_score": 53.6906,  # 85 x 0.631654
            "forgetting_score": 36.8346,
            "revision_urgency": "high",
            "last_reviewed_at": ago(days=5),
            "next_review_at": ago(days=5) + timedelta(milliseconds=209_828_571),
            "decay_factor": 0.09188264,
            "model": "ebbinghaus",
            "retention": 0.6317,
            "last_score": 85,
            "interval_days": 2.428571,
            "stability": 10.883449,
            "difficulty": None,
            "reviews": 1,
            "as_of": NOW,
            "pass_chance": round(chance(85, 0.631654), 4),
            "calibration": 1,
        }
    ]


def test_fsrs_remembers_nine_tenths_when_the_review_falls_due(database: Database) -> None:
    database.put("memory_state", curve("ann", [(ago(days=2.3065), 85)], model="fsrs"))
    assert database.values(
        "SELECT current_score, forgetting_score, revision_urgency, difficulty > 1 FROM memory_scores"
    ) == [(76.5, 10.0, "medium", True)]


COHORT = "students_with_curve, enrolled, enrolled_with_curve, due_students, high_students, high_share, median_retention"


def test_a_cohort_shows_who_has_forgotten_and_what_a_week_will_bring(database: Database) -> None:
    enrol_class_of_thirty(database)
    database.put("enrolments", {"student_id": "newcomer", "course_id": "algebra", "class_id": "7B"})
    # now the median is that of "passed", 0.8 ** 1.5; in a day that of "passed" and "failed", 0.8 ** 2
    assert database.values(
        f"SELECT cohort, cohort_id, module, domain, {COHORT} FROM forgetting_by_cohort ORDER BY 1"
    ) == [
        ("class", "7B", "m1", "math", 30, 31, 30, 24, 12, 0.4, 0.7155),
        ("course", "algebra", "m1", "math", 30, 31, 30, 24, 12, 0.4, 0.7155),
    ]
    projections = ", ".join(f"{name}_{days}d" for days in (1, 3, 7) for name in ("median_retention", "high_share"))
    # in three days "failed" 0.8 ** 4 = 0.4096, "good" 0.4795, "passed" 0.8 ** 3 = 0.512: the median is that of "good";
    # in a week 0.1678, 0.2866, 0.32768, 0.332, 0.7388: that of "passed"
    assert database.values(f"SELECT {projections} FROM forgetting_by_cohort WHERE cohort = 'class'") == [
        (0.64, 0.8, 0.4795, 0.8, 0.3277, 0.8)
    ]


@pytest.mark.parametrize(("forgetful", "share", "trips"), [(15, 0.5, False), (16, 0.5333, True)])
def test_more_than_half_of_a_cohort_trips_the_alert_and_half_does_not(
    database: Database, forgetful: int, share: float, trips: bool
) -> None:
    for number in range(30):
        student = f"s{number}"
        database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": "7B"})
        database.put("memory_state", curve(student, [(ago(days=4 if number < forgetful else 3), 70)]))
    query = "SELECT high_share, high_share > 0.5 FROM forgetting_by_cohort WHERE cohort = 'class'"
    assert database.values(query) == [(share, trips)]


def test_a_projection_is_what_the_view_says_when_the_time_has_come(database: Database) -> None:
    enrol_class_of_thirty(database)
    database.put("memory_state", curve("twice0", [(ago(days=2), 95)], module="m2", model="fsrs"))
    query = "SELECT cohort, module, median_retention{0}, high_share{0} FROM forgetting_by_cohort ORDER BY 1, 2"
    for days in (1, 3, 7):
        database.watermark(NOW)
        projected = database.values(query.format(f"_{days}d"))
        database.watermark(NOW + days * DAY)
        assert database.values(query.format("")) == projected


def test_a_module_counts_in_its_own_courses_and_staff_nowhere(database: Database) -> None:
    for student, course in (("ann", "algebra"), ("ann", "biology"), ("ben", "biology")):
        database.put("enrolments", {"student_id": student, "course_id": course, "class_id": "7B"})
    database.put("enrolments", {"student_id": "helper", "course_id": "algebra", "class_id": "7B", "role": "assistant"})
    database.put("content_items", {"course_id": "algebra", "item_id": "m1", "kind": "module", "position": 1})
    database.student("guest", ago(60), class_id="7B", course_id="algebra")
    database.student("elsewhere", ago(60), class_id="7C")
    for student in ("ann", "ben", "helper", "guest", "elsewhere"):
        database.put("memory_state", curve(student, [(ago(days=1), 85)]))
    database.put("memory_state", curve("ann", [(ago(days=1), 85)], module="unlisted", domain=None))
    found = database.values(
        "SELECT cohort, cohort_id, module, domain, students_with_curve, enrolled_with_curve, enrolled"
        " FROM forgetting_by_cohort ORDER BY 1, 2, 3"
    )
    assert found == [
        ("class", "7B", "m1", "math", 3, 2, 2),
        ("class", "7B", "unlisted", None, 1, 1, 2),
        ("class", "7C", "m1", "math", 1, 0, 0),
        ("course", "algebra", "m1", "math", 2, 1, 1),
        ("course", "algebra", "unlisted", None, 1, 1, 1),
        ("course", "biology", "unlisted", None, 1, 1, 2),
    ]
    assert database.value("SELECT count(*) FROM memory_scores WHERE user_id = 'helper'") == 0


def test_an_open_signal_grows_urgent_and_a_reviewed_one_is_not(database: Database) -> None:
    reviewed = curve("ann", [(ago(days=6), 70), (ago(days=3), 70)])  # intervals 2 and 4 days: due in a day
    waiting = curve("ben", [(ago(days=3), 70)])
    database.put("memory_state", reviewed, waiting)
    for state, due, review in (("ann", ago(days=4), ago(days=3)), ("ben", ago(days=1), None)):
        times = {"scheduled_at": due, "created_at": due, "reviewed_at": review}
        database.put("revision_signal_facts", {"user_id": state, "module_id": "m1", **times})
    query = "SELECT user_id, module_id, urgency_level, scheduled_at, reviewed_at, created_at FROM revision_signals"
    assert database.values(f"{query} ORDER BY 1") == [
        ("ann", "m1", "low", ago(days=4), ago(days=3), ago(days=4)),
        ("ben", "m1", "medium", ago(days=1), None, ago(days=1)),
    ]
    levels = "SELECT string_agg(urgency_level, ' ' ORDER BY user_id) FROM revision_signals"
    database.watermark(NOW + 3 * DAY)
    assert database.value(levels) == "low high"


def test_the_history_shows_reviews_that_did_not_count_too(database: Database) -> None:
    base = {"user_id": "ann", "domain": "math", "module": "m1", "score": 85, "model": "ebbinghaus"}
    numbers = {"interval_days": 2.428571, "stability": 10.883449}
    database.put("memory_reviews", {**base, **numbers, "reviewed_at": ago(60), "event_id": "a", "counted": True})
    database.put("memory_reviews", {**base, "reviewed_at": ago(30), "event_id": "b", "counted": False})
    assert database.values("SELECT event_id, counted, interval_days FROM memory_history ORDER BY reviewed_at") == [
        ("a", True, 2.428571),
        ("b", False, None),
    ]
