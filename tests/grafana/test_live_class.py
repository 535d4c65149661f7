"""Every panel of the Live Class board gives the known day's answer, on both databases, as a teacher's reader."""

from __future__ import annotations

import psycopg
import pytest

from grafana.committed import boards, variable
from tests.grafana import known_day, known_term
from tests.grafana.conftest import School
from tests.grafana.known_day import NOW, minute

STATE = "What you are looking at"
HEADLINE = "Who is here"
STUDENTS = "Students"
CLASSES = "Classes"
TREND = "Active in the last 10 minutes"
HEATMAP = "Classes × chapters"


def headline(school: School, **chosen: list[str]) -> tuple[float | None, ...]:
    """Returns what the three panels of the second row show side by side."""
    [counts], [share], [score] = (school.panel(title, **chosen) for title in (HEADLINE, "Idle share", "Engagement"))
    return (*counts, *share, *score)


def test_the_headline_shows_active_beside_present_absent_and_enrolled(school: School) -> None:
    # active ann eva gus hal, idle ben, absent cem dia fay; (9885 + 923 + 3274 + 3167 + 2963) / 500
    assert headline(school) == (4, 1, 5, 3, 6, 0.2, 40.4)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"class_": ["7B"]}, (2, 1, 3, 2, 4, 0.3333, 46.6)),
        ({"class_": ["7B", "7C"]}, (3, 1, 4, 2, 5, 0.25, 43.1)),
        ({"grade": ["7"]}, (3, 1, 4, 2, 5, 0.25, 43.1)),
        ({"grade": ["8"]}, (0, 0, 0, 1, 1, None, None)),
        ({"course": ["art"]}, (1, 0, 1, 1, 1, 0.0, 29.6)),
        ({"course": ["math"], "class_": ["7B"]}, (2, 1, 3, 2, 4, 0.3333, 46.6)),
        ({"class_": ["no'such"]}, (0, 0, 0, 0, 0, None, None)),
    ],
)
def test_the_headline_follows_class_grade_and_course(
    school: School, chosen: dict[str, list[str]], expected: tuple[float | None, ...]
) -> None:
    assert headline(school, **chosen) == expected


def test_the_headline_equals_active_now(school: School) -> None:
    query = (
        "SELECT active_students, idle_students, present, absent, enrolled, idle_share,"
        " round(engagement_score::numeric, 1) FROM active_now WHERE scope = '{}' AND scope_id = '{}'"
    )
    assert school.ask(query.format("all", "all")) == [headline(school)]
    for class_id in ("7B", "7C", "8A"):
        assert school.ask(query.format("class", class_id)) == [headline(school, class_=[class_id])]


def test_a_student_in_two_classes_counts_once(school: School) -> None:
    school.put(enrolments=[{"student_id": "ann", "course_id": "art", "class_id": "8A"}])
    assert school.panel(HEADLINE)[0] == (4, 1, 5, 3, 6)
    assert school.panel(HEADLINE, class_=["8A"])[0] == (0, 0, 0, 2, 2)


def test_students_are_listed_with_names_those_first_that_need_someone(school: School) -> None:
    rows = [row[:7] for row in school.panel(STUDENTS)]
    assert rows == [
        ("Ben", "idle", "Class 7B", "Opened a page", "ch2", 400, 9.0),
        ("hal", "active", None, "Opened a page", None, 50, 30.0),
        ("gus", "active", "Class 7B", "Opened a page", "ch1", 30, 32.0),
        ("Eva", "active", "7C", "Opened a page", "ch1", 20, 33.0),
        ("Ann", "active", "Class 7B", "Watching a video", "ch1", 10, 99.0),
        ("Cem", "absent", "Class 7B", None, None, 2000, None),
        ("Dia", "absent", "Class 7B", None, None, None, None),
        ("Fay", "absent", "Class 8A", None, None, None, None),
    ]


def test_who_looks_stuck_stands_with_why_and_what_classmates_needed(school: School) -> None:
    entry = {"item_id": "ch1", "task": 0, "class_id": "7B", "course_id": "math", "kind": "wrong_answers", "chance": 0.5}
    entry["evidence"] = '{"signs": ["wrong_answers"], "wrong_in_a_row": 3}'
    now = {**entry, "student_id": "ben", "began_at": minute(-4), "since": minute(-6)}
    before = {**entry, "student_id": "ann", "began_at": minute(-30), "since": minute(-32)}
    school.put(stuck_episodes=[now, before | {"ended_at": minute(-20), "outcome": "solved"}])
    [row] = school.panel("Whom first")
    assert row[:4] == ("Ben", "Class 7B", "ch1", "3 wrong answers in a row")
    assert row[5:7] == (0.5, "1 of 1 got through, in 12 min")
    assert school.panel("Whom first", class_=["7C"]) == []


def test_students_follow_the_choice(school: School) -> None:
    assert [row[0] for row in school.panel(STUDENTS, course=["art"])] == ["hal", "Fay"]


def test_classes_have_a_row_each_that_sums_to_the_headline(school: School) -> None:
    assert school.panel(CLASSES) == [
        ("Class 7B", 2, 1, 3, 2, 4, 0.3333, 47.0, "7B"),
        ("7C", 1, 0, 1, 0, 1, 0.0, 33.0, "7C"),
        ("Class 8A", 0, 0, 0, 1, 1, None, None, "8A"),
    ]


def test_the_trend_has_ten_begun_minutes_without_gaps_and_marks_what_still_counts(school: School) -> None:
    settled = {-9: 1, -2: 4}
    counting = {-1: 5, 0: 5}
    assert school.panel(TREND) == [
        (minute(offset), settled.get(offset, 0), counting.get(offset, 0)) for offset in range(-9, 1)
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"class_": ["7B"]}, {-2: (3, 0), 0: (0, 2)}),
        ({"class_": ["7B", "7C"]}, {-2: (3, 0), 0: (0, 3)}),
        ({"grade": ["7"]}, {0: (0, 3)}),
        ({"course": ["art"]}, {-3: (1, 0)}),
        ({"class_": ["7C"], "grade": ["7"], "course": ["art"]}, {0: (0, 1)}),
    ],
)
def test_the_trend_follows_the_class_else_the_grade_else_the_course(
    school: School, chosen: dict[str, list[str]], expected: dict[int, tuple[int, int]]
) -> None:
    rows = {round((at - minute(0)).total_seconds() / 60): values for at, *values in school.panel(TREND, **chosen)}
    assert {offset: tuple(values) for offset, values in rows.items() if any(values)} == expected


def test_the_heatmap_shows_the_latest_begun_window(school: School) -> None:
    assert school.panel(HEATMAP) == [("7C", "ch/2", 1), ("7C", "ch1", 1), ("Class 7B", "ch1", 2)]
    assert school.panel(HEATMAP, class_=["7B"]) == [("Class 7B", "ch1", 2)]
    assert school.panel(HEATMAP, grade=["8"]) == []


def test_chapters_subjects_devices_and_browsers_count_those_present(school: School) -> None:
    assert school.panel("Top chapters") == [
        ("ch1", "math", 3, 0, 54.4),
        ("not said", "art", 1, 0, 29.6),
        ("ch2", "math", 0, 1, 9.2),
    ]
    assert school.panel("Top subjects") == [("M", 3), ("A", 1)]
    assert school.panel("Devices") == [("Mobile", 2), ("Desktop", 1), ("Not Said", 1), ("Tablet", 1)]
    assert school.panel("Browsers") == [("Chrome", 2), ("Firefox", 1), ("Not Said", 1), ("Safari", 1)]


def test_chapters_and_courses_are_called_by_their_titles(school: School) -> None:
    titles = {"ch1": "Fractions", "math": "Mathematics"}
    school.put(
        content_items=[
            {"course_id": "math", "item_id": item, "kind": "course" if item == "math" else "chapter", "title": title}
            for item, title in titles.items()
        ]
    )
    assert school.panel("Top chapters")[:2] == [
        ("Fractions", "Mathematics", 3, 0, 54.4),
        ("not said", "art", 1, 0, 29.6),
    ]
    assert school.panel(HEATMAP) == [("7C", "Fractions", 1), ("Class 7B", "Fractions", 2), ("7C", "ch/2", 1)]
    assert {row[4] for row in school.panel(STUDENTS)} == {"Fractions", "ch2", None}
    assert school.panel("Latest 20 events")[0][1:5] == ("Ann", "Watching a video", "Class 7B", "Fractions")


def test_latest_events_are_students_of_the_last_hour_newest_first(school: School) -> None:
    assert [row[1:] for row in school.panel("Latest 20 events")] == [
        ("Ann", "Watching a video", "Class 7B", "ch1", "Desktop"),
        ("gus", "Signed in", "Class 7B", None, None),
        ("hal", "Opened a page", None, None, "Tablet"),
        ("Ann", "Arrived", "Class 7B", None, "Desktop"),
        ("Cem", "Left", "Class 7B", None, "Mobile"),
    ]
    assert [row[1] for row in school.panel("Latest 20 events", course=["art"])] == ["hal"]


def test_latest_events_of_a_busy_hour_are_the_same_twenty(school: School) -> None:
    events = [known_day.event("eva", 90 + n / 2, "scroll", class_id="7C") for n in range(60)]
    windows = [known_day.window(-2, scope, scope_id, 60) for scope, scope_id in (("all", "all"), ("class", "7C"))]
    school.empty("activity_windows")
    school.put(events=events, activity_windows=[{**row, "events": 60} for row in windows])
    before = school.panel("Latest 20 events")
    of_class = school.panel("Latest 20 events", class_=["7C"])
    school.put(task_progress=[{**known_day.PROGRESS[0], "flow": "archive"}])
    assert len(before) == len(of_class) == 20
    assert school.panel("Latest 20 events") == before
    assert school.panel("Latest 20 events", class_=["7C"]) == of_class
    assert len(school.panel("Latest 20 events", class_=["7B"])) == 4


def test_arrivals_and_departures_are_what_students_began_and_ended_themselves(school: School) -> None:
    assert [row[1:3] for row in school.panel("Arrivals and departures")] == [
        ("gus", "arrived"),
        ("Ann", "arrived"),
        ("Cem", "left"),
    ]


def test_engagement_through_the_chosen_time_is_each_classs_mean(school: School) -> None:
    assert school.panel("Engagement through the chosen time") == [
        (minute(-5), "7C", 30.0),
        (minute(-5), "Class 7B", 65.0),
        (minute(-4), "Class 7B", 80.0),
    ]


def test_as_of_is_the_lowest_watermark_and_lag_its_distance_to_now(school: School) -> None:
    assert school.panel("As of") == [(NOW,)]
    assert school.panel("Lag") == [(0.0,)]


def test_the_state_says_live_and_that_the_log_is_replayed(school: School) -> None:
    assert school.panel(STATE) == [
        (
            "Live: 3 of 6 enrolled are here, 4 active now. 2 here are not on the roster."
            ' (A replayed log: "now" is its own time.)',
        )
    ]


def test_the_state_says_quiet_when_nobody_is_here_though_data_flow(school: School) -> None:
    [(said,)] = school.panel(STATE, grade=["8"])
    assert said.startswith("Quiet: none of the 1 enrolled is here now; data is flowing. Nobody has been seen yet.")


def test_the_state_says_when_the_roster_is_missing(school: School) -> None:
    school.empty("enrolments")
    [(said,)] = school.panel(STATE)
    assert said.startswith("No roster: 5 here, 4 active now.")


def test_the_state_says_when_nobody_matches(school: School) -> None:
    [(said,)] = school.panel(STATE, class_=["9Z"])
    assert said.startswith("Nobody matches this choice")


def test_the_state_says_when_the_pipeline_has_stalled_however_the_class_looks(school: School) -> None:
    school.clock = "wall"
    [(said,)] = school.panel(STATE)
    assert said.startswith("Pipeline stalled: the numbers are ")


def test_the_state_says_when_no_event_ever_came(empty_school: School) -> None:
    [(said,)] = empty_school.panel(STATE)
    assert said.startswith("No data yet")


def test_every_panel_answers_an_empty_database(empty_school: School) -> None:
    for panel in boards()["live_class"]["panels"]:
        empty_school.panel(panel["title"])


def test_the_choices_are_those_of_the_roster_and_of_what_was_seen(school: School) -> None:
    assert school.ask(variable("live_class", "class")["query"]) == [
        ("7C", "7C"),
        ("7B", "Class 7B"),
        ("8A", "Class 8A"),
    ]
    assert school.ask(variable("live_class", "class")["query"], chosen={"grade": ["8"]}) == [("8A", "Class 8A")]
    assert school.ask(variable("live_class", "grade")["query"]) == [("7",), ("8",)]
    assert school.ask(variable("live_class", "course")["query"]) == [("art", "art"), ("math", "math")]


def test_a_teachers_reader_reads_views_only(school: School) -> None:
    for table in ("events", "student_state", "directory", "enrolments"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            school.ask(f"SELECT 1 FROM {table}")


def test_grades_count_each_student_once(school: School) -> None:
    assert school.panel("Grades") == [
        ("Grade 7", 2, 3, 1, 4, 2, 0.25, 43.0),
        ("Grade 8", 1, 0, 0, 0, 1, None, None),
        ("not said", 0, 1, 0, 1, 0, 0.0, 30.0),
    ]


def test_quality_is_what_the_latest_events_lack_and_how_late_they_came(school: School) -> None:
    # ann, gus and hal in ten minutes: hal without class, gus without device, none with a session
    assert school.panel("Data quality") == [(3, 0.3333, 1, 0.3333, 0, 0)]
    late = known_day.event("eva", 100, "scroll", class_id="7C", session_id="s", device_type="mobile")
    school.put(events=[{**late, "ingested_at": known_day.ago(90)}])
    assert school.panel("Data quality") == [(4, 0.25, 0.75, 0.25, 0, 8.5)]


def test_the_session_log_and_the_time_per_chapter_follow_the_chosen_time(term: School) -> None:
    log = term.panel("Session log")
    assert [(row[1], row[3], row[6]) for row in log] == []  # eva's began an hour and 20 s ago
    log = term.on("live_class", "Session log", known_term.MONTH)
    assert [(row[1], row[2], row[3]) for row in log] == [
        ("Eva", "7C", 900),
        ("Ann", "Class 7B", 1800),
        ("Ann", "Class 7B", 600),
    ]
    chapters = term.on("live_class", "Time per chapter in the chosen time", known_term.MONTH, class_=["7B"])
    assert chapters == [("Fractions", 360, 60, 3), ("Decimals", 40, 0, 1)]
