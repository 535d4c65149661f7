"""What Moodle calls an event, and what it is called here."""

from __future__ import annotations

from typing import Final

# Moodle writes some of its names with a full stop; they are looked up without it
NAMES: Final = {
    "Course viewed": "page_view",
    "Course module viewed": "page_view",
    "Course searched": "search",
    "List Submissions": "page_view",
    "The status of the submission has been viewed": "page_view",
    "Submission form viewed": "assignment_start",
    "A submission has been submitted": "assignment_submit",
    "Add Submission": "assignment_submit",
    "Quiz attempt started": "quiz_start",
    "Quiz attempt viewed": "quiz_question_next",
    "Quiz attempt submitted": "quiz_submit",
    "mod_hvp: attempt submitted": "quiz_submit",
    "Discussion created": "forum_post",
    "Post created": "forum_post",
    "User has logged in": "login",
    "User logged out": "session_end",
}
_VIEWED = " viewed"


def event_name_of(name: str) -> str:
    """Returns the contract's name for a Moodle event; a name without a counterpart stays as it is.

    Example:
        >>> event_name_of("Badge listing viewed"), event_name_of("Grade item updated")
        ('page_view', 'Grade item updated')
    """
    bare = name.strip().removesuffix(".")
    if bare in NAMES:
        return NAMES[bare]
    return "page_view" if bare.endswith(_VIEWED) else name
