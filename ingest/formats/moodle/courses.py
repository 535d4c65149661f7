"""Which course a row of Moodle's log is of: one course, whether it is named by id, by title or by an older title."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

Row = dict[str, str]

# "course with id '5'", "course with the id '5'", "course id '5'", "at course: 5": Moodle's plugins word it differently
_COURSE: Final = re.compile(r"\bcourse(?: with)?(?: the)? id '(\d+)'|\bat course: (\d+)")
_MODULE: Final = re.compile(r"\bcourse module (?:with )?(?:the )?id '(\d+)'")
_SITE: Final = "1"
"""The front page, which Moodle keeps as a course."""
_PREFIXES: Final = frozenset({"course", "kurs", "cours", "curso", "corso", "cursus", "curs"})


class Courses:
    """Ids by title and by module, learnt from all rows of a log."""

    def __init__(self, given: str | None = None) -> None:
        """Knows nothing yet.

        Args:
            given: The course of rows that name none by id.
        """
        self._given = given
        self._ids: Counter[str] = Counter()
        self._titles: dict[str, set[str]] = {}
        self._modules: dict[str, set[str]] = {}
        self._prefixes: set[str] = set(_PREFIXES)

    def learn(self, row: Row) -> None:
        """Learns from a row that says the id of its course."""
        course, module = _id_in(row), module_of(row)
        if course is None:
            return
        self._ids[course] += 1
        prefix, title = _split(row.get("event context", ""))
        if module:
            self._modules.setdefault(module, set()).add(course)
        elif title and (prefix in self._prefixes or "viewed the course with id '" in row.get("description", "")):
            self._prefixes.add(prefix)
            self._titles.setdefault(title, set()).add(course)

    def of(self, row: Row) -> str | None:
        """Returns the course of a row; its title where no row of the log says an id, None where it has none."""
        if (course := _id_in(row)) is not None:
            return course
        prefix, title = _split(row.get("event context", ""))
        if title and prefix in self._prefixes:
            return _only(self._titles.get(title)) or self._given or self._single() or title
        if module := module_of(row):
            return _only(self._modules.get(module)) or self._given or self._single()
        return None

    def _single(self) -> str | None:
        """Returns the course of a log of one course; whatever it is called, then, it is that one."""
        return _only(set(self._ids) - {_SITE} or set(self._ids))


def module_of(row: Row) -> str | None:
    """Returns the id of a row's course module."""
    if "cmid" in row:
        return row["cmid"].strip() or None
    match = _MODULE.search(row.get("description", ""))
    return match[1] if match else None


def _id_in(row: Row) -> str | None:
    match = _COURSE.search(row.get("description", ""))
    return (match[1] or match[2]) if match else None


def _split(context: str) -> tuple[str, str]:
    prefix, _colon, title = context.partition(":")
    return prefix.strip().lower(), title.strip()


def _only(found: set[str] | None) -> str | None:
    return next(iter(found)) if found and len(found) == 1 else None
