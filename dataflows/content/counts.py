"""Counts of a student's local day: clicks, pages, searches, scroll depths and interactions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from dataflows.content.columns import Events
from dataflows.content.marks import NONE
from dataflows.events.names import type_of
from dataflows.events.studied import Action
from dataflows.operators import packing
from dataflows.operators.calendar import Calendar
from dataflows.operators.dictionary import Dictionary
from dataflows.operators.frames import TextColumn
from dataflows.operators.keyed import KeyedTable
from dataflows.operators.latest import Latest
from dataflows.operators.ordering import order_of
from dataflows.operators.places import order_by_time
from dataflows.operators.segments import Bools, Ints, is_sorted
from dataflows.scores.engagement import is_interaction

_COMPACT_FROM: Final = 50_000
DAY_BITS: Final = 20
_DAY_MASK: Final = (1 << DAY_BITS) - 1
_COLUMNS: Final = ("clicks", "pages", "searches", "scrolls", "scroll_sum", "interactions")
_INTERACTIONS: Final = _COLUMNS.index("interactions")


class ClickDays:
    """The rows of `student_click_days` of one task.

    A day is closed, and forgotten, once the low watermark has passed its end by `reach_ms`: what comes later is late.
    The class is that of the day's last event that carries one.
    """

    def __init__(self, calendar: Calendar, reach_ms: int) -> None:
        """`reach_ms`: how long after its time an event still counts."""
        self._calendar, self._reach_ms = calendar, reach_ms
        self._classes: Dictionary[str | None] = Dictionary()
        self._days = KeyedTable((np.add,) * len(_COLUMNS), (0,) * len(_COLUMNS))
        self._class = Latest(1)

    def add(self, events: Events) -> None:
        """Takes events that are neither late nor repeated; `student` holds the task's codes."""
        if not len(events):
            return
        order = _by_student_day(events, day := day_of(events, self._calendar))
        key = (events.student << DAY_BITS | day)[order]
        self._days.add(key, tuple(column[order] for column in _amounts(events)))
        class_code = self._classes.codes([place.class_id for place in events.places])[events.location][order]
        named = np.flatnonzero(np.array([text is not None for text in self._classes.values], np.bool_)[class_code])
        order = order[named]
        self._class.add(key[named], events.event_ms[order], events.placed[order], class_code[named][:, None])

    def rows(self, low_ms: int, ids: list[str]) -> pl.DataFrame:
        """Returns the rows that changed since the last call, and forgets days that are closed.

        Args:
            low_ms: The lowest watermark of the task.
            ids: The task's student ids by code.
        """
        due = np.flatnonzero(self._days.dirty & (self._days.values[:, _INTERACTIONS] > 0))
        key, values = self._days.key[due], self._days.values[due]
        self._days.dirty[:] = False
        frame = pl.DataFrame(
            {
                "day": dates(key & _DAY_MASK),
                "student_id": pl.Series(ids, dtype=pl.String).gather(key >> DAY_BITS),
                "class_id": TextColumn(self._classes.values).take(self._class.get(key, NONE)[:, 0]),
                **{name: values[:, column] for column, name in enumerate(_COLUMNS)},
            }
        )
        for table in (self._days, self._class):
            table.keep(~closed(table.key & _DAY_MASK, low_ms, self._calendar, self._reach_ms))
        if len(self._classes) > max(_COMPACT_FROM, 2 * len(self._class.key)):
            self._compact()
        return frame

    def _compact(self) -> None:
        """Gives up classes that no open day speaks of."""
        used, code = np.unique(self._class.values[:, 0], return_inverse=True)
        self._class.values[:, 0] = code
        self._classes = Dictionary([self._classes.values[c] for c in used.tolist()])

    def state(self) -> dict[str, Any]:
        """Returns what a snapshot must hold."""
        return {"classes": list(self._classes.values), "days": self._days.state(), "class": self._class.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a snapshot's state."""
        self._classes = Dictionary(state["classes"])
        self._days.restore(state["days"])
        self._class.restore(state["class"])


def day_of(events: Events, calendar: Calendar) -> Ints:
    """Returns the local day of each event, days since 1970-01-01."""
    return calendar.day_of(packing.minute_of(events.event_ms))


def closed(day: Ints, low_ms: int, calendar: Calendar, reach_ms: int) -> Bools:
    """Returns which days no later event can be counted in."""
    days, at = np.unique(day, return_inverse=True)
    return np.array([low_ms >= calendar.end_ms(d) + reach_ms for d in days.tolist()], np.bool_)[at]


def dates(day: Ints) -> pl.Series:
    """Returns days since 1970-01-01 as dates."""
    return pl.Series(day, dtype=pl.Int64).cast(pl.Int32).cast(pl.Date)


def actions_that(events: Events, holds: list[bool]) -> Bools:
    """Returns of each event what `holds` says of its action."""
    return np.array(holds, np.bool_)[events.action]


def interactions(events: Events) -> Bools:
    """Returns which events are interactions."""
    return actions_that(events, [is_interaction(action.event_name, hidden=action.hidden) for action in events.actions])


def is_click(action: Action) -> bool:
    """Returns whether an action counts as a click: a button, or a name that nobody knows; a search is none.

    Example:
        >>> names = ("button_click", "badge_opened", "search", "page_view")
        >>> [is_click(Action("student", name, ping=False, hidden=False)) for name in names]
        [True, True, False, False]
    """
    return type_of(action.event_name) == "click" and action.event_name != "search"


def _amounts(events: Events) -> tuple[Ints, ...]:
    """Returns what each event adds to the columns; what is no interaction adds nothing."""
    acts = interactions(events)
    names = [action.event_name for action in events.actions]
    scroll = np.where(acts, events.scroll, NONE)
    counted = (
        acts & actions_that(events, [is_click(action) and not action.ping for action in events.actions]),
        acts & actions_that(events, [name == "page_view" for name in names]),
        acts & actions_that(events, [name == "search" for name in names]),
        scroll != NONE,
    )
    return (*(mask.astype(np.int64) for mask in counted), np.maximum(scroll, 0), acts.astype(np.int64))


def _by_student_day(events: Events, day: Ints) -> Ints:
    """Returns the order of events by (student, local day, time, place in the log)."""
    moment = packing.moment(events.student, events.event_ms, np.zeros(len(events), np.int64))
    order = order_by_time(moment, events.placed)
    key = (events.student << DAY_BITS | day)[order]
    # Where clocks go back over midnight, days do not follow time.
    return order if is_sorted(key) else order[order_of(key)]
