"""What results and extensions of a statement say: scores, durations, video positions, whoever coined their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ingest.formats.fields import dict_in, number_in, per_cent, seconds_in, text_in, without_nothing

Statement = dict[str, Any]

_SESSIONS: Final = ("session-id", "sessionid", "session")
_POSITIONS: Final = ("time", "time-to", "position", "current-time", "currenttime")


def extensions_of(statement: Statement) -> dict[str, Any]:
    """Returns the extensions of result, context and object by the last word of their addresses; the result's win.

    Example:
        >>> extensions_of({"result": {"extensions": {"https://w3id.org/xapi/video/extensions/time-from": 3}}})
        {'time-from': 3}
    """
    found: dict[str, Any] = {}
    for extensions in _extensions(statement):
        for address, value in extensions.items():
            found.setdefault(_word(address), value)
    return found


def session_in(extensions: dict[str, Any]) -> str | None:
    """Returns the session that a statement belongs to."""
    return next((found for name in _SESSIONS if (found := text_in(extensions.get(name)))), None)


def score_in(statement: Statement) -> float | None:
    """Returns the score, 0 to 100: the scaled one, else the raw one on its scale.

    Example:
        >>> score_in({"result": {"score": {"scaled": 0.85}}}), score_in({"result": {"score": {"raw": 3, "max": 4}}})
        (85.0, 75.0)
        >>> score_in({"result": {"score": {"raw": 3}}}), score_in({"result": {"score": {"max": 0, "scaled": 0}}})
        (None, None)
    """
    score = dict_in(dict_in(statement.get("result")).get("score"))
    raw, lowest, highest = (number_in(score.get(name)) for name in ("raw", "min", "max"))
    if highest is not None and highest <= (lowest or 0.0):
        return None
    scaled = number_in(score.get("scaled"))
    if scaled is not None:
        return per_cent(scaled, 1.0)
    return per_cent(raw, highest, lowest)


def metadata_of(statement: Statement, name: str, extensions: dict[str, Any]) -> dict[str, Any]:
    """Returns what is kept of a statement; answers that somebody wrote, and names of people, are not."""
    result, target = dict_in(statement.get("result")), dict_in(statement.get("object"))
    duration = seconds_in(result.get("duration"))
    success, completion = result.get("success"), result.get("completion")
    kept: dict[str, Any] = {
        "verb": text_in(dict_in(statement.get("verb")).get("id")),
        "object": text_in(target.get("id")),
        "score": score_in(statement),
        "duration": duration,
        "success": success if isinstance(success, bool) else None,
        "completion": completion if isinstance(completion, bool) else None,
    }
    if name == "quiz_submit":
        kept["time_taken"] = duration
    if name == "quiz_answer":
        kept |= {"question": kept["object"], "correct": kept["success"]}
    if name == "search":
        kept["query"] = text_in(result.get("response"))
    if name.startswith("video_") or name == "time_ping":
        kept |= _video(name, extensions)
    if name == "scroll":
        kept["scroll_depth"] = number_in(extensions.get("scroll-depth", extensions.get("progress")))
    return without_nothing(kept)


def _video(name: str, extensions: dict[str, Any]) -> dict[str, Any]:
    length = next((found for key in ("length", "duration") if (found := seconds_in(extensions.get(key)))), None)
    at = next((found for key in _POSITIONS if (found := seconds_in(extensions.get(key))) is not None), None)
    seek = name == "video_seek"
    return {
        "position_s": at,
        "video_duration_s": length if length and length > 0 else None,
        "from_s": seconds_in(extensions.get("time-from")) if seek else None,
        "to_s": seconds_in(extensions.get("time-to", extensions.get("time"))) if seek else None,
        "playback_rate": number_in(extensions.get("speed-to", extensions.get("speed"))),
    }


def _extensions(statement: Statement) -> Iterator[dict[str, Any]]:
    target = dict_in(statement.get("object"))
    for place in (statement.get("result"), statement.get("context"), target.get("definition")):
        yield dict_in(dict_in(place).get("extensions"))


def _word(address: str) -> str:
    return address.rstrip("/#").rpartition("/")[2].rpartition("#")[2].lower().replace("_", "-")
