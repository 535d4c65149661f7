"""What an event says about being stuck: who did what with which item, and whether it was right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

OPEN: Final = 0
RIGHT: Final = 1
WRONG: Final = 2
HINT: Final = 3
TURN: Final = 4
PROGRESS: Final = 5
DONE: Final = 6
WORK: Final = 7
ELSEWHERE: Final = 8
GONE: Final = 9
SEEN: Final = 10
HELPED: Final = 11
NOT_STUCK: Final = 12

ANSWERS: Final = {"stuck_seen": SEEN, "stuck_helped": HELPED, "stuck_not": NOT_STUCK}
"""A teacher's answers: events keyed by the student, who answered in `metadata.actor`."""

OUTCOMES: Final = {SEEN: "seen", HELPED: "helped", NOT_STUCK: "not_stuck"}
ANSWERED: Final = frozenset(OUTCOMES)
STAFF: Final = "teacher"
"""The role of an answer's event: it is in no count of students."""

_NOT_THERE: Final = frozenset({"idle", "course_enroll", "course_unenroll", "course_complete"})
_SKILLS: Final = ("skill", "skill_id", "skill_name", "kc", "knowledge_component")
_QUESTIONS: Final = ("question", "question_id", "problem_id", "problem", "item_id")
_CORRECT: Final = ("correct", "is_correct", "success")
_YES: Final = frozenset({"true", "1", "yes", "correct", "1.0"})
_NO: Final = frozenset({"false", "0", "no", "incorrect", "wrong", "0.0"})
_OPENS: Final = frozenset({"quiz_start", "quiz_question_next", "assignment_start"})
_TURNS: Final = frozenset({"video_pause", "video_seek"})
_PINGS: Final = frozenset({"time_ping", "heartbeat"})
_FINISHES: Final = frozenset({"video_complete", "lesson_complete", "assignment_submit", "module_completed"})
_SCORED: Final = frozenset(
    {"quiz_answer", "quiz_submit", "assignment_submit", "module_quiz_completed", "diagnostic_quiz_completed"}
)


class Mark(NamedTuple):
    """One event of a student; marks are ordered by time and place in the log.

    Attributes:
        time_ms: When, epoch milliseconds.
        placed: Place in the log (`places.placed`).
        verb: One of the verbs of this module.
        item: The item; empty where it is none.
        class_id: The class in which it happened; empty where none is told.
        course_id: The course.
        value: Position in a video in seconds, or how far down a page was seen, or a score in tenths; -1 where unknown.
        question: The question within the item; empty where none is told.
    """

    time_ms: int
    placed: int
    verb: int
    item: str = ""
    class_id: str = ""
    course_id: str = ""
    value: int = -1
    question: str = ""


class Said(NamedTuple):
    """The texts of an event that matter here; None where it does not say them."""

    event_name: str | None
    event_type: str | None = None
    class_id: str | None = None
    course_id: str | None = None
    chapter_id: str | None = None
    lesson_id: str | None = None
    video_id: str | None = None
    assessment_id: str | None = None


def mark_of(time_ms: int, placed: int, said: Said, meta: Mapping[str, Any], pass_mark: float) -> Mark | None:
    """Returns what an event says; None where the student was not there by it.

    Args:
        time_ms: Its time.
        placed: Its place in the log.
        said: Its texts.
        meta: Its metadata.
        pass_mark: From which score on a quiz without a mark per answer is right.

    Example:
        >>> said = Said("quiz_answer", assessment_id="q1")
        >>> mark_of(5, 0, said, {"question": 3, "correct": False}, 70)
        Mark(time_ms=5, placed=0, verb=2, item='q1', class_id='', course_id='', value=-1, question='3')
    """
    name = said.event_name or ""
    if name in _NOT_THERE or (meta.get("hidden") is True and said.event_type == "heartbeat"):
        return None
    place = (said.class_id or "", said.course_id or "")
    if name in ANSWERS:
        return Mark(time_ms, placed, ANSWERS[name], _first(meta, ("item_id",)), *place)
    if name == "session_end":
        return Mark(time_ms, placed, GONE, "", *place)
    item = _item(said, meta, name)
    if not item:
        return Mark(time_ms, placed, ELSEWHERE, "", *place)
    verb, value = _done(name, meta, pass_mark, on_video=said.video_id is not None)
    return Mark(time_ms, placed, verb, item, *place, value, _first(meta, _QUESTIONS))


def _item(said: Said, meta: Mapping[str, Any], name: str) -> str:
    """Returns the item: a skill where one is named, for its questions are opportunities of one thing."""
    if name.startswith("video_"):
        return said.video_id or said.lesson_id or said.chapter_id or ""
    if _is_of_quiz(name):
        quiz = said.assessment_id or _first(meta, ("module", "quiz", "assessment"))
        return _first(meta, _SKILLS) or quiz or _first(meta, _QUESTIONS) or said.lesson_id or said.chapter_id or ""
    return said.assessment_id or said.video_id or said.chapter_id or said.lesson_id or ""


def _is_of_quiz(name: str) -> bool:
    return name.startswith(("quiz_", "assignment_", "module_quiz", "diagnostic_quiz")) or "hint" in name


def _done(name: str, meta: Mapping[str, Any], pass_mark: float, *, on_video: bool) -> tuple[int, int]:
    """Returns the verb and its number."""
    if name in _SCORED:
        right, score = is_right(meta, pass_mark)
        verb = PROGRESS if name == "quiz_answer" else DONE
        return (verb if right is None else RIGHT if right else WRONG), score
    if "hint" in name or name in _FINISHES or name in _OPENS:
        return (OPEN if name in _OPENS else DONE if name in _FINISHES else HINT), -1
    if name in _TURNS:
        return TURN, _whole(meta.get("to_s", meta.get("position_s")))
    if name == "video_play" or (name in _PINGS and on_video):
        return PROGRESS, _whole(meta.get("position_s"))
    return WORK, _whole(meta.get("scroll_depth"))


def is_right(meta: Mapping[str, Any], pass_mark: float) -> tuple[bool | None, int]:
    """Returns whether an answer is right, and its score in tenths (-1 where none is told).

    Example:
        >>> is_right({"correct": "false"}, 70), is_right({"score": 85}, 70), is_right({}, 70)
        ((False, -1), (True, 850), (None, -1))
    """
    score = _number(meta.get("score"))
    tenths = -1 if score is None or not 0 <= score <= 100 else round(score * 10)  # noqa: PLR2004
    for name in _CORRECT:
        said = str(meta[name]).strip().lower() if meta.get(name) is not None else ""
        if said in _YES | _NO:
            return said in _YES, tenths
    return (None, -1) if tenths < 0 else (tenths >= pass_mark * 10, tenths)


def _first(meta: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names if meta else ():
        value = meta.get(name)
        if value is None or value is True or value is False or not isinstance(value, (str, int, float)):
            continue
        if text := str(value).strip():
            return text
    return ""


def _number(value: Any) -> float | None:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number and abs(number) < 1e9 else None  # noqa: PLR0124, PLR2004


def _whole(value: Any) -> int:  # noqa: ANN401
    number = _number(value)
    return -1 if number is None or number < 0 else int(number)
