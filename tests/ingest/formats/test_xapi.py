"""xAPI statements of many makers: who, what, where, how far, with which score."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.formats import Entry, Uncounted, Unreadable
from ingest.formats.adapted import read_adapted
from ingest.formats.adapter import Event, Refused, Skipped
from ingest.formats.adapters import ADAPTERS
from ingest.formats.xapi.names import DONE_TO, READY, SERVER_COUNTS, TOLD_TWICE
from ingest.formats.xapi.statement import statement_events, statement_parts
from tests.ingest.formats.test_adapters import judged

ADL, VIDEO = "http://adlnet.gov/expapi", "https://w3id.org/xapi/video"
CMI5 = "https://w3id.org/xapi/cmi5/activitytype"
COURSE = {"id": "https://lms.example/course/course-v1:Org+CS1+2025", "definition": {"type": f"{ADL}/activities/course"}}
ANN = {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": "ann"}}
ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def thing(address: str, kind: str | None = None) -> dict[str, Any]:
    return {"objectType": "Activity", "id": address} | ({"definition": {"type": kind}} if kind else {})


def statement(verb: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "actor": ANN,
        "verb": {"id": verb, "display": {"en-US": verb.rpartition("/")[2]}},
        "object": target,
        "context": {"contextActivities": {"parent": [COURSE]}},
        "timestamp": "2025-10-09T08:53:20.250123Z",
        **more,
    }


def made(document: dict[str, Any]) -> Event:
    outcome = statement_events(document)
    assert isinstance(outcome, list), outcome
    assert judged(outcome) == []
    return outcome[0]


def names(document: dict[str, Any]) -> list[str]:
    outcome = statement_events(document)
    assert isinstance(outcome, list), outcome
    return [event.get("event_name") or event["event_type"] for event in outcome]


def why(document: dict[str, Any]) -> str:
    outcome = statement_events(document)
    assert isinstance(outcome, Skipped), outcome
    return outcome.why


MOVIE = thing("https://lms.example/xblock/block-v1:Org+CS1+2025+type@video+block@v1", f"{VIDEO}/activity-type/video")
QUIZ = thing("https://moodle.example/mod/quiz/view.php?id=7", f"{ADL}/activities/assessment")


def said(**extensions: Any) -> dict[str, Any]:
    return {f"{VIDEO}/extensions/{name.replace('_', '-')}": value for name, value in extensions.items()}


def test_a_seek_of_the_video_profile_has_its_positions() -> None:
    document = statement(f"{VIDEO}/verbs/seeked", MOVIE, result={"extensions": said(time_from=12.5, time_to=30)})
    document["context"]["extensions"] = said(length=300, session_id="f0e1", speed="1.25x")
    event = made(document)
    assert {
        "event_id": ID,
        "student_id": "ann",
        "event_name": "video_seek",
        "timestamp": 1_760_000_000_250,
        "session_id": "f0e1",
        "course_id": "course-v1:Org+CS1+2025",
        "video_id": "block-v1:Org+CS1+2025+type@video+block@v1",
    }.items() <= event.items()
    positions = {"from_s": 12.5, "to_s": 30.0, "position_s": 30.0, "video_duration_s": 300.0, "playback_rate": 1.25}
    assert positions.items() <= event["metadata"].items()


@pytest.mark.parametrize(
    ("verb", "kind", "name"),
    [
        (f"{VIDEO}/verbs/played", f"{VIDEO}/activity-type/video", "video_play"),
        (f"{VIDEO}/verbs/paused", f"{VIDEO}/activity-type/video", "video_pause"),
        (f"{ADL}/verbs/completed", f"{VIDEO}/activity-type/video", "video_complete"),
        (f"{ADL}/verbs/terminated", f"{VIDEO}/activity-type/video", "video_stop"),
        (f"{ADL}/verbs/completed", "http://adlnet.gov/expapi/activities/course", "course_complete"),
        (f"{ADL}/verbs/completed", f"{CMI5}/course", "course_complete"),
        (
            "https://w3id.org/xapi/adl/verbs/satisfied",
            "https://w3id.org/xapi/cmi5/activitytype/course",
            "course_complete",
        ),
        (f"{ADL}/verbs/completed", f"{ADL}/activities/lesson", "lesson_complete"),
        (f"{ADL}/verbs/initialized", f"{ADL}/activities/lesson", "lesson_start"),
        (f"{ADL}/verbs/terminated", f"{ADL}/activities/lesson", "time_ping"),
        (f"{ADL}/verbs/attempted", f"{ADL}/activities/assessment", "quiz_start"),
        ("http://activitystrea.ms/schema/1.0/start", f"{ADL}/activities/attempt", "quiz_start"),
        ("http://id.tincanapi.com/verb/viewed", "http://activitystrea.ms/schema/1.0/page", "page_view"),
        (f"{ADL}/verbs/experienced", "http://adlnet.gov/expapi/activities/module", "page_view"),
        ("http://activitystrea.ms/schema/1.0/submit", "http://x.example/assignment", "assignment_submit"),
        ("http://id.tincanapi.com/verb/replied", "http://id.tincanapi.com/activitytype/forum-reply", "forum_post"),
        ("http://activitystrea.ms/create", "http://id.tincanapi.com/activitytype/discussion", "forum_post"),
        (f"{ADL}/verbs/registered", f"{ADL}/activities/course", "course_enroll"),
        (
            "http://www.tincanapi.co.uk/verbs/enrolled_onto_learning_plan",
            "http://x.example/plan",
            "enrolled-onto-learning-plan",
        ),
        ("https://xapi.edlm/profiles/edlm-lms/concepts/verbs/enrolled", f"{ADL}/activities/course", "course_enroll"),
        ("http://id.tincanapi.com/verb/unregistered", f"{ADL}/activities/course", "course_unenroll"),
        ("https://brindlewaye.com/xAPITerms/verbs/loggedin/", "http://id.tincanapi.com/activitytype/lms", "login"),
        (
            "https://brindlewaye.com/xAPITerms/verbs/loggedout/",
            "http://id.tincanapi.com/activitytype/lms",
            "session_end",
        ),
        ("https://w3id.org/xapi/acrossx/verbs/searched", "https://w3id.org/xapi/acrossx/activities/webpage", "search"),
        ("http://id.tincanapi.com/verb/downloaded", f"{ADL}/activities/file", "downloaded"),
    ],
)
def test_verbs_of_all_vocabularies_are_known_by_their_last_word(verb: str, kind: str, name: str) -> None:
    assert made(statement(verb, thing("https://lms.example/x/1", kind)))["event_name"] == name


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ({"scaled": 0.85, "raw": 17, "max": 20, "min": 0}, 85.0),
        ({"raw": 17, "max": 20}, 85.0),
        ({"raw": 3, "min": 1, "max": 5}, 50.0),
        ({"raw": "17", "max": "20"}, 85.0),
        ({"scaled": -0.5}, None),
        ({"raw": 17}, None),
        ({"raw": 0, "max": 0, "scaled": 0}, None),
    ],
)
def test_a_completed_quiz_is_scored_on_a_hundred(score: dict[str, Any], expected: float | None) -> None:
    target = thing("https://moodle.example/mod/quiz/attempt.php?attempt=4&cmid=7", f"{ADL}/activities/attempt")
    document = statement(f"{ADL}/verbs/completed", target, result={"score": score, "duration": "PT1M30.5S"})
    document["context"]["contextActivities"]["parent"] = [
        QUIZ,
        thing("https://moodle.example/course/view.php?id=5", f"{ADL}/activities/course"),
    ]
    event = made(document)
    assert (event["event_name"], event["assessment_id"], event["course_id"]) == ("quiz_submit", "cm7", "5")
    assert (event["metadata"].get("score"), event["metadata"]["time_taken"]) == (expected, 90.5)


def test_a_question_of_a_quiz_is_an_answer_and_one_that_stands_alone_an_attempt() -> None:
    question = thing("https://h5p.example/content/9?subContentId=f00", f"{ADL}/activities/cmi.interaction")
    result = {"score": {"raw": 1, "max": 2, "scaled": 0.5}, "success": False, "response": "secret"}
    answered = statement(f"{ADL}/verbs/answered", question, result=result)
    event = made(answered)
    assert (event["event_name"], event["metadata"]["correct"]) == ("quiz_answer", False)
    assert "secret" not in json.dumps(event)
    alone = statement(f"{ADL}/verbs/answered", {**question, "id": "https://h5p.example/content/9"}, result=result)
    assert (made(alone)["event_name"], made(alone)["metadata"]["score"]) == ("quiz_submit", 50.0)
    part = {**alone, "context": {"contextActivities": {"parent": [QUIZ]}}}
    assert made(part)["event_name"] == "quiz_answer"


def test_what_h5p_completes_with_a_score_is_an_attempt() -> None:
    target = {"id": "https://h5p.example/content/9", "definition": {"name": {"en-US": "Fractions"}}}
    assert names(statement(f"{ADL}/verbs/completed", target, result={"score": {"raw": 3, "max": 4}})) == ["quiz_submit"]


def test_a_lesson_with_a_score_is_complete_and_an_attempt() -> None:
    lesson = thing("https://x.example/au/1", f"{ADL}/activities/lesson")
    both = names(statement(f"{ADL}/verbs/completed", lesson, result={"score": {"scaled": 1}}))
    assert both == ["lesson_complete", "module_quiz_completed"]


@pytest.mark.parametrize(
    ("actor", "student"),
    [
        ({"account": {"name": "ann", "homePage": "https://a.example"}}, "ann"),
        ({"account": {"name": 7}}, "7"),
        ({"mbox": "mailto:ann@lms.example"}, hashlib.sha1(b"mailto:ann@lms.example").hexdigest()),
        ({"mbox_sha1sum": "ABCDEF0123456789ABCDEF0123456789ABCDEF01"}, "abcdef0123456789abcdef0123456789abcdef01"),
        ({"account": {"name": "ann@lms.example"}}, hashlib.sha1(b"mailto:ann@lms.example").hexdigest()),
        ({"openid": "https://id.example/ann"}, "https://id.example/ann"),
        ({"mbox": ["mailto:ann@lms.example"]}, hashlib.sha1(b"mailto:ann@lms.example").hexdigest()),
    ],
)
def test_an_actor_is_known_by_its_identifier_and_never_by_an_address(actor: dict[str, Any], student: str) -> None:
    assert made(statement(f"{VIDEO}/verbs/played", MOVIE, actor=actor))["student_id"] == student


@pytest.mark.parametrize(
    ("actor", "path"),
    [
        ({"name": "Ann"}, "actor"),
        ({"account": {"homePage": "https://a.example"}}, "actor.account.name"),
        ({"objectType": "Group", "account": {"name": "g1"}}, "actor.member"),
        (None, "actor"),
    ],
)
def test_a_statement_of_nobody_is_refused_with_the_fields_path(actor: object, path: str) -> None:
    outcome = statement_events(statement(f"{VIDEO}/verbs/played", MOVIE, actor=actor))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.path) == ("missing_field", path)


def test_each_member_of_a_group_acts_under_an_id_that_stays() -> None:
    group = {"objectType": "Group", "member": [ANN, {"account": {"name": "bob"}}]}
    outcome = statement_events(statement(f"{ADL}/verbs/experienced", QUIZ, actor=group))
    assert isinstance(outcome, list)
    assert [event["student_id"] for event in outcome] == ["ann", "bob"]
    assert len({event["event_id"] for event in outcome} | {ID}) == 3
    assert outcome == statement_events(statement(f"{ADL}/verbs/experienced", QUIZ, actor=group))


def test_what_a_store_adds_changes_no_id() -> None:
    plain = statement(f"{VIDEO}/verbs/played", MOVIE)
    del plain["id"]
    stored = {
        **plain,
        "stored": "2025-10-09T09:00:00Z",
        "authority": {"mbox": "mailto:lrs@x.example"},
        "version": "1.0.3",
    }
    assert made(plain)["event_id"] == made(stored)["event_id"]


@pytest.mark.parametrize("verb", sorted(DONE_TO))
def test_what_is_done_to_a_student_is_no_action(verb: str) -> None:
    assert why(statement(f"https://w3id.org/xapi/tla/verbs/{verb}", thing("https://x.example/1"))) == DONE_TO[verb]


def test_a_player_that_is_ready_did_nothing_yet() -> None:
    assert why(statement(f"{ADL}/verbs/initialized", MOVIE)) == READY


def of_edx(verb: str, target: dict[str, Any], score: dict[str, Any] | None = None, **extensions: Any) -> dict[str, Any]:
    document = statement(verb, target, result={"score": score} if score else {})
    document["context"]["extensions"] = {
        "https://w3id.org/xapi/openedx/extension/transformer-version": "x@1",
        **{f"http://id.tincanapi.com/extension/{name.replace('_', '-')}": value for name, value in extensions.items()},
    }
    return document


def test_of_open_edxs_statements_of_one_answer_one_counts() -> None:
    problem = thing(
        "https://lms.example/xblock/block-v1:Org+CS1+2025+type@problem+block@p1", f"{ADL}/activities/question"
    )
    checked = {**problem, "definition": {"type": f"{ADL}/activities/cmi.interaction"}}
    score = {"raw": 2, "min": 0, "max": 4, "scaled": 0.5}
    assert why(of_edx(f"{ADL}/verbs/attempted", checked)) == SERVER_COUNTS
    assert why(of_edx(f"{ADL}/verbs/attempted", problem, score)) == SERVER_COUNTS
    assert why(of_edx("http://id.tincanapi.com/verb/earned", COURSE, score)) == TOLD_TWICE
    event = made(of_edx("https://w3id.org/xapi/acrossx/verbs/evaluated", checked, score))
    assert (event["event_name"], event["metadata"]["score"]) == ("quiz_submit", 50.0)
    assert event["assessment_id"] == "block-v1:Org+CS1+2025+type@problem+block@p1"


def test_a_step_beyond_a_sequences_end_is_a_click_as_in_the_log() -> None:
    step = thing(
        "https://lms.example/xblock/block-v1:Org+CS1+2025+type@sequential+block@s1", "http://x.example/resource"
    )
    step["definition"]["extensions"] = {"https://w3id.org/xapi/acrossx/extensions/total-items": 3}
    verb = "https://w3id.org/xapi/dod-isd/verbs/navigated"
    assert names(of_edx(verb, step, ending_point="next unit", starting_position=1)) == ["page_view"]
    assert names(of_edx(verb, step, ending_point="next unit", starting_position=3)) == ["button_click"]
    assert names(of_edx(verb, thing("https://lms.example/x", f"{ADL}/activities/link"))) == ["button_click"]


@pytest.mark.parametrize(
    "document",
    [
        statement(f"{VIDEO}/verbs/played", MOVIE),
        [statement(f"{VIDEO}/verbs/played", MOVIE)],
        {"statements": [statement(f"{VIDEO}/verbs/played", MOVIE)], "more": ""},
        {"statement": statement(f"{VIDEO}/verbs/played", MOVIE)},
    ],
)
def test_statements_come_in_lists_and_by_themselves(document: object) -> None:
    assert [made(part)["event_name"] for _path, part in statement_parts(document)] == ["video_play"]  # type: ignore[arg-type]


def test_an_object_may_be_its_address_alone() -> None:
    document = {**statement(f"{ADL}/verbs/experienced", MOVIE), "object": "https://lms.example/pages/3"}
    assert made(document)["page_url"] == "https://lms.example/pages/3"


def test_a_file_is_accounted_for_to_the_statement(tmp_path: Path) -> None:
    played, ready = statement(f"{VIDEO}/verbs/played", MOVIE), statement(f"{ADL}/verbs/initialized", MOVIE)
    path = tmp_path / "statements.json"
    path.write_text(json.dumps({"statements": [played, ready, {**played, "verb": {}}]}) + "\n" + json.dumps(played))
    found = list(read_adapted(path, ADAPTERS["xapi"]))
    assert [type(item) for item in found] == [Entry, Uncounted, Unreadable, Entry]
    assert found[2] == Unreadable(1, "statements[2].verb.id: the statement names no verb")
