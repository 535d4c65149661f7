"""Verbs and kinds of objects, and what a statement of them becomes.

Vocabularies write one verb under many addresses; what counts is the last word of the address. `docs/formats.md` is made
from these tables.
"""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = {
    "course": "course program curriculum lms-course",
    "video": "video audio media recording clip podcast",
    "question": "question cmi.interaction interaction assessment-item assessmentitem",
    "quiz": "quiz assessment attempt test exam examination checkpoint survey questionnaire timed-assessment "
    "practice-assessment proctored-assessment questionset multiplechoice questionbank scale",
    "assignment": "assignment submission essay homework task workshop",
    "forum": "forum discussion thread topic forum-topic forum-reply comment post message chat-message chat-channel "
    "chat forum-post blog blog-post",
    "lesson": "lesson module chapter section unit objective performance simulation lesson-session "
    "scorm-content-object sco au block scorm slide-deck interactive-content game",
    "page": "page webpage lesson-content-page resource document file book article collection wiki wiki-page "
    "glossary glossary-entry database folder feedback report web-page link image slide ebook url",
    "platform": "lms site application software",
}
KINDS: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}
"""Kinds of objects by the last word of their type's address."""

ANY: Final = "*"

VERBS: Final[dict[str, dict[str, str]]] = {
    "played": {ANY: "video_play"},
    "play": {ANY: "video_play"},
    "watched": {ANY: "video_play"},
    "paused": {ANY: "video_pause"},
    "seeked": {ANY: "video_seek"},
    "skipped": {"video": "video_seek", "question": "quiz_question_next"},
    "completed": {
        "video": "video_complete",
        "course": "course_complete",
        "quiz": "quiz_submit",
        "question": "quiz_submit",
        "assignment": "assignment_submit",
        ANY: "lesson_complete",
    },
    "mastered": {ANY: "lesson_complete"},
    "finished": {"video": "video_complete", "course": "course_complete", "quiz": "quiz_submit", ANY: "lesson_complete"},
    "consumed": {"video": "video_complete", ANY: "lesson_complete"},
    "passed": {"course": "course_complete", ANY: "quiz_submit"},
    "failed": {"course": "", ANY: "quiz_submit"},
    "satisfied": {"course": "course_complete"},
    "answered": {ANY: "quiz_answer"},
    "evaluated": {ANY: "quiz_answer"},
    "responded": {ANY: "quiz_answer"},
    "attempted": {"course": "lesson_start", "lesson": "lesson_start", "page": "page_view", ANY: "quiz_start"},
    "started": {
        "quiz": "quiz_start",
        "question": "quiz_start",
        "assignment": "assignment_start",
        "video": "video_play",
        ANY: "lesson_start",
    },
    "initialized": {
        "quiz": "quiz_start",
        "question": "quiz_start",
        "assignment": "assignment_start",
        ANY: "lesson_start",
    },
    "resumed": {"quiz": "quiz_start", "video": "video_play", "course": "", ANY: "lesson_start"},
    "restarted": {"quiz": "quiz_start", "video": "video_play", ANY: "lesson_start"},
    "submitted": {"quiz": "quiz_submit", "question": "quiz_answer", ANY: "assignment_submit"},
    "experienced": {"video": "video_play", ANY: "page_view"},
    "viewed": {ANY: "page_view"},
    "read": {ANY: "page_view"},
    "opened": {ANY: "page_view"},
    "accessed": {ANY: "page_view"},
    "visited": {ANY: "page_view"},
    "launched": {ANY: "page_view"},
    "previewed": {ANY: "page_view"},
    "navigated": {"forum": "page_view", ANY: "page_view"},
    "progressed": {"video": "time_ping", ANY: "page_view"},
    "scrolled": {ANY: "scroll"},
    "interacted": {
        "video": "video_interact",
        "quiz": "quiz_interact",
        "question": "quiz_interact",
        ANY: "button_click",
    },
    "pressed": {ANY: "button_click"},
    "clicked": {ANY: "button_click"},
    "selected": {ANY: "button_click"},
    "asked": {
        "solution": "quiz_show_answer",
        "supplemental-info": "quiz_hint",
        "question": "quiz_hint",
        "quiz": "quiz_hint",
        "forum": "forum_post",
    },
    "searched": {ANY: "search"},
    "posted": {ANY: "forum_post"},
    "commented": {ANY: "forum_post"},
    "replied": {ANY: "forum_post"},
    "discussed": {ANY: "forum_post"},
    "sent": {ANY: "forum_post"},
    "created": {"forum": "forum_post"},
    "edited": {"forum": "forum_edit"},
    "deleted": {"forum": "forum_delete"},
    "voted": {"forum": "forum_vote"},
    "registered": {"course": "course_enroll"},
    "enrolled": {ANY: "course_enroll"},
    "unregistered": {"course": "course_unenroll"},
    "unenrolled": {ANY: "course_unenroll"},
    "joined": {"course": "course_enroll"},
    "left": {"course": "course_unenroll"},
    "exited": {"course": "course_unenroll", ANY: "time_ping"},
    "terminated": {"video": "video_stop", "quiz": "quiz_submit", ANY: "time_ping"},
    "suspended": {"course": "", ANY: "time_ping"},
    "logged-in": {ANY: "login"},
    "logged-out": {ANY: "session_end"},
}
"""Our names by verb and kind of object; "" is none. A verb of no table passes through and counts as a click."""

SPELLINGS: Final = {
    "start": "started",
    "submit": "submitted",
    "complete": "completed",
    "create": "created",
    "delete": "deleted",
    "update": "edited",
    "join": "joined",
    "leave": "left",
    "send": "sent",
    "search": "searched",
    "view": "viewed",
    "watch": "watched",
    "attempt": "attempted",
    "answer": "answered",
    "access": "accessed",
    "open": "opened",
    "share": "shared",
    "post": "posted",
    "login": "logged-in",
    "loggedin": "logged-in",
    "log-in": "logged-in",
    "logged in": "logged-in",
    "logout": "logged-out",
    "loggedout": "logged-out",
    "log-out": "logged-out",
    "logged out": "logged-out",
    "initialised": "initialized",
    "enroll": "enrolled",
    "enrol": "enrolled",
    "enrolled onto": "enrolled",
    "enrolled in": "enrolled",
    "enrolled-onto": "enrolled",
    "unenrol": "unenrolled",
    "unenroll": "unenrolled",
}
"""Other spellings of verbs."""

_TO_STUDENT: Final = "done to the student by somebody else, or by the platform"
DONE_TO: Final = dict.fromkeys(
    "scored assessed graded achieved earned forfeited receive received locked unlocked exceeded assign assigned "
    "verified satisfied waived abandoned uncompleted failed-to-attend adjourned live".split(),
    _TO_STUDENT,
) | {"voided": "takes another statement back: what was counted stays"}
"""Verbs that are no action of the actor."""

READY: Final = "the player is ready, nothing was done yet"
SERVER_COUNTS: Final = "another statement of what `evaluated` says: that one counts"
TOLD_TWICE: Final = "kept with what the student did, no action of its own"
NO_ENROLMENT: Final = "changes no enrolment"
FAILED_COURSE: Final = "a grade that follows from what was submitted"

LEFT: Final = frozenset({"terminated", "exited", "suspended"})
"""Verbs that end something which is not the whole session: a ping of a tab that nobody sees any more."""

_WORD: Final = re.compile(r"[^/#]+(?=[/#]?$)")


def verb_of(address: str) -> str:
    """Returns a verb in our spelling.

    Example:
        >>> verb_of("https://w3id.org/xapi/video/verbs/played"), verb_of("http://activitystrea.ms/schema/1.0/start")
        ('played', 'started')
    """
    found = _WORD.search(address.strip())
    word = (found[0] if found else address).lower().replace("_", "-").replace("%20", " ")
    return SPELLINGS.get(word, word)


def kind_of(address: str | None) -> str:
    """Returns the kind of an object of a type; of an unknown type its last word.

    Example:
        >>> kind_of("https://w3id.org/xapi/video/activity-type/video"), kind_of("http://h5p.org/x/badge"), kind_of(None)
        ('video', 'badge', '')
    """
    found = _WORD.search((address or "").strip())
    word = found[0].lower() if found else ""
    return KINDS.get(word, word)
