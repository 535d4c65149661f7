"""Open edX's tracking log: each action once, whichever records it left."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingest.formats import Entry, Uncounted, Unreadable
from ingest.formats.adapter import Event, Refused, Skipped
from ingest.formats.edx.names import MADE, SERVER_COUNTS
from ingest.formats.edx.pages import BEHIND, STUDIO
from ingest.formats.edx.reading import read_edx
from ingest.formats.edx.record import edx_events
from tests.ingest.formats.test_adapters import judged

COURSE = "course-v1:Org+CS1+2025"
PROBLEM = "block-v1:Org+CS1+2025+type@problem+block@p1"
PAGE = f"https://lms.example/courses/{COURSE}/courseware/week1/intro/"


def record(name: str, said: object = None, source: str = "browser", **more: Any) -> dict[str, Any]:
    return {
        "event_type": name,
        "event_source": source,
        "time": "2025-10-09T08:53:20.250123+00:00",
        "username": "ann",
        "session": "f0e1",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "ip": "192.0.2.7",
        "page": PAGE if source == "browser" else None,
        "context": {"user_id": 7, "course_id": COURSE, "path": "/event"},
        "event": {} if said is None else said,
        **more,
    }


def made(document: dict[str, Any]) -> Event:
    outcome = edx_events(document)
    assert isinstance(outcome, list), outcome
    [event] = outcome
    assert judged([event]) == []
    return event


def why(document: dict[str, Any]) -> str:
    outcome = edx_events(document)
    assert isinstance(outcome, Skipped), outcome
    return outcome.why


def test_a_seek_has_its_positions_its_video_and_its_place() -> None:
    said = {"id": "v1", "old_time": 12.5, "new_time": "30", "type": "onSlideSeek", "code": "html5", "duration": 300}
    event = made(record("seek_video", json.dumps(said)))
    assert event | {"metadata": None, "event_id": None} == {
        "event_id": None,
        "student_id": "7",
        "event_name": "video_seek",
        "timestamp": 1_760_000_000_250,
        "session_id": "f0e1",
        "course_id": COURSE,
        "chapter_id": "block-v1:Org+CS1+2025+type@chapter+block@week1",
        "lesson_id": "block-v1:Org+CS1+2025+type@sequential+block@intro",
        "video_id": "block-v1:Org+CS1+2025+type@video+block@v1",
        "page_url": PAGE,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "metadata": None,
    }
    assert event["metadata"] == {"edx_name": "seek_video", "video_duration_s": 300.0, "from_s": 12.5, "to_s": 30.0}


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("play_video", {"id": "v1", "currentTime": 3}, {"position_s": 3.0}),
        ("pause_video", {"id": "v1", "currentTime": "9.25", "duration": 0}, {"position_s": 9.25}),
        ("speed_change_video", {"id": "v1", "current_time": 4, "new_speed": "1.50"}, {"playback_rate": 1.5}),
        ("edx.video.position.changed", {"id": "v1", "currentTime": 8, "new_time": 2}, {"from_s": 8.0, "to_s": 2.0}),
        ("play_video", {"id": "v1", "currentTime": "NaN", "duration": None}, {}),
    ],
)
def test_what_a_player_says_is_read_however_it_is_spelt(name: str, said: dict[str, Any], kept: dict[str, Any]) -> None:
    assert kept.items() <= made(record(name, said))["metadata"].items()


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ({"grade": 2, "max_grade": 3}, 66.6667),
        ({"grade": 0, "max_grade": 1}, 0.0),
        ({"grade": 0, "max_grade": 0}, None),
        ({"grade": None, "max_grade": 1}, None),
        ({}, None),
    ],
)
def test_a_checked_problem_is_scored_on_a_hundred(said: dict[str, Any], score: float | None) -> None:
    event = made(record("problem_check", {"problem_id": PROBLEM, **said}, "server"))
    assert (event["event_name"], event["assessment_id"], event["metadata"].get("score")) == (
        "quiz_submit",
        PROBLEM,
        score,
    )


def test_one_check_counts_once() -> None:
    handler = f"/courses/{COURSE}/xblock/{PROBLEM}/handler/xmodule_handler/problem_check"
    grade = {"problem_id": PROBLEM, "weighted_earned": 1, "weighted_possible": 1, "user_id": "7"}
    records = [
        record("problem_check", "input_p1_2_1=3"),
        record(handler, '{"GET": {}, "POST": {"input_p1_2_1": ["3"]}', "server"),
        record("problem_check", {"problem_id": PROBLEM, "grade": 1, "max_grade": 1}, "server"),
        record("edx.grades.problem.submitted", grade, "server"),
        record("problem_graded", ["input_p1_2_1=3", "<p>right</p>"]),
        record("edx.grades.subsection.grade_calculated", {"user_id": "7"}, "server"),
    ]
    outcomes = [edx_events(each) for each in records]
    assert [isinstance(each, list) for each in outcomes] == [False, False, True, False, False, False]
    assert all(isinstance(each, list | Skipped) for each in outcomes)


def test_the_score_of_what_is_no_problem_is_an_attempt_and_no_interaction() -> None:
    block = PROBLEM.replace("problem", "drag-and-drop-v2")
    said = {"problem_id": block, "weighted_earned": 1, "weighted_possible": 4, "user_id": "7"}
    event = made(record("edx.grades.problem.submitted", said, "server"))
    assert {"event_type": "module_quiz_completed", "module": block, "score": 25.0}.items() <= event.items()
    assert "event_name" not in event


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/courses/{COURSE}/courseware/week1/intro/", "page_view"),
        (f"/courses/{COURSE}/courseware/week1/intro/3", "page_view"),
        ("/courses/Org/CS1/2013/courseware/Week_1/Intro/", "page_view"),
        (f"/courses/{COURSE}/progress", "page_view"),
        (f"/courses/{COURSE}/discussion/forum", "page_view"),
        ("/xblock/block-v1:Org+CS1+2025+type@vertical+block@u1", "page_view"),
        ("/dashboard", "page_view"),
        ("/logout", "session_end"),
        (f"/courses/{COURSE}/courseware", None),
        (f"/courses/{COURSE}/courseware/week1/", None),
        (f"/courses/{COURSE}/", None),
        (f"/courses/{COURSE}/jump_to/{PROBLEM}", None),
        (f"/courses/{COURSE}/xblock/{PROBLEM}/handler/xmodule_handler/goto_position", None),
        (f"/courses/{COURSE}/discussion/threads/5a/reply", None),
        ("/xblock/resource/x/public/x.css", None),
        ("/api/courses/v1/blocks/", None),
        ("/i18n.js", None),
        ("/", None),
    ],
)
def test_requests_for_pages_are_page_views_and_others_stand_behind_something(path: str, name: str | None) -> None:
    document = record(path, '{"GET": {}, "POST": {}}', "server")
    if name is None:
        assert why(document) == BEHIND
    else:
        assert made(document)["event_name"] == name
    assert why({**document, "host": "studio.lms.example"}) == STUDIO


@pytest.mark.parametrize(
    ("name", "said", "page", "expected"),
    [
        ("seq_next", {"old": 1, "new": 2, "id": "i4x://Org/CS1/sequential/s1"}, PAGE, "page_view"),
        ("edx.ui.lms.sequence.next_selected", {"current_tab": 1, "tab_count": 3}, PAGE, "page_view"),
        ("edx.ui.lms.sequence.next_selected", {"current_tab": 3, "tab_count": 3}, PAGE, "button_click"),
        ("edx.ui.lms.sequence.previous_selected", {"current_tab": 1, "tab_count": 3}, PAGE, "button_click"),
        ("edx.ui.lms.sequence.tab_selected", {"current_tab": 1, "target_tab": 3, "tab_count": 3}, PAGE, "page_view"),
        ("seq_goto", {"old": 1, "new": 3}, f"https://apps.lms.example/learning/course/{COURSE}/x", "button_click"),
    ],
)
def test_a_step_in_a_sequence_is_a_view_where_no_page_is_loaded(
    name: str, said: dict[str, Any], page: str, expected: str
) -> None:
    assert made(record(name, said, page=page))["event_name"] == expected


def test_leaving_a_page_hides_it_and_is_no_interaction() -> None:
    event = made(record("page_close"))
    assert (event["event_name"], event["metadata"]["hidden"]) == ("time_ping", True)


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_the_platform_makes_is_understood_and_not_counted(name: str) -> None:
    assert why(record(name, {"user_id": 7}, "server")) == MADE[name]


def test_enrolments_and_grades_concern_the_learner_whoever_caused_them() -> None:
    event = made(
        record("edx.course.enrollment.activated", {"user_id": 9, "course_id": COURSE, "mode": "audit"}, "server")
    )
    assert (event["event_name"], event["student_id"], event["course_id"]) == ("course_enroll", "9", COURSE)


@pytest.mark.parametrize(
    "document",
    [
        {**record("play_video"), "username": "", "context": {"user_id": None}},
        {**record("play_video"), "username": "anonymous", "context": {"user_id": ""}},
        {**record("play_video"), "username": None, "context": None},
    ],
)
def test_nobody_who_was_logged_in_is_refused_with_the_fields_path(document: dict[str, Any]) -> None:
    outcome = edx_events(document)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.path) == ("missing_field", "context.user_id")
    assert outcome.event is not None
    assert judged([outcome.event]) == ["missing_field: student_id"]


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        ("2025-10-09T08:53:20.250123+00:00", 1_760_000_000_250),
        ("2025-10-09T08:53:20.250Z", 1_760_000_000_250),
        ("2025-10-09T08:53:20.250123", 1_760_000_000_250),
        ("2025-10-09 08:53:20.250", 1_760_000_000_250),
        ("2025-10-09T10:53:20.25+02:00", 1_760_000_000_250),
    ],
)
def test_times_are_utc_with_or_without_a_zone(time: str, ms: int) -> None:
    assert made(record("play_video", time=time))["timestamp"] == ms


def test_the_form_in_which_it_is_handed_on_is_the_same_event() -> None:
    handed = {
        "name": "pause_video",
        "timestamp": "2025-10-09T08:53:20.250123+00:00",
        "data": {"id": "v1", "currentTime": 5},
        "context": {"user_id": 7, "username": "ann", "course_id": COURSE, "event_source": "browser", "page": PAGE},
    }
    event = made(handed)
    assert (event["student_id"], event["event_name"], event["metadata"]["position_s"]) == ("7", "video_pause", 5.0)
    assert event["chapter_id"].endswith("@week1")


def test_teachers_who_post_are_staff() -> None:
    event = made(
        record("edx.forum.thread.created", {"user_course_roles": ["Instructor"], "body": "Hello Ada"}, "server")
    )
    assert event["role"] == "staff"
    assert "Ada" not in json.dumps(event)


def test_a_file_is_accounted_for_to_the_line_and_names_are_numbers(tmp_path: Path) -> None:
    lines = [
        f"2025-10-09 08:53:20,250 INFO 7 [tracking] - {json.dumps(record('play_video'))}",
        json.dumps(record("play_video", context={"course_id": COURSE})),  # only the name
        json.dumps(record("play_video", context={}, username="bob")),
        json.dumps(record("problem_check", "input=1")),
        json.dumps(record("play_video"))[:90],
        "",
        json.dumps({"username": "ann", "time": "2025-10-09T08:53:20Z"}),
        json.dumps(record("play_video", context={}, username="")),
    ]
    path = tmp_path / "tracking.log.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    found = list(read_edx(path, "7B"))
    assert [item.key for item in found if isinstance(item, Entry)] == [b"7", b"7", b"bob", None]
    assert {json.loads(item.value)["class_id"] for item in found if isinstance(item, Entry)} == {"7B"}
    assert [(item.line, item.why) for item in found if isinstance(item, Uncounted)] == [(4, SERVER_COUNTS)]
    assert [item.line for item in found if isinstance(item, Unreadable)] == [5, 7]
    assert Counter(type(item).__name__ for item in found) == {"Entry": 4, "Unreadable": 2, "Uncounted": 1}


def test_a_line_that_comes_twice_has_one_id_and_the_order_of_its_keys_is_nothing() -> None:
    document = record("play_video", {"id": "v1"})
    assert made(document)["event_id"] == made(dict(reversed(document.items())))["event_id"]
    assert made(document)["event_id"] != made({**document, "time": "2025-10-09T08:53:20.250124+00:00"})["event_id"]
