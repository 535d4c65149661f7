"""Chapter visits folded from the middle of a student's life."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from dataflows.content.sessions import fold_sessions
from dataflows.content.split_points import split_points_of
from tests.dataflows.content.marked import START, Event, View, explicit_of, marks_of
from tests.dataflows.content.test_visits import MEMBERS, RULES, event_lists, folded, lows, rows_of, view_lists


@settings(max_examples=400, deadline=None)
@given(event_lists, view_lists, lows)
def test_from_where_marks_may_be_cut_the_visits_are_those_of_the_whole(
    events: list[Event], views: list[View], low: int
) -> None:
    marks, explicit = marks_of(events), explicit_of([view for view in views if not view.alone])
    sessions = fold_sessions(marks, low + START, RULES)
    split_points = split_points_of(marks, sessions, explicit, MEMBERS, RULES)
    whole = rows_of(folded(events, views, low))
    for member, at in zip(split_points.member.tolist(), (split_points.at_ms - START).tolist(), strict=True):
        kept = rows_of(
            folded(
                [event for event in events if event.member == member and event.ms >= at],
                [view for view in views if view.member == member and view.start >= at],
                low,
            )
        )
        assert kept == [row for row in whole if row.member == member and row.start >= at]
    assert np.all(split_points.at_ms >= START)
