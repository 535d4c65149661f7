"""JSON Schemas (draft 2020-12) of the input events, generated from the published shapes.

The files in `schemas/` are what this module generates; a test fails when they differ.
`python -m dataflows.events.schema` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from dataflows.events.consents import CONSENTS
from dataflows.events.shapes import ChapterViewEvent, ClickstreamEvent, LearningEvent
from dataflows.events.text import BLANKS

FOLDER = Path(__file__).parent / "schemas"

# each mark as an escape, which every dialect of patterns reads alike
_BLANK = "^[" + "".join(f"\\u{ord(mark):04x}" for mark in ("\0", *BLANKS)) + "]*$"
_STUDENT = ("student_id", "user_id")
_NAME = ("event_name", "event_type")

#: name -> (topic, shape, groups of fields of which at least one has to be there, description)
_EVENTS: dict[str, tuple[str, type[msgspec.Struct], tuple[tuple[str, ...], ...], str]] = {
    "clickstream_event": (
        "clickstream_events",
        ClickstreamEvent,
        (_STUDENT, _NAME, ("timestamp", "event_timestamp")),
        "One interaction of a student with the platform.",
    ),
    "chapter_view_event": (
        "chapter_view_events",
        ChapterViewEvent,
        (_STUDENT, ("start_time", "chapter_start_time")),
        "One visit to a chapter, sent when it ends.",
    ),
    "user_login_event": ("user_login_events", LearningEvent, (_STUDENT,), "A student logged in."),
    "learning_domain_selection_event": (
        "learning_domain_selection_events",
        LearningEvent,
        (_STUDENT,),
        "A student chose a domain.",
    ),
    "diagnostic_quiz_event": (
        "diagnostic_quiz_events",
        LearningEvent,
        (_STUDENT,),
        "A student completed a diagnostic quiz; counts as a review where it names a module.",
    ),
    "module_quiz_event": (
        "module_quiz_events",
        LearningEvent,
        (_STUDENT,),
        "A student completed the quiz of a module; counts with `module` and `score`.",
    ),
    "module_completion_event": (
        "module_completion_events",
        LearningEvent,
        (_STUDENT,),
        "A student started or completed a module.",
    ),
}

NAMES = tuple(_EVENTS)


def topic_of(name: str) -> str:
    """Returns the topic that carries an event."""
    return _EVENTS[name][0]


def summary_of(name: str) -> str:
    """Returns what an event says, in one sentence."""
    return _EVENTS[name][3]


def schema_of(name: str) -> dict[str, Any]:
    """Returns the JSON Schema of an event.

    Args:
        name: One of `NAMES`.

    Example:
        >>> schema_of("module_quiz_event")["properties"]["score"]["description"]
        'Result, 0-100.'
    """
    topic, shape, groups, description = _EVENTS[name]
    (_,), components = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    own = components.pop(shape.__name__)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:classpulse:event:{name}",
        "title": name,
        "description": f"{description} Topic `{topic}`.",
        "type": "object",
        "properties": {field: _without_default(spec) for field, spec in own["properties"].items()},
        **_needs(own.get("required", []), groups),
        "additionalProperties": True,
    }
    if components:
        schema["$defs"] = {
            part: spec | {"properties": {field: _without_default(inner) for field, inner in spec["properties"].items()}}
            for part, spec in components.items()
        }
    return schema


def _needs(required: list[str], groups: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Requires what an event needs; a consent, which lies in every topic, needs what one of the clickstream does."""
    mine = {"required": required, "allOf": [_any_of(group) for group in groups]}
    of_consents = _EVENTS["clickstream_event"][2]
    if groups == of_consents:
        return mine
    says = {field: {"required": [field], "properties": {field: {"enum": list(CONSENTS)}}} for field in _NAME}
    by_type = {"allOf": [says["event_type"], {"not": _has("event_name")}]}
    return {
        "if": {"anyOf": [says["event_name"], by_type]},
        "then": {"allOf": [_any_of(group) for group in of_consents]},
        "else": mine,
    }


def _any_of(group: tuple[str, ...]) -> dict[str, Any]:
    return {"anyOf": [_has(field) for field in group]}


def _has(field: str) -> dict[str, Any]:
    """Requires a field that is neither null nor blank."""
    blank = {"anyOf": [{"type": "null"}, {"type": "string", "pattern": _BLANK}]}
    return {"required": [field], "properties": {field: {"not": blank}}}


def _without_default(spec: dict[str, Any]) -> dict[str, Any]:
    # a null default says no more than "optional"
    return {key: value for key, value in spec.items() if key != "default"}


def text_of(name: str) -> str:
    """Returns the schema as it is published: indented JSON."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Writes every schema into its file."""
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        (FOLDER / f"{name}.json").write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    write()
