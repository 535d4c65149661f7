"""Caliper events, 1.1 and 1.2, in envelopes and by themselves, with entities in short and in full."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.formats.adapter import Event, Refused, Skipped
from ingest.formats.caliper.event import caliper_events, envelope_parts
from ingest.formats.caliper.names import DESCRIBES, NOT_STUDENTS, READY, TOLD_TWICE, UNSCORED
from tests.ingest.formats.test_adapters import judged

SECTION = {"id": "https://lms.example/courses/9/sections/1", "type": "CourseSection", "academicSession": "Fall"}
ANN = {"id": "https://lms.example/users/ann", "type": "Person"}
QUIZ = {"id": "https://lms.example/assess/1", "type": "Assessment", "maxScore": 15}
SCORED = {"type": "Score", "maxScore": 20, "scoreGiven": 15}
MACHINE = {"id": "https://lms.example/grader", "type": "SoftwareApplication"}


def event(kind: str, action: str, thing: object, **more: Any) -> dict[str, Any]:
    return {
        "@context": "http://purl.imsglobal.org/ctx/caliper/v1p2",
        "id": "urn:uuid:6f9619ff-8b86-4011-b42d-00c04fc964ff",
        "type": kind,
        "profile": "GeneralProfile",
        "actor": ANN,
        "action": action,
        "object": thing,
        "eventTime": "2025-10-09T08:53:20.250Z",
        "edApp": "https://lms.example",
        "group": SECTION,
        "session": {"id": "https://lms.example/sessions/f0e1", "type": "Session"},
        **more,
    }


def made(document: dict[str, Any]) -> Event:
    outcome = caliper_events(document)
    assert isinstance(outcome, list), outcome
    assert judged(outcome) == []
    [found] = outcome
    return found


def why(document: dict[str, Any]) -> str:
    outcome = caliper_events(document)
    assert isinstance(outcome, Skipped), outcome
    return outcome.why


def test_a_jump_in_a_video_has_its_place() -> None:
    movie = {"id": "https://lms.example/v/1", "type": "VideoObject", "duration": "PT5M"}
    place = {"type": "MediaLocation", "currentTime": "PT30.5S"}
    found = made(event("MediaEvent", "JumpedTo", movie, target=place))
    assert {
        "event_id": "6f9619ff-8b86-4011-b42d-00c04fc964ff",
        "student_id": "ann",
        "event_name": "video_seek",
        "timestamp": 1_760_000_000_250,
        "session_id": "f0e1",
        "course_id": "https://lms.example/courses/9/sections/1",
        "video_id": "https://lms.example/v/1",
    }.items() <= found.items()
    assert {"to_s": 30.5, "video_duration_s": 300.0}.items() <= found["metadata"].items()


@pytest.mark.parametrize(
    ("kind", "action", "target", "name"),
    [
        ("MediaEvent", "Started", {"id": "x:v", "type": "VideoObject"}, "video_play"),
        ("MediaEvent", "Ended", {"id": "x:v", "type": "VideoObject"}, "video_complete"),
        ("MediaEvent", "ChangedVolume", {"id": "x:v", "type": "VideoObject"}, "video_interact"),
        ("NavigationEvent", "NavigatedTo", {"id": "https://x/p", "type": "WebPage"}, "page_view"),
        ("ViewEvent", "Viewed", "https://x/p", "page_view"),
        ("AssessmentEvent", "Started", QUIZ, "quiz_start"),
        ("AssessmentEvent", "Submitted", QUIZ, "quiz_submit"),
        ("AssessmentItemEvent", "Completed", {"id": "x:i", "isPartOf": QUIZ}, "quiz_answer"),
        ("AssignableEvent", "Submitted", {"id": "x:a", "type": "AssignableDigitalResource"}, "assignment_submit"),
        ("AssignableEvent", "Started", QUIZ, "quiz_start"),
        ("MessageEvent", "Posted", {"id": "x:m", "type": "Message"}, "forum_post"),
        ("SessionEvent", "LoggedIn", "https://lms.example", "login"),
        ("SessionEvent", "LoggedOut", "https://lms.example", "session_end"),
        ("SearchEvent", "Searched", "https://lms.example", "search"),
        ("ToolUseEvent", "Used", "https://lms.example", "button_click"),
        ("ToolLaunchEvent", "Launched", {"id": "x:t", "type": "LtiLink"}, "page_view"),
        ("Event", "Created", {"id": "x:mb", "type": "Membership", "member": ANN}, "course_enroll"),
        ("http://purl.imsglobal.org/caliper/v1/MediaEvent", "http://purl.imsglobal.org/vocab/caliper/action#Paused",
         {"@id": "x:v", "@type": "http://purl.imsglobal.org/caliper/v1/VideoObject"}, "video_pause"),
    ],
)  # fmt: skip
def test_types_and_actions_are_ours(kind: str, action: str, target: object, name: str) -> None:
    assert made(event(kind, action, target))["event_name"] == name


@pytest.mark.parametrize("actor", ["https://lms.example/users/ann", ANN, {"@id": "https://lms.example/users/ann"}])
def test_an_entity_is_an_object_or_its_address(actor: object) -> None:
    assert made(event("ViewEvent", "Viewed", "https://x/p", actor=actor))["student_id"] == "ann"


def test_a_grade_is_the_assignees_attempt_and_no_interaction() -> None:
    attempt = {"type": "Attempt", "id": "x:at", "assignee": ANN, "assignable": QUIZ, "duration": "PT10M"}
    graded = event("GradeEvent", "Graded", attempt, actor=MACHINE, generated=SCORED)
    assert {
        "event_type": "module_quiz_completed",
        "user_id": "ann",
        "module": "https://lms.example/assess/1",
        "score": 75.0,
        "time_taken": 600.0,
    }.items() <= made(graded).items()
    assert made({**graded, "generated": {"scoreGiven": 9}})["score"] == 60.0
    assert why({**graded, "generated": {}}) == UNSCORED


def test_a_session_that_timed_out_is_its_users() -> None:
    session = {"type": "Session", "id": "https://lms.example/sessions/f0e1", "user": ANN}
    found = made(event("SessionEvent", "TimedOut", session, actor=MACHINE, session=None))
    assert (found["event_name"], found["student_id"], found["session_id"]) == ("session_end", "ann", "f0e1")


def test_what_an_application_or_a_teacher_does_is_no_students() -> None:
    assert why(event("AssignableEvent", "Activated", QUIZ)) == NOT_STUDENTS
    assert why(event("ViewEvent", "Viewed", "https://x/p", actor=MACHINE)) == NOT_STUDENTS
    teacher = {"type": "Membership", "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]}
    assert made(event("ViewEvent", "Viewed", "https://x/p", membership=teacher))["role"] == "staff"
    learner = {"type": "Membership", "roles": ["Learner"]}
    assert "role" not in made(event("ViewEvent", "Viewed", "https://x/p", membership=learner))


def test_of_open_edxs_events_of_one_answer_the_grade_counts() -> None:
    of_edx = {"extensions": {"transformerVersion": "event-routing-backends@9"}}
    block = "https://lms.example/xblock/block-v1:Org+CS1+2025+type@problem+block@p1"
    assert why(event("AssessmentEvent", "Submitted", {"id": block, "type": "Assessment"}, **of_edx)) == TOLD_TWICE
    said = {"assignable": {"id": block, "type": "Assessment"}}
    attempt = {"id": f"{block}/user/ann/attempt/2", "type": "Attempt", "extensions": said}
    found = made(event("GradeEvent", "Graded", attempt, generated={"score": SCORED}, **of_edx))
    assert (found["event_name"], found["metadata"]["score"], found["student_id"]) == ("quiz_submit", 75.0, "ann")
    assert found["assessment_id"] == "block-v1:Org+CS1+2025+type@problem+block@p1"
    movie = {"id": "https://lms.example/xblock/block-v1:Org+CS1+2025+type@video+block@v1", "type": "VideoObject"}
    assert why(event("MediaEvent", "Started", movie, **of_edx)) == READY


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"sensor": "https://s.example", "sendTime": "x", "dataVersion": "v1p2", "data": [one]},
        lambda one: {"sensor": "https://s.example", "data": one},
        lambda one: [{"data": [one]}],
    ],
)
def test_events_come_in_envelopes_and_by_themselves(wrap: Any) -> None:
    document = wrap(event("ViewEvent", "Viewed", "https://x/p"))
    assert [made(part)["event_name"] for _path, part in envelope_parts(document)] == ["page_view"]  # type: ignore[arg-type]


def test_an_envelopes_parts_have_paths_and_descriptions_are_no_events() -> None:
    document = {"data": [ANN, event("ViewEvent", "Viewed", "https://x/p")]}
    parts = list(envelope_parts(document))
    assert [path for path, _part in parts] == ["data[0]", "data[1]"]
    assert caliper_events(parts[0][1]) == Skipped(DESCRIBES)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (event("ViewEvent", "Viewed", "https://x/p", actor=None), "actor.id"),
        (event("ViewEvent", "Viewed", "https://x/p", actor={"id": "_:nobody"}), "actor.id"),
        ({**event("ViewEvent", "Viewed", "https://x/p"), "action": None}, "action"),
        ({"actor": ANN}, "type"),
    ],
)
def test_what_is_missing_is_named_by_its_path(document: dict[str, Any], path: str) -> None:
    outcome = caliper_events(document)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.path) == ("missing_field", path)
