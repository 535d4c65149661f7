"""A declared flow, through decode, time, repeats, windows and rows: driven record by record, without servers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dataflows.claim import RefusedError
from dataflows.engagement import flow as engagement
from dataflows.operators.aggregates import Count, Distinct, Last, Max, Min, Sum, TopK
from dataflows.operators.flow import WindowedFlow
from dataflows.operators.join import AsOf, Join
from dataflows.operators.timers import Timers
from dataflows.operators.windows import Hopping, Session, Sliding, Tumbling
from dataflows.testing import Driver

AT = 1_788_249_600_000  # 2026-09-01 08:00 UTC


def search(after_s: float, student: str = "ann", school_class: str | None = "7A", **more: Any) -> dict[str, Any]:
    event = {"event_name": "search", "timestamp": AT + int(after_s * 1000), "student_id": student, **more}
    return event if school_class is None else event | {"class_id": school_class}


def searches(**changes: Any) -> WindowedFlow:
    given: dict[str, Any] = {
        "name": "searches",
        "topic": "clickstream_events",
        "filters": {"event_name": "search"},
        "key": ("class_id",),
        "window": Tumbling(600),
        "aggregates": {"searches": Count(), "students": Distinct("student_id")},
        "table": "class_searches",
    }
    return WindowedFlow(**(given | changes))


def counted(driver: Driver) -> list[tuple[Any, ...]]:
    return [
        (row["window_start"].strftime("%H:%M"), row["class_id"], row["searches"], row["students"])
        for row in driver.rows("class_searches")
    ]


def test_searches_are_counted_by_class_and_ten_minutes() -> None:
    driver = Driver(searches())
    driver.send([search(0), search(599, "bob"), search(599.5, "bob"), search(600), search(10, school_class="7B")])
    assert counted(driver) == [("08:00", "7A", 3, 2), ("08:00", "7B", 1, 1), ("08:10", "7A", 1, 1)]


def test_only_what_is_filtered_counts_and_only_students() -> None:
    driver = Driver(searches())
    driver.send(
        [
            search(0),
            search(1) | {"event_name": "page_view"},
            search(2, role="teacher"),
            search(3, school_class=None),
            {"nonsense": 1, "timestamp": AT},
        ]
    )
    assert counted(driver) == [("08:00", "7A", 1, 1)]
    everybody = Driver(searches(role=None))
    everybody.send([search(0), search(2, "tea", role="teacher")])
    assert counted(everybody) == [("08:00", "7A", 2, 2)]


def test_an_event_is_late_when_the_watermark_has_passed_its_window_and_the_lateness() -> None:
    driver = Driver(searches())
    driver.send([search(0), search(659), search(599, "bob"), search(660), search(598, "cid"), search(661)])
    assert counted(driver)[0] == ("08:00", "7A", 2, 2)


def test_a_repeat_counts_once_whoever_sent_its_id_first() -> None:
    one = "00000000-0000-4000-8000-000000000001"
    two = "00000000-0000-4000-8000-000000000002"
    driver = Driver(searches())
    teacher = search(2, "tea", event_id=two, role="teacher")
    driver.send([search(0, event_id=one), search(1, event_id=one), teacher, search(3, "bob", event_id=two)], batch=1)
    assert counted(driver) == [("08:00", "7A", 1, 1)]


def test_ticks_move_time_and_final_windows_are_written_once() -> None:
    driver = Driver(searches(only_final=True))
    driver.send([search(0), search(500, "bob")])
    driver.tick(AT + 659_999)
    assert counted(driver) == []
    driver.tick(AT + 660_000)
    assert counted(driver) == [("08:00", "7A", 2, 2)]


def test_sessions_that_an_event_joins_become_one_row() -> None:
    flow = searches(
        key=("student_id",),
        window=Session(60),
        aggregates={"searches": Count(), "page": Last("page_url"), "pages": TopK("page_url", 2)},
    )
    driver = Driver(flow)
    driver.send([search(0, page_url="/a"), search(100, page_url="/b")])
    assert [row["searches"] for row in driver.rows("class_searches")] == [1, 1]
    driver.restart()
    driver.send([search(50, page_url="/a")])
    [row] = driver.rows("class_searches")
    assert (row["searches"], row["page"], row["pages"]) == (3, "/b", '[["/a",2],["/b",1]]')
    assert (row["window_end"] - row["window_start"]).total_seconds() == 100


def test_numbers_and_texts_of_metadata_are_read() -> None:
    flow = WindowedFlow(
        name="points",
        topic="module_quiz_events",
        key=("student_id", "metadata.module"),
        window=Hopping(size_s=120, hop_s=60),
        aggregates={"all": Sum("score"), "worst": Min("score"), "best": Max("score"), "newest": Last("score")},
        table="quiz_points",
    )
    driver = Driver(flow)
    quiz = {"user_id": "ann", "student_id": None, "module": "dsa", "domain": "cs", "course": "c"}
    driver.send(
        [
            {**quiz, "score": 80.5, "timestamp": AT},
            {**quiz, "score": 70, "timestamp": AT + 61_000},
            {**quiz, "timestamp": AT + 62_000},
        ]
    )
    rows = [
        (r["window_start"].strftime("%H:%M"), r["all"], r["worst"], r["best"], r["newest"])
        for r in driver.rows("quiz_points")
    ]
    assert rows == [
        ("07:59", 80.5, 80.5, 80.5, 80.5),
        ("08:00", 150.5, 70.0, 80.5, 70.0),
        ("08:01", 70.0, 70.0, 70.0, 70.0),
    ]
    assert {row["module"] for row in driver.rows("quiz_points")} == {"dsa"}


def test_a_class_is_looked_up_as_of_the_events_time() -> None:
    join = Join("enrolments", on="student_id", take={"home_class": "class_id"}, since="enrolled_at", until="left_at")
    flow = searches(key=("home_class",), join=join)
    rows: list[dict[str, Any]] = [
        {"student_id": "ann", "class_id": "7A", "enrolled_at": None, "left_at": AT + 300_000},
        {"student_id": "ann", "class_id": "7B", "enrolled_at": AT + 300_000, "left_at": None},
    ]
    driver = Driver(flow, joined={"enrolments": rows})
    driver.send([search(299, school_class=None), search(300, school_class=None), search(301, "bob", None)])
    assert [(r["home_class"], r["searches"]) for r in driver.rows("class_searches")] == [("7A", 1), ("7B", 1)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Searches"}, "no name of a flow"),
        ({"table": "a b"}, "no name of a table"),
        ({"topic": "somewhere"}, "no topic"),
        ({"aggregates": {}}, "needs an aggregate"),
        ({"aggregates": {"task": Count()}}, "cannot name an aggregate"),
        ({"key": ("classroom",)}, "no text column"),
        ({"key": ("class_id", "grade", "course_id", "chapter_id")}, "at most 3"),
        ({"aggregates": {"pages": Distinct("page_url")}}, "cannot be added up over tasks"),
        ({"window": Session(60)}, "needs student_id in the key"),
        ({"window": Sliding(60)}, "needs student_id in the key"),
        ({"filters": {"metadata.$x": "1"}}, "no name of a column"),
        (
            {"key": ("student_id",), "aggregates": {"a": Sum("metadata.n"), "b": Distinct("metadata.n")}},
            "a number by one aggregate and as a text",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_in_words(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        searches(**changes)


def test_a_snapshot_of_another_declaration_is_refused_with_what_to_do() -> None:
    driver = Driver(searches())
    driver.send([search(0)])
    driver.flow = searches(window=Tumbling(60))
    with pytest.raises(RefusedError, match="classpulse rebuild searches"):
        driver.restart()


WINDOWS = {
    "tumbling": Tumbling(600),
    "hopping": Hopping(size_s=600, hop_s=300),
    "sliding": Sliding(300),
    "session": Session(120),
}


@pytest.mark.parametrize("window", WINDOWS)
@hypothesis_settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1 << 32), size=st.integers(1, 60))
def test_batches_crashes_and_when_rows_are_written_change_nothing(window: str, seed: int, size: int) -> None:
    flow = searches(
        key=("student_id", "class_id"),
        window=WINDOWS[window],
        aggregates={
            "searches": Count(),
            "pages": Distinct("page_url"),
            "last": Last("page_url"),
            "top": TopK("page_url"),
        },
    )
    draw = random.Random(seed)
    log = [
        search(
            draw.randrange(-400, 100) + place * 20,
            draw.choice(["ann", "bob"]),
            draw.choice(["7A", "7B"]),
            page_url=draw.choice(["/a", "/b", "/c"]),
            event_id=f"00000000-0000-4000-8000-{draw.randrange(60):012d}",
            append_ms=AT + place * 20_000,
        )
        for place in range(70)
    ]
    whole, cut = Driver(flow), Driver(flow)
    whole.send(log)
    for first in range(0, len(log), size):
        cut.send(log[first : first + size], writes=draw.random() < 0.6)
        if draw.random() < 0.3:
            cut.restart()
    cut.tick(log[-1]["append_ms"] - 1_000_000)
    assert cut.rows("class_searches") == whole.rows("class_searches")
    assert len(whole.rows("class_searches")) > 1


def test_the_driver_plays_the_built_in_flows_too() -> None:
    driver = Driver(engagement)
    driver.send([search(0), search(30, "bob")])
    rows = {
        row["scope_id"]: row["active_students"] for row in driver.rows("activity_windows") if row["scope"] == "class"
    }
    assert rows == {"7A": 2}


history = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.one_of(st.none(), st.integers(0, 9)),
    st.one_of(st.none(), st.integers(0, 12)),
    st.sampled_from("xyz"),
)


@hypothesis_settings(deadline=None, max_examples=200)
@given(
    st.lists(history, max_size=8),
    st.lists(st.tuples(st.sampled_from(["ann", "bob", "cid"]), st.integers(0, 12)), max_size=8),
)
def test_a_table_is_joined_as_of_time_as_a_loop_over_its_rows_would(
    rows: list[Any], queried: list[tuple[str, int]]
) -> None:
    from dataflows.operators.columns import Columns

    table = AsOf(["value"], [(key, since, until, (value,)) for key, since, until, value in rows])
    joined = table.join(Columns.of([{"t": t, "who": who} for who, t in queried], texts=["who"]), "who").texts["value"]
    expected = []
    for who, t in queried:
        holding = [
            (-1 if since is None else since, place, value)
            for place, (key, since, until, value) in enumerate(rows)
            if key == who and (since is None or since <= t) and (until is None or t < until)
        ]
        expected.append(max(holding)[2] if holding else None)
    assert [joined.values[code] for code in joined.codes.tolist()] == expected


actions = st.lists(
    st.tuples(st.sampled_from(["set", "later", "cancel", "fire"]), st.integers(0, 3), st.integers(0, 20)), max_size=30
)


@hypothesis_settings(deadline=None, max_examples=200)
@given(actions)
def test_timers_fire_once_at_their_time_in_order(actions: list[tuple[str, int, int]]) -> None:
    timers, plain = Timers(), dict[int, int]()
    for what, key, at in actions:
        one, when = np.array([key]), np.array([at])
        if what in ("set", "later"):
            timers.set(one, when, later_only=what == "later")
            plain[key] = max(at, plain.get(key, at)) if what == "later" else at
        elif what == "cancel":
            timers.cancel(one)
            plain.pop(key, None)
        else:
            fired = sorted((due, k) for k, due in plain.items() if due <= at)
            keys, times = timers.fire(at)
            assert list(zip(times.tolist(), keys.tolist(), strict=True)) == fired
            plain = {k: due for k, due in plain.items() if due > at}
        again = Timers()
        again.restore(timers.state())
        timers = again
    assert len(timers) == len(plain)
