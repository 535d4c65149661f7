"""From a record of the tracking log to our event."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ingest.formats.adapter import Event, Outcome, Refused, Skipped, single
from ingest.formats.edx.names import ACTIONS, BROWSER_COPIES, MADE
from ingest.formats.edx.pages import BEHIND, STUDIO, is_of_studio, place_of, request_name
from ingest.formats.edx.people import role_in, student_in
from ingest.formats.edx.said import assessment_in, metadata_in, video_in
from ingest.formats.fields import dict_in, id_of, text_in, time_in, without_nothing
from ingest.formats.graded import graded
from ingest.formats.platform_ids import edx_block, edx_course

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "edx.classpulse")
_PROBLEM_GRADE: Final = "edx.grades.problem.submitted"
_COUNTED_BY_CHECK: Final = "the grade of a problem, which problem_check tells"
_SEQUENCE: Final = ("edx.ui.lms.sequence.", "seq_")
_NOBODY: Final[Mapping[str, str]] = {}


def edx_parts(document: object) -> Iterator[tuple[str, object]]:
    """Yields the records of a document: an array's elements, or itself."""
    yield from single(document)


def edx_events(record: object, numbers: Mapping[str, str] = _NOBODY) -> Outcome:
    """Returns the event of a record of the tracking log.

    Args:
        record: The document: as it lies in the log (`event_type`, `time`, `event`), or as Open edX hands it on
            (`name`, `timestamp`, `data`).
        numbers: Users' numbers by their names, for records that name them only.

    Example:
        >>> checked = {
        ...     "event_type": "problem_check",
        ...     "event_source": "server",
        ...     "time": "2020-07-14T14:39:26.906Z",
        ...     "context": {"user_id": 3, "course_id": "course-v1:edX+D+R"},
        ...     "event": {"problem_id": "block-v1:edX+D+R+type@problem+block@q1", "grade": 2, "max_grade": 3},
        ... }
        >>> [event] = edx_events(checked)
        >>> event["student_id"], event["event_name"], event["metadata"]["score"]
        ('3', 'quiz_submit', 66.6667)
        >>> edx_events({**checked, "event_source": "browser"})
        Skipped(why="the browser's record of what the server records too: the server's counts")
    """
    if not isinstance(record, dict):
        return Refused("not_json", "", "a record is an object")
    name = _name_in(record)
    if name is None:
        return Refused("missing_field", "event_type", "the record names no event")
    said = _said(record)
    source = text_in(record.get("event_source")) or text_in(dict_in(record.get("context")).get("event_source"))
    event_name = _event_name(name, source, said, record)
    if isinstance(event_name, Skipped):
        return event_name
    event = _event(record, name, event_name, said, numbers)
    if "student_id" not in event:
        return Refused("missing_field", "context.user_id", "nobody was logged in", event)
    if "timestamp" not in event:
        return Refused("missing_field", "time", "the record says no time", event)
    return [graded(event) if name == _PROBLEM_GRADE else event]


def _name_in(record: Event) -> str | None:
    """Returns the name: that of old logs first, which the newer records keep beside their own."""
    kind, name = record.get("event_type"), record.get("name")
    for each in (kind, name):
        if isinstance(each, str) and each.strip() in ACTIONS:
            return each.strip()
    return text_in(kind if isinstance(kind, str) else None) or text_in(name if isinstance(name, str) else None)


def _said(record: Event) -> Event:
    """Returns what the event says, which is an object, or the JSON of one, or nothing that is read."""
    said = record.get("event", record.get("data"))
    if isinstance(said, str) and said.lstrip().startswith("{"):
        try:
            said = msgspec.json.decode(said.encode("utf-8", "replace"))
        except msgspec.DecodeError:  # requests are cut at 512 characters
            return {}
    return dict_in(said)


def _event_name(name: str, source: str | None, said: Event, record: Event) -> str | Skipped:
    if name.startswith("/"):
        host = text_in(record.get("host")) or text_in(dict_in(record.get("context")).get("host"))
        return Skipped(STUDIO) if is_of_studio(host) else request_name(name) or Skipped(BEHIND)
    if name in BROWSER_COPIES and (source == "browser" or (source is None and not _is_checked(said))):
        return Skipped(BROWSER_COPIES[name])
    if name in MADE:
        return Skipped(MADE[name])
    if name == _PROBLEM_GRADE and (edx_block(text_in(said.get("problem_id")), "problem") is not None):
        return Skipped(_COUNTED_BY_CHECK)
    if name.startswith(_SEQUENCE) and _leads_elsewhere(name, said, record):
        return "button_click"
    return ACTIONS.get(name, name)


def _is_checked(said: Event) -> bool:
    """Says whether only a server can have said it; records that name no source are told by it."""
    return "max_grade" in said or "correct_map" in said


def _leads_elsewhere(name: str, said: Event, record: Event) -> bool:
    """Says whether a step in a sequence loads another page, which is the page view then.

    So it is at a sequence's ends, and wherever the learning app draws it: each of its units is a request of its own.
    """
    page = text_in(record.get("page")) or text_in(dict_in(record.get("context")).get("page")) or ""
    if "/learning/course/" in page:
        return True
    current, tabs = said.get("current_tab"), said.get("tab_count")
    if "new" in said or not isinstance(current, int) or not isinstance(tabs, int):
        return False
    return (name.endswith("next_selected") and current >= tabs) or (name.endswith("previous_selected") and current <= 1)


def _event(record: Event, name: str, event_name: str, said: Event, numbers: Mapping[str, str]) -> Event:
    context = dict_in(record.get("context"))
    page = text_in(record.get("page")) or text_in(context.get("page"))
    referer = text_in(record.get("referer")) or text_in(context.get("referer"))
    key = text_in(context.get("course_id")) or text_in(said.get("course_id"))
    course = edx_course(key) or key
    shown = name if name.startswith("/") else page
    here = place_of(shown or referer, course)
    usage = text_in(dict_in(context.get("module")).get("usage_key")) or edx_block(_path(context, name))
    lesson = edx_block(text_in(said.get("id")), "sequential") if name.startswith(_SEQUENCE) else None
    course = course or here.course or edx_course(usage)
    video = video_in(said, event_name, course)
    return without_nothing(
        {
            "event_id": id_of(None, record, NAMESPACE),
            "student_id": student_in(record, name, said, numbers),
            "role": role_in(said, name),
            "event_name": event_name,
            "timestamp": time_in(record.get("time", record.get("timestamp"))),
            "session_id": text_in(record.get("session")) or text_in(context.get("session")),
            "course_id": course,
            "chapter_id": here.chapter or lesson,
            "lesson_id": lesson or here.lesson,
            "video_id": video,
            "assessment_id": assessment_in(said, event_name, usage),
            "page_url": shown if shown and shown.startswith(("http", "/")) else None,
            "user_agent": text_in(record.get("agent")) or text_in(context.get("agent")),
            "metadata": metadata_in(said, name, event_name),
        }
    )


def _path(context: Event, name: str) -> str | None:
    """Returns the path of a record's request."""
    return name if name.startswith("/") else text_in(context.get("path"))
