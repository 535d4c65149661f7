"""Counts of a page's local day: views, distinct students, and how far down people scrolled."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import numpy as np
import polars as pl

from dataflows.content.columns import Events
from dataflows.content.counts import actions_that, closed, dates, day_of, interactions
from dataflows.content.marks import NONE
from dataflows.operators import packing
from dataflows.operators.admission import Admission
from dataflows.operators.calendar import Calendar
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.segments import Ints, found_in, merge_sorted, unique_sorted

LONGEST_URL: Final = 512
"""Longer addresses are cut: they are part of a key, and an index holds no more than 2,700 bytes."""

OTHER: Final = "~other"
"""The address of pages beyond the first `MOST` of a day."""
MOST: Final = 50_000
"""Different pages that a task counts apart in one day of one topic."""

_PAGE_BITS: Final = 36
_PAGE_MASK: Final = (1 << _PAGE_BITS) - 1
_FIRST_DAY: Final = 10_956  # 1999-12-31: days count from there, in 17 bits
_TENS: Final = 10
_COLUMNS: Final = ("views", "students", "scrolls", *(f"s{ten}" for ten in range(_TENS)))
_LEFT_ALONE: Final[tuple[Ints | None, ...]] = (None,) * len(_COLUMNS)
_COMPACT_FROM: Final = 50_000
_HELD: Final = 500_000


def page_of(url: str) -> str:
    """Returns the page that an address names: without its query, which makes a page of every search and every session.

    Example:
        >>> page_of("/courses/math-7?session=4711"), page_of("https://lms.example/#/inbox?tab=2"), page_of("?tab=2")
        ('/courses/math-7', 'https://lms.example/#/inbox', '/')
    """
    return (url.partition("?")[0] or "/")[:LONGEST_URL]


PAGE_SQL: Final[LiteralString] = "left(coalesce(nullif(split_part(page_url, '?', 1), ''), '/'), 512)"
"""`page_of` of an event of the archive, in SQL."""


class PageDays:
    """The rows of `page_days` of one task.

    An event counts for its page where it is a page view or brings a scroll depth. The students of a page and day are
    a set of packed (day, page, student), kept until the day is closed; new ones wait in a list until rows are due.
    Of each topic, the first `MOST` pages of a day are counted apart, whatever comes after them as one, `OTHER`.
    """

    def __init__(self, task: int, calendar: Calendar, reach_ms: int) -> None:
        """`reach_ms`: how long after its time an event still counts."""
        self._task, self._calendar, self._reach_ms = task, calendar, reach_ms
        self._urls: Dictionary[str] = Dictionary()
        self._days = KeyedTable((np.add,) * len(_COLUMNS), (0,) * len(_COLUMNS))
        self._students: packing.Wide = np.empty(0, np.complex128)
        self._waiting: list[packing.Wide] = []
        self._held = 0
        self._admission = Admission(MOST)

    def add(self, topic: str, events: Events) -> None:
        """Takes events of a topic that are neither late nor repeated; `student` holds the task's codes."""
        if not len(events):
            return
        acts = interactions(events) & np.array([page is not None for page in events.pages], np.bool_)[events.page]
        scroll = np.where(acts, events.scroll, NONE)
        view = acts & actions_that(events, [action.event_name == "page_view" for action in events.actions])
        at = np.flatnonzero(view | (scroll != NONE))
        if not len(at):
            return
        day, page = day_of(events, self._calendar)[at] - _FIRST_DAY, self._codes(events, at)
        fits = self._admission.admit(topic, day, page, at)
        if not fits.all():
            page = np.where(fits, page, self._urls.code(OTHER))
        key = day << _PAGE_BITS | page
        self._count(key, view[at], scroll[at])
        self._wait(unique_sorted(packing.wide(key, events.student[at])))

    def _codes(self, events: Events, at: Ints) -> Ints:
        used, nth = np.unique(events.page[at], return_inverse=True)
        return self._urls.codes([page_of(events.pages[page] or "") for page in used.tolist()])[nth]

    def _count(self, key: Ints, view: Any, scroll: Ints) -> None:  # noqa: ANN401
        ones = np.ones(len(key), np.int64)
        self._days.add(key[view], (ones[view], *_LEFT_ALONE[1:]))
        scrolls = scroll != NONE
        ten = np.minimum(scroll[scrolls] // 100, _TENS - 1)
        tens = ((ten == k).astype(np.int64) for k in range(_TENS))
        self._days.add(key[scrolls], (None, None, ones[scrolls], *tens))

    def _wait(self, keys: packing.Wide) -> None:
        self._waiting.append(keys)
        self._held += len(keys)
        if self._held > _HELD:
            self._count_students()

    def _count_students(self) -> None:
        keys = unique_sorted(np.concatenate([np.empty(0, np.complex128), *self._waiting]))
        self._waiting, self._held = [], 0
        new = keys[~found_in(keys, self._students)[0]]
        self._students = merge_sorted(self._students, new)
        self._days.add(packing.first_word(new), (None, np.ones(len(new), np.int64), *_LEFT_ALONE[2:]))

    def rows(self, low_ms: int) -> pl.DataFrame:
        """Returns the rows that changed since the last call, and forgets days that are closed.

        Args:
            low_ms: The lowest watermark of the task.
        """
        self._count_students()
        due = np.flatnonzero(self._days.dirty)
        key, values = self._days.key[due], self._days.values[due]
        self._days.dirty[:] = False
        urls = [self._urls.values[code] for code in (key & _PAGE_MASK).tolist()]
        frame = pl.DataFrame(
            {
                "day": dates((key >> _PAGE_BITS) + _FIRST_DAY),
                "page_url": pl.Series(urls, dtype=pl.String),
                "task": np.full(len(key), self._task, np.int64),
                **{name: values[:, column] for column, name in enumerate(_COLUMNS)},
            }
        )
        self._forget(low_ms)
        return frame

    def _forget(self, low_ms: int) -> None:
        day = (self._days.key >> _PAGE_BITS) + _FIRST_DAY
        self._days.keep(~closed(day, low_ms, self._calendar, self._reach_ms))
        day = (packing.first_word(self._students) >> _PAGE_BITS) + _FIRST_DAY
        self._students = self._students[~closed(day, low_ms, self._calendar, self._reach_ms)]
        self._admission.keep(lambda day: ~closed(day + _FIRST_DAY, low_ms, self._calendar, self._reach_ms))
        if len(self._urls) > max(_COMPACT_FROM, 3 * len(self._days.key)):
            self._compact()

    def _compact(self) -> None:
        """Gives up addresses that no open day speaks of. Codes keep their order, so the keys stay sorted."""
        used = np.union1d(self._days.key & _PAGE_MASK, self._admission.members())
        code = np.zeros(len(self._urls), np.int64)
        code[used] = np.arange(len(used))
        self._days.key = self._days.key & ~_PAGE_MASK | code[self._days.key & _PAGE_MASK]
        key = packing.first_word(self._students)
        key = key & ~_PAGE_MASK | code[key & _PAGE_MASK]
        self._students = packing.wide(key, packing.second_word(self._students))
        self._admission.renumber(code)
        self._urls = Dictionary([self._urls.values[c] for c in used.tolist()])

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        self._count_students()
        return {
            "urls": list(self._urls.values),
            "days": self._days.state(),
            "students": self._students,
            "admission": self._admission.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._urls = Dictionary(state["urls"])
        self._days.restore(state["days"])
        self._students = state["students"].copy()
        self._admission.restore(state["admission"])
