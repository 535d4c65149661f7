"""Ids inside addresses: Open edX's keys of courses and blocks, Moodle's course and module numbers, people.

One course, video or quiz has one id, whether it comes in a tracking log, a statement or a Caliper event: these name it
by an address (`https://lms/xblock/block-v1:…`, `https://moodle/mod/quiz/view.php?id=7`) in which the id stands.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import unquote

_COURSE: Final = re.compile(r"(?:course-v1|ccx-v1):[^/?#&\"'\s]+")
_BLOCK: Final = re.compile(r"(?P<ccx>ccx-)?block-v1:(?P<course>[^/?#&\"'\s]+?)\+type@(?P<kind>[\w-]+)\+block@[\w.-]+")
_OLD_BLOCK: Final = re.compile(r"i4x://(?P<org>[^/?#\s]+)/(?P<course>[^/?#\s]+)/(?P<kind>[^/?#\s]+)/[^/?#&\s]+")
_OLD_COURSE: Final = re.compile(r"/courses/([^/?#:\s]+/[^/?#\s]+/[^/?#\s]+)(?=/|$|\?|#)")
_OLD_COURSE_ADDRESS: Final = re.compile(r"/course/([^/?#:\s]+/[^/?#\s]+/[^/?#\s]+)/?$")
_MOODLE_COURSE: Final = re.compile(r"/course/view\.php\?(?:.*&)?id=(\d+)")
_MOODLE_MODULE: Final = re.compile(r"/mod/\w+/\w+\.php\?(?:.*&)?(?:cmid|id)=(\d+)")
_PERSON: Final = re.compile(
    r"(?:/(?:users?|people|persons?|profiles?|accounts?)/|:(?:user|person):)([^/:?#]+)/?$", re.I
)
_ADDRESS: Final = re.compile(r"(?:mailto:)?[^@\s/:]+@[^@\s/:]+\.[^@\s/:]+", re.I)


def plain(text: str) -> str:
    """Returns an address without its escapes; a block of old courses may be escaped as Open edX does in its paths.

    Example:
        >>> plain("/xblock/i4x:;_;_edX;_Demo;_problem;_q1/handler/x"), plain("course-v1%3AedX%2BDemoX%2BRun")
        ('/xblock/i4x://edX/Demo/problem/q1/handler/x', 'course-v1:edX+DemoX+Run')
    """
    if ";_" in text:
        text = text.replace(";_", "/")
    return unquote(text) if "%" in text else text


def edx_course(text: str | None) -> str | None:
    """Returns the Open edX course that an address, a block or a key names.

    Example:
        >>> edx_course("http://lms/courses/course-v1:edX+DemoX+Run/courseware/a/b/")
        'course-v1:edX+DemoX+Run'
        >>> edx_course("block-v1:edX+DemoX+Run+type@problem+block@q1"), edx_course("http://lms/course/MITx/6.002x/2013")
        ('course-v1:edX+DemoX+Run', 'MITx/6.002x/2013')
    """
    if not text:
        return None
    text = plain(text)
    if found := _COURSE.search(text):
        return found[0]
    if found := _BLOCK.search(text):
        return f"{'ccx' if found['ccx'] else 'course'}-v1:{found['course']}"
    return found[1] if (found := _OLD_COURSE_ADDRESS.search(text)) else None


def course_of_path(path: str | None) -> str | None:
    """Returns the course of a path of Open edX itself, where `/courses/` is followed by keys of any age.

    Example:
        >>> course_of_path("/courses/MITx/6.002x/2013/info"), course_of_path("/dashboard")
        ('MITx/6.002x/2013', None)
    """
    if not path:
        return None
    found = edx_course(path)
    return found or (old[1] if (old := _OLD_COURSE.search(plain(path))) else None)


def edx_block(text: str | None, *kinds: str) -> str | None:
    """Returns the last block that an address names: any, or one of some kinds.

    Example:
        >>> edx_block("http://lms/xblock/block-v1:edX+DemoX+Run+type@video+block@v1"), edx_block("/x", "video")
        ('block-v1:edX+DemoX+Run+type@video+block@v1', None)
    """
    if not text or ("block-v1:" not in text and "i4x:" not in text and "%" not in text):
        return None
    text = plain(text)
    found = [match for form in (_BLOCK, _OLD_BLOCK) for match in form.finditer(text)]
    return next((match[0] for match in reversed(found) if not kinds or match["kind"] in kinds), None)


def block_of(course: str, kind: str, name: str) -> str:
    """Returns the key of a course's block whose name is all that is given.

    Example:
        >>> block_of("course-v1:edX+DemoX+Run", "video", "v1"), block_of("MITx/6.002x/2013", "chapter", "Week_1")
        ('block-v1:edX+DemoX+Run+type@video+block@v1', 'i4x://MITx/6.002x/chapter/Week_1')
    """
    if course.startswith("course-v1:"):
        return f"block-v1:{course.removeprefix('course-v1:')}+type@{kind}+block@{name}"
    if course.startswith("ccx-v1:"):
        return f"ccx-block-v1:{course.removeprefix('ccx-v1:')}+type@{kind}+block@{name}"
    return f"i4x://{course.rpartition('/')[0]}/{kind}/{name}"


def course_id(text: str | None) -> str | None:
    """Returns the course that an address stands for; an address of no known platform is its own id.

    Example:
        >>> course_id("https://moodle/course/view.php?id=5"), course_id("http://lms/course/course-v1:a+b+c")
        ('5', 'course-v1:a+b+c')
    """
    if not text:
        return None
    if found := _MOODLE_COURSE.search(text):
        return found[1]
    return edx_course(text) or text


def item_id(text: str | None) -> str | None:
    """Returns the item of a course that an address stands for.

    Example:
        >>> item_id("https://moodle/mod/quiz/view.php?id=7"), item_id("https://lms.example/pages/3")
        ('cm7', 'https://lms.example/pages/3')
    """
    if not text:
        return None
    if found := _MOODLE_MODULE.search(text):
        return f"cm{found[1]}"
    return edx_block(text) or text


def person_id(text: str | None) -> str | None:
    """Returns a person's pseudonym: the name at the end of a person's address, and never an e-mail address.

    Of an e-mail address it is the SHA-1 of `mailto:…`, as xAPI's own `mbox_sha1sum`, so that both say one person.

    Example:
        >>> person_id("https://example.edu/users/554433"), person_id("s1")
        ('554433', 's1')
        >>> person_id("mailto:ada@example.edu") == person_id("ada@example.edu") == sha1_of("mailto:ada@example.edu")
        True
    """
    if not text:
        return None
    if _ADDRESS.fullmatch(text):
        return sha1_of(text if text.lower().startswith("mailto:") else f"mailto:{text}")
    found = _PERSON.search(text)
    if found is None:
        return text
    return person_id(unquote(found[1]))


def sha1_of(text: str) -> str:
    """Returns the SHA-1 of a text in hexadecimal digits."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
