"""What a Caliper event says beyond who did what: positions, lengths, speeds, scores."""

from __future__ import annotations

from typing import Any

from ingest.formats.caliper.entities import Entity, entity, type_of
from ingest.formats.fields import dict_in, number_in, per_cent, seconds_in, text_in, without_nothing


def metadata_of(said: Entity, name: str) -> dict[str, Any]:
    """Returns what is kept of an event; what people wrote, and their names, are not."""
    target = entity(said.get("object"))
    kept: dict[str, Any] = {
        "caliper_type": text_in(said.get("type")),
        "action": text_in(said.get("action")),
        "object": text_in(target.get("id")),
        "object_type": type_of(target) or None,
    }
    if name.startswith("video_"):
        kept |= _video(said, target, name)
    if name in {"graded", "quiz_submit"}:
        kept |= {"score": _score(said), "time_taken": seconds_in(_attempt(said).get("duration"))}
    if name == "quiz_answer":
        kept["question"] = kept["object"]
    if name == "search":
        kept["query"] = text_in(dict_in(said.get("extensions")).get("query")) or text_in(
            entity(said.get("generated")).get("query")
        )
    return without_nothing(kept)


def _attempt(said: Entity) -> Entity:
    for name in ("object", "generated"):
        found = entity(said.get(name))
        if type_of(found) == "Attempt":
            return found
    return {}


def _video(said: Entity, target: Entity, name: str) -> dict[str, Any]:
    place, extensions = entity(said.get("target")), dict_in(said.get("extensions"))
    at, length = seconds_in(place.get("currentTime")), seconds_in(target.get("duration"))
    to = seconds_in(dict_in(place.get("extensions")).get("newTime"))
    seek = name == "video_seek"
    return {
        "position_s": at,
        "video_duration_s": length if length and length > 0 else None,
        # an event that tells both places calls the old one currentTime
        "from_s": at if seek and to is not None else None,
        "to_s": (to if to is not None else at) if seek else None,
        "playback_rate": number_in(extensions.get("newSpeed", target.get("playbackRate"))),
    }


def _score(said: Entity) -> float | None:
    """Returns the score on 0 to 100, on the scale that the score, the attempt's test, or the result names."""
    given = entity(said.get("generated"))
    if "score" in given and isinstance(given["score"], dict):
        given = entity(given["score"])
    earned = _number(given, "scoreGiven", "totalScore", "normalScore", "resultScore")
    test = entity(entity(said.get("object")).get("assignable"))
    possible = _number(given, "maxScore", "maxResultScore")
    return per_cent(earned, possible if possible is not None else _number(test, "maxScore", "maxResultScore"))


def _number(fields: Entity, *names: str) -> float | None:
    return next((found for name in names if (found := number_in(fields.get(name))) is not None), None)
