"""What Moodle calls an event, and what it is called here."""

from __future__ import annotations

import re
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
# Descriptions are English in every language of Moodle; what the event is called is not.
_DESCRIBED: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bhas logged in\.?$", "login"),
        (r"\bhas logged out\b", "session_end"),
        (r"\bhas started the attempt with id\b", "quiz_start"),
        (r"\bhas viewed the attempt with id\b", "quiz_question_next"),
        (r"\bhas submitted the (?:quiz )?attempt with id\b|\bhvp\b.*\battempt\b.*\bsubmitted\b", "quiz_submit"),
        (r"\bhas submitted the submission with id\b|\bhas submitted (?:a|an|their) submission\b", "assignment_submit"),
        (r"\bviewed their submission for the assignment\b|\bsubmission form\b", "assignment_start"),
        (
            r"\bhas (?:created|posted) the (?:discussion|post) with id\b|\bhas created the (?:discussion|post)\b",
            "forum_post",
        ),
        (r"\bhas? ?searched\b", "search"),
        (r"^\s*(?:the )?user with id '[^']*' (?:has )?viewed\b", "page_view"),
    )
)
_SEEN: Final = (
    "angezeigt|angesehen|aufgerufen|gesehen|consulté|consultée|affiché|affichée|vu|vue|visto|vista|visualizado|visualizada|"
    "visualizzato|visualizzata|bekeken|weergegeven|visad"
).split("|")


def event_name_of(name: str, description: str | None = None) -> str:
    """Returns the contract's name for a Moodle event; a name without a counterpart stays as it is.

    Args:
        name: What Moodle calls it.
        description: What happened, where the name is of an export that is not English.

    Example:
        >>> event_name_of("Badge listing viewed"), event_name_of("Grade item updated")
        ('page_view', 'Grade item updated')
        >>> event_name_of("Kurs angezeigt", "The user with id '11' viewed the course with id '5'.")
        'page_view'
    """
    bare = name.strip().removesuffix(".")
    if bare in NAMES:
        return NAMES[bare]
    if bare.endswith(_VIEWED):
        return "page_view"
    if description is not None:
        for pattern, meant in _DESCRIBED:
            if pattern.search(description):
                return meant
        if bare.rpartition(" ")[2].lower() in _SEEN:
            return "page_view"
    return name
