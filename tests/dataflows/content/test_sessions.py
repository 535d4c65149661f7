"""Sessions folded from marks written by hand."""

from __future__ import annotations

import numpy as np

from dataflows.content.marks import FoldRules
from dataflows.content.sessions import Sessions, fold_sessions
from dataflows.operators.session import NO_TIME
from tests.dataflows.content.marked import START, Event, marks_of, numbered

MINUTE = 60_000
HOUR = 60 * MINUTE
RULES = FoldRules()


def folded(*events: Event, low: int = 10**9) -> Sessions:
    return fold_sessions(marks_of(numbered(list(events))), START + low, RULES)


def spans(sessions: Sessions) -> list[tuple[int, int]]:
    return [(int(a - START), int(b - START)) for a, b in zip(sessions.start_ms, sessions.end_ms, strict=True)]


def test_a_gap_of_thirty_minutes_ends_a_session_and_one_millisecond_less_does_not() -> None:
    assert spans(folded(Event(0), Event(30 * MINUTE - 1), Event(60 * MINUTE - 1))) == [
        (0, 30 * MINUTE - 1),
        (60 * MINUTE - 1, 60 * MINUTE - 1),
    ]


def test_an_explicit_end_closes_a_session_and_lengthens_it() -> None:
    assert spans(folded(Event(0), Event(MINUTE, "end"), Event(2 * MINUTE))) == [(0, MINUTE), (2 * MINUTE, 2 * MINUTE)]


def test_an_explicit_end_after_the_gap_closes_nothing() -> None:
    sessions = folded(Event(0), Event(30 * MINUTE, "end"))
    assert spans(sessions) == [(0, 0)]
    assert sessions.close_ms.tolist() == [NO_TIME]
    assert sessions.of.tolist() == [0, -1]


def test_what_comes_within_the_grace_belongs_to_the_session_that_was_ended() -> None:
    assert spans(folded(Event(0), Event(1_000, "end"), Event(6_000), Event(6_001))) == [(0, 6_000), (6_001, 6_001)]


def test_several_starts_at_one_instant_open_one_session() -> None:
    sessions = folded(Event(-MINUTE), Event(0, "start"), Event(0, "start"), Event(0))
    assert spans(sessions) == [(-MINUTE, -MINUTE), (0, 0)]
    assert sessions.events.tolist() == [1, 3]


def test_a_session_is_cut_after_a_day_and_again_after_the_next() -> None:
    day = 24 * HOUR
    events = [Event(at) for at in range(0, 2 * day + HOUR, 20 * MINUTE)]
    assert spans(folded(*events)) == [
        (0, day - 20 * MINUTE),
        (day, 2 * day - 20 * MINUTE),
        (2 * day, 2 * day + 40 * MINUTE),
    ]


def test_idle_hidden_and_server_events_neither_lengthen_a_session_nor_count() -> None:
    sessions = folded(Event(0, "view"), Event(MINUTE, "hidden"), Event(2 * MINUTE, "idle"), Event(3 * MINUTE, "server"))
    assert spans(sessions) == [(0, 0)]
    assert sessions.of.tolist() == [0, 0, 0, 0]
    assert (sessions.events.tolist(), sessions.is_bounce.tolist()) == ([1], [True])


def test_a_bounce_is_one_page_view_and_nothing_else_but_arriving() -> None:
    arriving = folded(Event(0, "start"), Event(1, "view"))
    clicking = folded(Event(0, "view"), Event(1))
    twice = folded(Event(0, "view"), Event(1, "view"))
    assert [s.is_bounce.tolist() for s in (arriving, clicking, twice)] == [[True], [False], [False]]


def test_a_session_is_open_until_its_gap_has_passed_or_its_end_is_certain() -> None:
    def is_open(low: int, *events: Event) -> list[bool]:
        found: list[bool] = folded(*events, low=low).is_open.tolist()
        return found

    assert is_open(30 * MINUTE - 1, Event(0)) == [True]
    assert is_open(30 * MINUTE, Event(0)) == [False]
    ended = (Event(0), Event(MINUTE, "end"))
    assert is_open(MINUTE + 4_999, *ended) == [True]
    assert is_open(MINUTE + 5_000, *ended) == [False]
    assert is_open(MINUTE, Event(0), Event(31 * MINUTE)) == [False, True]


def test_a_class_is_the_last_that_is_named() -> None:
    sessions = folded(Event(0, class_code=3), Event(1, class_code=4), Event(2))
    assert sessions.class_code.tolist() == [4]


def test_students_do_not_touch_each_other() -> None:
    sessions = folded(
        Event(0, member=0), Event(MINUTE, "end", member=0), Event(2 * MINUTE, member=1), Event(HOUR, member=2)
    )
    assert sessions.member.tolist() == [0, 1, 2]
    assert sessions.close_ms.tolist() == [START + MINUTE, NO_TIME, NO_TIME]


def test_without_marks_there_are_no_sessions() -> None:
    sessions = folded()
    assert len(sessions) == 0
    assert sessions.of.dtype == np.int64
