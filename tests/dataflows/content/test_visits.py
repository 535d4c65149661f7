"""Chapter visits: written-out cases, invariants, and an instant-by-instant telling of the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.content.marks import NONE, FoldRules
from dataflows.content.visits import Visits, fold_visits
from tests.dataflows.content.marked import START, Event, Row, View, explicit_of, marks_of, numbered, sessions_of
from tests.dataflows.content.reported_visits import reported_visits

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
        class_code=codes,
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
        visits.class_code,
        visits.scroll,
    )
    return [Row(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def reported(events: list[Event], views: list[View], low: int) -> list[Row]:
    marks = marks_of(events)
    ordered = sorted(events, key=lambda event: event.order)
    sessions = list(zip(ordered, sessions_of(marks, RULES).tolist(), strict=True))
    return [
        row
        for member in range(MEMBERS)
        for row in reported_visits(
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
    assert rows_of(visits) == reported(events, views, low)
    assert (visits.capped == (visits.raw_ms > visits.spent_ms)).all()


@settings(max_examples=300, deadline=None)
@given(event_lists, view_lists, lows)
def test_no_instant_counts_twice_and_none_counts_that_nobody_was_there(
    events: list[Event], views: list[View], low: int
) -> None:
    rows = rows_of(folded(events, views, low))
    assert all(0 <= row.spent <= row.raw for row in rows)
    # a visit that was never closed also has what the clickstream saw before it was opened
    known = rows + rows_of(folded(events, [], low))
    for member in range(MEMBERS):
        counted = sum(row.spent for row in rows if row.member == member and not _is_alone(row, views))
        covered = {instant for row in known if row.member == member for instant in range(row.start, row.end)}
        assert counted <= len(covered)


def _is_alone(row: Row, views: list[View]) -> bool:
    return any(view.id == row.id and view.alone for view in views)


@settings(deadline=None)
@given(event_lists, view_lists, lows, st.randoms())
def test_order_and_repeats_change_nothing(events: list[Event], views: list[View], low: int, random: Random) -> None:
    again, seen_again = events + events[::2], views + views[1::2]
    random.shuffle(again)
    random.shuffle(seen_again)
    assert rows_of(folded(again, seen_again, low)) == rows_of(folded(events, views, low))


@settings(deadline=None)
@given(event_lists, view_lists, lows)
def test_students_are_folded_together_as_each_alone(events: list[Event], views: list[View], low: int) -> None:
    alone = [
        row
        for member in range(MEMBERS)
        for row in rows_of(
            folded(
                [event for event in events if event.member == member],
                [view for view in views if view.member == member],
                low,
            )
        )
    ]
    assert rows_of(folded(events, views, low)) == alone


@settings(deadline=None)
@given(event_lists, view_lists, kinds, chapters, st.integers(0, 50))
def test_an_event_at_the_end_changes_no_visit_that_was_over_before_the_last_session(  # noqa: PLR0917
    events: list[Event], views: list[View], kind: str, chapter: int, later: int
) -> None:
    mine = [replace(event, member=0) for event in events]
    views = [replace(view, member=0) for view in views]
    if not mine:
        return
    marks = marks_of(mine)
    sessions = sessions_of(marks, RULES)
    # a mark at which the student was long gone already is of no session
    of_last = sessions == sessions.max() if (sessions >= 0).any() else sessions == -1
    last_session = int(marks.time_ms[of_last][0]) - START
    new = Event(max(event.ms for event in mine) + later, kind, chapter, id=999)
    over = [row for row in rows_of(folded(mine, views)) if row.end < last_session]
    assert set(over) <= set(rows_of(folded([*mine, new], views)))


def spent(events: list[Event], views: list[View] | None = None, low: int = 10_000) -> list[tuple[int, int, int]]:
    """Returns (chapter, counted, known) of each visit."""
    return [(row.chapter, row.spent, row.raw) for row in rows_of(folded(numbered(events), views or [], low))]


def test_time_runs_to_the_next_event_and_is_capped_where_that_is_long_in_coming() -> None:
    assert spent([Event(0, "view", 1), Event(5), Event(20), Event(22, "view", 2), Event(24, "end")]) == [
        (1, 5 + 8 + 2, 22),
        (2, 2, 2),
    ]


def test_a_page_outside_leaves_the_chapter_and_a_click_without_one_stays_in_it() -> None:
    assert spent(
        [Event(0, "view", 1), Event(3), Event(6, "view"), Event(9), Event(12, "view", 1), Event(13, "end")]
    ) == [
        (1, 6, 6),
        (1, 1, 1),
    ]


def test_a_last_event_counts_the_cap_once_the_watermark_has_passed_it() -> None:
    events = [Event(0, "view", 1), Event(4)]
    assert spent(events, low=11) == [(1, 4, 4)]
    assert spent(events, low=12) == [(1, 12, 12)]
    # and so does one whose successor is of another session
    assert spent([*events, Event(34, "view")], low=0) == [(1, 12, 12)]


def test_nothing_is_inferred_after_a_session_end_nor_after_stragglers_within_its_grace() -> None:
    assert spent([Event(0, "view", 1), Event(4, "end", 1), Event(6, "click", 1)]) == [(1, 4, 4)]
    assert spent([Event(0, "view", 1), Event(4, "end"), Event(8, "view", 1)]) == [(1, 4, 4), (1, 8, 8)]


def test_time_away_is_known_and_does_not_count() -> None:
    assert spent([Event(0, "view", 1), Event(4, "idle"), Event(16, "hidden", 1), Event(20), Event(21, "end")]) == [
        (1, 4 + 1, 21)
    ]
    assert spent([Event(0, "view", 1), Event(4, "idle")]) == [(1, 4, 4)]


def test_a_hidden_tab_takes_nothing_from_the_tab_in_front() -> None:
    tabs = [Event(0, "view", 1), Event(4, "view", 2), Event(5, "hidden", 1), Event(9), Event(10, "end")]
    assert spent(tabs) == [(1, 4, 4), (2, 6, 6)]
    explicit = [View(0, 20, 1, id=1_001), View(4, 10, 2, id=1_002)]
    # the tab behind comes to the front at 10, and nothing says that it is seen
    assert spent([Event(5, "hidden", 1), Event(15, "click", 1)], explicit) == [(1, 4 + 5, 14), (2, 6, 6)]


def test_what_servers_do_says_nothing_about_a_student() -> None:
    assert spent([Event(0, "view", 1), Event(3, "server", 2), Event(6, "end"), Event(25, "server", 1)]) == [(1, 6, 6)]


def test_an_explicit_end_counts_as_given_up_to_its_own_cap() -> None:
    assert spent([], [View(0, 40, 1), View(60, 160, 2, id=1)]) == [(1, 40, 40), (2, 45, 100)]
    assert spent([], [View(10, 5, 1)]) == [(1, 0, 0)]


def test_an_overlap_belongs_to_the_visit_that_started_last() -> None:
    views = [View(0, 40, 1, id=1), View(10, 20, 2, id=2), View(15, 18, 3, id=3), View(15, 30, 1, id=4)]
    assert spent([], views) == [(1, 20, 20), (2, 5, 5), (3, 0, 0), (1, 15, 15)]


def test_explicit_visits_win_over_those_of_the_clickstream() -> None:
    events = [Event(0, "view", 1, scroll=500, class_code=2), Event(6, "view", 2), Event(12, "end")]
    assert spent(events, [View(2, 9, 1)]) == [(1, 7, 7), (2, 3, 3)]
    row = rows_of(folded(numbered(events), [View(2, 9, 1)]))[0]
    assert (row.is_view, row.scroll, row.class_code) == (True, 500, 2)


def test_a_visit_that_was_opened_and_not_closed_lasts_as_the_clickstream_tells() -> None:
    view = [View(1, None, 1, id=1_001)]
    assert spent([Event(0, "view", 1), Event(5), Event(10), Event(14, "end")], view) == [(1, 14, 14)]
    assert spent([], view, low=8) == [(1, 0, 0)]
    assert spent([], view, low=9) == [(1, 8, 8)]
    assert spent([Event(4, "view", 2), Event(5, "end")], view) == [(1, 3, 3), (2, 1, 1)]


def test_a_visit_that_came_too_late_takes_nothing_and_gives_nothing() -> None:
    events = [Event(0, "view", 1), Event(4, "idle"), Event(10, "end")]
    assert spent(events, [View(0, 9, 1, id=1_001, alone=True)]) == [(1, 4, 10), (1, 9, 9)]


def test_deep_nesting_is_unravelled() -> None:
    views = [View(start, 200 - start, start % 3 + 1, id=start) for start in range(100)]
    assert [row.spent for row in rows_of(folded([], views))] == [
        sum(
            1
            for instant in range(start, min(200 - start, start + 45))
            if not any(other <= instant < min(200 - other, other + 45) for other in range(start + 1, 100))
        )
        for start in range(100)
    ]
