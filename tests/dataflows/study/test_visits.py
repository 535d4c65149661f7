"""Chapter visits: written-out cases, invariants, and an instant-by-instant telling of the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.study.marks import NONE, FoldRules
from dataflows.study.visits import Visits, fold_visits
from tests.dataflows.study.marked import START, Event, Row, View, explicit_of, marks_of, numbered, sessions_of
from tests.dataflows.study.told_visits import told_visits

RULES = FoldRules(gap_ms=30, end_grace_ms=3, longest_ms=10_000, idle_cap_ms=8, visit_cap_ms=45)
MEMBERS = 3

chapters = st.sampled_from((NONE, NONE, 1, 1, 2, 3))
instants = st.one_of(st.integers(0, 40), st.integers(0, 160))
codes = st.sampled_from((NONE, 1, 2))
kinds = st.sampled_from(("view", "click", "click", "start", "end", "idle", "hidden", "server"))
event_lists = st.lists(
    st.builds(
        Event,
        ms=instants,
        kind=kinds,
        chapter=chapters,
        member=st.integers(0, MEMBERS - 1),
        course=codes,
        klass=codes,
        scroll=st.sampled_from((NONE, 0, 500, 1000)),
    ),
    max_size=25,
).map(numbered)
view_lists = st.lists(
    st.builds(
        View,
        start=instants,
        end=st.one_of(st.none(), instants),
        chapter=st.integers(1, 3),
        member=st.integers(0, MEMBERS - 1),
        alone=st.sampled_from((False, False, False, True)),
        course=codes,
    ),
    max_size=8,
).map(lambda views: [replace(view, id=number) for number, view in enumerate(views, 1_001)])
lows = st.integers(-10, 200)


def folded(events: list[Event], views: list[View], low: int = 10_000) -> Visits:
    marks = marks_of(events)
    return fold_visits(marks, sessions_of(marks, RULES), explicit_of(views), low + START, RULES)


def rows_of(visits: Visits) -> list[Row]:
    columns = (
        visits.member,
        visits.start_ms - START,
        visits.lo,
        visits.end_ms - START,
        visits.spent_ms,
        visits.raw_ms,
        visits.chapter,
        visits.is_view,
        visits.course,
        visits.klass,
        visits.scroll,
    )
    return [Row(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def told(events: list[Event], views: list[View], low: int) -> list[Row]:
    marks = marks_of(events)
    ordered = sorted(events, key=lambda event: event.order)
    sessions = list(zip(ordered, sessions_of(marks, RULES).tolist(), strict=True))
    return [
        row
        for member in range(MEMBERS)
        for row in told_visits(
            [pair for pair in sessions if pair[0].member == member],
            sorted((view for view in views if view.member == member), key=lambda view: (view.start, view.id)),
            low,
            RULES,
        )
    ]


@settings(max_examples=600, deadline=None)
@given(event_lists, view_lists, lows)
def test_the_fold_says_what_is_told_instant_by_instant(events: list[Event], views: list[View], low: int) -> None:
    visits = folded(events, views, low)
    assert rows_of(visits) == told(events, views, low)
    assert (visits.capped == (visits.raw_ms > visits.spent_ms)).all()
