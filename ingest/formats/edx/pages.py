"""Requests to the server, which Open edX logs under their path: which of them are pages that a student looks at."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ingest.formats.platform_ids import block_of, course_of_path, edx_block, plain

BEHIND: Final = "a request behind a page or an action, which has its own record"
STUDIO: Final = "a request to Studio, where courses are written"
_NO_PAGE: Final = re.compile(
    r"/handler(?:_noauth)?/|/modx/|/jump_to(?:_id)?/|/xblock/|/api/|/transcript|/instructor/api|/course_wiki"
    r"|/discussion/(?!forum/?$)|/edxnotes/|/search|/upload|/notes/api|/submission_history"
    r"|\.(?:js|css|png|jpe?g|gif|svg|ico|json|srt|txt|gz|zip|pdf)$",
    re.IGNORECASE,
)
_PAGE: Final = re.compile(
    # a step above the subsection leads on to one
    r"/courses/(?!.*/courseware(?:/[^/]*)?/?$).+/.+|/courses/?|/dashboard.*|/u/[^/]+/?|/certificates/.+|/bookmarks.*"
    r"|/learner/.*|/programs/.*|/about|/faq|/explore.*|/help.*|/account/settings/?|/notes/?",
    re.IGNORECASE,
)
_COURSE_ROOT: Final = re.compile(r"/courses/(?:[\w-]+:[^/]+|[^/:]+/[^/:]+/[^/:]+)/?", re.IGNORECASE)
_UNIT: Final = re.compile(
    r"/xblock/(?:(?:ccx-)?block-v1:[^/]+\+type@vertical\+[^/]+|i4x://[^/]+/[^/]+/vertical/[^/]+)/?"
)
_LEAVES: Final = re.compile(r"/logout/?$")
_ENTERS: Final = re.compile(r"/(?:login_ajax|login_post|login_session|account/login_session)/?$")
_COURSEWARE: Final = re.compile(r"/courseware/([^/?#]+)(?:/([^/?#]+))?(?:/(\d+))?")


class Place(NamedTuple):
    """Where in a course a page is.

    Attributes:
        course: The course's key.
        chapter: The section; of addresses that name no section, the subsection.
        lesson: The subsection; of addresses that name none, the unit.
    """

    course: str | None = None
    chapter: str | None = None
    lesson: str | None = None


def place_of(address: str | None, course: str | None = None) -> Place:
    """Returns the place that an address names.

    Args:
        address: A page's URL or path.
        course: The course where the address does not name it.

    Example:
        >>> place_of("http://lms/courses/course-v1:edX+D+R/courseware/week1/intro/2?activate=x")
        ... # doctest: +NORMALIZE_WHITESPACE
        Place(course='course-v1:edX+D+R', chapter='block-v1:edX+D+R+type@chapter+block@week1',
              lesson='block-v1:edX+D+R+type@sequential+block@intro')
        >>> place_of("https://apps/learning/course/course-v1:e+D+R/block-v1:e+D+R+type@sequential+block@s/").chapter
        'block-v1:e+D+R+type@sequential+block@s'
    """
    if not address:
        return Place(course)
    course = course_of_path(address) or course
    found = _COURSEWARE.search(plain(address.partition("?")[0]))
    if found and course:
        lesson = block_of(course, "sequential", found[2]) if found[2] else None
        return Place(course, block_of(course, "chapter", found[1]), lesson)
    path = address.partition("?")[0]
    subsection, unit = edx_block(path, "sequential"), edx_block(path, "vertical")
    return Place(course, edx_block(path, "chapter") or subsection, subsection or unit)


def request_name(path: str) -> str | None:
    """Returns what a request is: a page, a login, the end of a session; None where it stands behind something else.

    Example:
        >>> request_name("/courses/course-v1:edX+D+R/courseware/week1/intro/"), request_name("/logout")
        ('page_view', 'session_end')
        >>> request_name("/courses/course-v1:edX+D+R/xblock/b/handler/xmodule_handler/problem_check")
    """
    bare = plain(path.partition("?")[0])
    if _LEAVES.search(bare):
        return "session_end"
    if _ENTERS.search(bare):
        return "login"
    if _UNIT.fullmatch(bare):
        return "page_view"
    is_page = _PAGE.fullmatch(bare) and not _NO_PAGE.search(bare) and not _COURSE_ROOT.fullmatch(bare)
    return "page_view" if is_page else None


def is_of_studio(host: str | None) -> bool:
    """Says whether a request went to the server on which courses are written.

    Example:
        >>> is_of_studio("studio.example.org"), is_of_studio("courses.example.org"), is_of_studio(None)
        (True, False, False)
    """
    return bool(host) and str(host).lower().startswith(("studio.", "studio-", "cms."))
