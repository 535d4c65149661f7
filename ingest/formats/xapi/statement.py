"""From an xAPI statement to our events: one of each student who acts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from ingest.formats.adapter import Event, Outcome, Refused, Skipped, single
from ingest.formats.fields import dict_in, id_of, list_in, text_in, time_in, without_nothing
from ingest.formats.graded import graded
from ingest.formats.platform_ids import item_id
from ingest.formats.xapi.actors import WANTED, missing_path, students_of
from ingest.formats.xapi.edx import GRADE, is_of_edx, name_of_edx
from ingest.formats.xapi.names import (
    ANY,
    DONE_TO,
    FAILED_COURSE,
    LEFT,
    NO_ENROLMENT,
    READY,
    VERBS,
    verb_of,
)
from ingest.formats.xapi.places import Activity, activity_in, around, chapter_of, course_of, test_of
from ingest.formats.xapi.said import extensions_of, metadata_of, score_in, session_in

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "xapi.classpulse")
_BY_STORE: Final = frozenset({"stored", "authority", "version"})
"""What a record store adds; it is no part of what was said."""
_WITHOUT_CHAPTER: Final = frozenset({"search", "login", "session_end"})
_NOWHERE: Final = Activity("", "")


def statement_parts(document: object) -> Iterator[tuple[str, object]]:
    """Yields the statements of a body or line: of an array, of `{"statements": […]}`, or the one that it is."""
    held = dict_in(document).get("statements")
    if isinstance(held, list) and "actor" not in dict_in(document):
        yield from ((f"statements[{i}]", part) for i, part in enumerate(held))
    elif isinstance(dict_in(document).get("statement"), dict) and "verb" not in dict_in(document):
        yield "statement", dict_in(document)["statement"]
    else:
        yield from single(document)


def statement_events(statement: object) -> Outcome:
    """Returns the events of a statement of any profile."""
    if not isinstance(statement, dict):
        return Refused("not_json", "", "a statement is an object")
    verb = dict_in(statement.get("verb")).get("id") or (
        statement["verb"] if isinstance(statement.get("verb"), str) else None
    )
    if text_in(verb) is None:
        return Refused("missing_field", "verb.id", "the statement names no verb")
    own = activity_in(statement.get("object"))
    if own is None and not dict_in(statement.get("object")):
        return Refused("missing_field", "object.id", "the statement has no object")
    name = _name(statement, verb_of(str(verb)), own or _NOWHERE)
    if isinstance(name, Skipped):
        return name
    event = _event(statement, name, verb_of(str(verb)), own or _NOWHERE)
    students = students_of(statement.get("actor"))
    if not students:
        return Refused("missing_field", missing_path(statement.get("actor")), WANTED, event)
    return [made for student in students for made in _of(event, student, alone=len(students) == 1)]


def _of(event: Event, student: str, *, alone: bool) -> Iterator[Event]:
    """Yields a student's events: what was done, and the score of a lesson, which is an attempt beside it."""
    event_id = event["event_id"] if alone else str(uuid.uuid5(NAMESPACE, f"{event['event_id']}|{student}"))
    own = {**event, "event_id": event_id, "student_id": student}
    name = event["event_name"]
    if name == GRADE:
        yield graded(own)
        return
    yield own
    if name == "lesson_complete" and "score" in event.get("metadata", {}):
        yield graded(own)


def _name(statement: dict[str, Any], verb: str, own: Activity) -> str | Skipped:
    if is_of_edx(statement) and (special := name_of_edx(statement, verb, own)) is not None:
        return special
    names = VERBS.get(verb, {})
    if verb in DONE_TO and own.kind not in names:
        return Skipped(DONE_TO[verb])
    if verb == "initialized" and own.kind == "video":
        return Skipped(READY)
    name = names.get(own.kind, names.get(ANY, verb))
    if not name:
        return Skipped(FAILED_COURSE if verb == "failed" else NO_ENROLMENT)
    if score_in(statement) is None:
        return name
    whole = (name == "quiz_answer" and not _is_part(statement, own)) or (name == "lesson_complete" and not own.kind)
    return "quiz_submit" if whole else name


def _is_part(statement: dict[str, Any], own: Activity) -> bool:
    """Says whether a question was answered as a part of something whose score is told by itself."""
    context = dict_in(statement.get("context"))
    if "statement" in context or "subContentId=" in own.address:
        return True
    parents = (activity_in(each) for each in list_in(dict_in(context.get("contextActivities")).get("parent")))
    return any(
        each.kind in {"quiz", "question", "lesson"} or (not each.kind and "h5p" in each.address.lower())
        for each in parents
        if each
    )


def _event(statement: dict[str, Any], name: str, verb: str, own: Activity) -> Event:
    others, extensions = around(statement), extensions_of(statement)
    said = {key: value for key, value in statement.items() if key not in _BY_STORE}
    metadata = metadata_of(statement, name, extensions)
    if name == "time_ping" and verb in LEFT:
        metadata["hidden"] = True
    is_video = own.kind == "video" or name.startswith("video_")
    return without_nothing(
        {
            "event_id": id_of(statement.get("id"), said, NAMESPACE),
            "event_name": name,
            "timestamp": time_in(statement.get("timestamp", statement.get("stored"))),
            "session_id": session_in(extensions),
            "course_id": course_of(own, others),
            "chapter_id": None if name in _WITHOUT_CHAPTER else chapter_of(own, others),
            "lesson_id": item_id(own.address) if own.kind == "lesson" else None,
            "video_id": item_id(own.address) if is_video else None,
            "assessment_id": test_of(own, others, "quiz_" if name == GRADE else name),
            "page_url": own.address if name == "page_view" and own.address.startswith("http") else None,
            "metadata": metadata,
        }
    )
