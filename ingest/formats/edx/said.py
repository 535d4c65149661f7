"""What an event of the tracking log says beyond its name: videos, problems, and the little of the rest that is kept."""

from __future__ import annotations

from typing import Any, Final

from ingest.formats.fields import number_in, per_cent, text_in, without_nothing
from ingest.formats.platform_ids import block_of, edx_block

Said = dict[str, Any]

_POSITION: Final = ("currentTime", "current_time")
_KEPT: Final = ("current_tab", "target_tab", "tab_count", "old", "new", "attempts", "success", "mode", "target_url")
_QUIZ: Final = ("quiz_", "assignment_")


def video_in(said: Said, event_name: str, course: str | None) -> str | None:
    """Returns the video's block, or its name where the course is not known.

    Example:
        >>> video_in({"id": "0b9e"}, "video_play", "course-v1:edX+D+R")
        'block-v1:edX+D+R+type@video+block@0b9e'
        >>> video_in({"id": "i4x-edX-D-video-0b9e"}, "video_play", "edX/D/R")
        'i4x://edX/D/video/0b9e'
    """
    if not event_name.startswith("video_"):
        return None
    name = text_in(said.get("id")) or text_in(said.get("code"))
    if name is None or course is None:
        return name
    if block := edx_block(name):
        return block
    if name.startswith("i4x-"):
        return block_of(course, "video", name.rpartition("-")[2]) if "-video-" in name else name
    return block_of(course, "video", name) if course.startswith(("course-v1:", "ccx-v1:")) else name


def assessment_in(said: Said, event_name: str, usage: str | None) -> str | None:
    """Returns the problem, exam or assignment that an event is about."""
    if not event_name.startswith(_QUIZ):
        return None
    for field in ("problem_id", "module_id", "exam_content_id", "problem", "block_id", "usage_key"):
        if named := text_in(said.get(field)):
            return edx_block(named) or named
    return usage


def metadata_in(said: Said, name: str, event_name: str) -> Said:
    """Returns what is kept of an event: numbers and settings, and no text that a person wrote."""
    kept: Said = {"edx_name": name} if not name.startswith("/") else {}
    kept |= {field: said[field] for field in _KEPT if isinstance(said.get(field), int | float | str)}
    if event_name.startswith("video_"):
        kept |= _video(said)
    if event_name == "quiz_submit":
        kept["score"] = _score(said)
    if event_name == "quiz_answer":
        kept |= _answer(said)
    if event_name == "search":
        kept["query"] = text_in(said.get("query")) or text_in(said.get("search_string"))
    if name == "page_close":
        kept["hidden"] = True
    return without_nothing(kept)


def _video(said: Said) -> Said:
    length = number_in(said.get("duration"))
    position = next((found for field in _POSITION if (found := number_in(said.get(field))) is not None), None)
    return {
        "position_s": position,
        "video_duration_s": length if length and length > 0 else None,
        "from_s": _first(said, "old_time") if "old_time" in said else (position if "new_time" in said else None),
        "to_s": _first(said, "new_time"),
        "playback_rate": _first(said, "new_speed"),
    }


def _first(said: Said, *fields: str) -> float | None:
    return next((found for field in fields if (found := number_in(said.get(field))) is not None), None)


def _score(said: Said) -> float | None:
    earned = _first(said, "grade", "weighted_earned")
    return per_cent(earned, _first(said, "max_grade", "weighted_possible"))


def _answer(said: Said) -> Said:
    correct = said.get("is_correct")
    return {"question": text_in(said.get("item_id")), "correct": correct if isinstance(correct, bool) else None}
