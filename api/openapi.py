"""The routes that bring events, in the description at /docs: FastAPI does not know them, since they lie before it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI

from api.ingest.kinds import NAMES
from api.problems import CONTENT_TYPE
from dataflows.events.schema import schema_of

_TAG: Final = "events"
_EVENT: Final = "ClickstreamEvent"
_STATUS: Final = ["ok", "spooled", "duplicate", "rejected", "retry", "withheld", "skipped"]
_RESULT: Final = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": ["string", "null"], "description": "The event's id; null where it could not be read."},
        "status": {"enum": _STATUS, "description": "`ok` and `spooled` are stored; only `retry` is sent again."},
        "reason": {"type": "string", "description": "Why it was rejected, as in `dead_letters`."},
        "field": {"type": "string", "description": "The field that is wrong."},
        "detail": {"type": "string", "description": "What is wrong, in words."},
    },
}
_ANSWER: Final = {
    "type": "object",
    "required": ["accepted", "results"],
    "properties": {"accepted": {"type": "integer"}, "results": {"type": "array", "items": _RESULT}},
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "results": {"type": "array", "items": _RESULT},
    },
}
_PROBLEMS: Final = {
    "400": "Not JSON, or nothing in it.",
    "401": "No valid token.",
    "403": "The token has another scope.",
    "408": "The body came too slowly.",
    "413": "Too many bytes or events.",
    "415": "Another media type or encoding.",
    "422": "Every event was rejected.",
    "429": "Too much for this token; see Retry-After.",
    "503": "Nothing could be stored now; see Retry-After.",
}


def describe(web: FastAPI) -> None:
    """Adds the routes to what the application says of itself."""
    of_fastapi = web.openapi

    def openapi() -> dict[str, Any]:
        if web.openapi_schema is None:
            described = of_fastapi()
            described["paths"] = _paths() | described["paths"]
            components = described.setdefault("components", {})
            components["schemas"] = _schemas() | components.get("schemas", {})
            schemes = components.setdefault("securitySchemes", {})
            schemes["token"] = {"type": "http", "scheme": "bearer", "description": "`classpulse token create`"}
        return web.openapi_schema or {}

    web.openapi = openapi  # type: ignore[method-assign]


def _schemas() -> dict[str, Any]:
    """Returns the published shape of an event and its parts; here the time may be missing."""
    text = msgspec.json.encode(schema_of("clickstream_event")).replace(b"#/$defs/", b"#/components/schemas/")
    event = msgspec.json.decode(text)
    parts: dict[str, Any] = event.pop("$defs", {})
    event = {name: said for name, said in event.items() if not name.startswith("$")}
    event["allOf"] = [group for group in event["allOf"] if "timestamp" not in str(group)]
    return {**parts, _EVENT: event}


def _paths() -> dict[str, Any]:
    event = {"$ref": f"#/components/schemas/{_EVENT}"}
    any_object = {"type": "object", "additionalProperties": True}
    many = {"oneOf": [any_object, {"type": "array", "items": any_object}]}
    track = {
        "oneOf": [
            event,
            {"type": "array", "items": event},
            {"type": "object", "required": ["events"], "properties": {"sent_at": {}, "events": {"type": "array"}}},
        ]
    }
    version = {"name": "X-Experience-API-Version", "in": "header", "required": True, "schema": {"type": "string"}}
    wanted = {"name": "statementId", "in": "query", "required": True, "schema": {"type": "string", "format": "uuid"}}
    kind = {"name": "kind", "in": "path", "required": True, "schema": {"enum": sorted(NAMES)}}
    ids = {"type": "array", "items": {"type": "string"}}
    return {
        "/v1/track": {"post": _route("Events: one, an array, one a line, or an envelope", track, _ANSWER)},
        "/api/events/{kind}": {"post": _route("Learning events of one kind", many, _ANSWER, [kind])},
        "/v1/xapi/statements": {
            "post": _route("xAPI statements, all or none", many, ids, [version]),
            "put": _route("One xAPI statement", any_object, None, [version, wanted]),
        },
        "/v1/caliper": {"post": _route("A Caliper envelope", any_object, _ANSWER)},
    }


def _route(
    summary: str, body: dict[str, Any], answer: dict[str, Any] | None, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    problem = {CONTENT_TYPE: {"schema": _PROBLEM}}
    done: dict[str, Any] = {"description": "Each event has its answer."}
    if answer is not None:
        done["content"] = {"application/json": {"schema": answer}}
    responses = {"204" if answer is None else "200": done}
    responses |= {status: {"description": text, "content": problem} for status, text in _PROBLEMS.items()}
    return {
        "summary": summary,
        "tags": [_TAG],
        "security": [{"token": []}],
        "parameters": parameters or [],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    }
