"""Every window with every aggregate against plain Python: in any batches, any order, forgetting what is settled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.operators import snapshot, windows
from dataflows.operators.aggregates import Count, Distinct, Last, Max, Min, Sum, TopK
from dataflows.operators.columns import Columns
from dataflows.operators.event_windows import EventWindows
from dataflows.operators.panes import PaneWindows
from dataflows.operators.results import Results
from dataflows.operators.windows import Hopping, Session, Sliding, Tumbling, Window
from tests.dataflows.operators.window_oracle import Event, Rows, expect

KINDS: dict[str, Window] = {
    "tumbling": Tumbling(3),
    "hopping": Hopping(size_s=6, hop_s=2),
    "sliding": Sliding(3),
    "session": Session(2),
}
LENGTHS = {"tumbling": (3,), "hopping": (6, 2), "sliding": (3,), "session": (2,)}
WANTED = {
    "n": ("count", ""),
    "points": ("sum", "score"),
    "worst": ("min", "score"),
    "best": ("max", "score"),
    "people": ("distinct", "who"),
    "page": ("last", "page"),
    "newest": ("last", "score"),
    "pages": ("top", "page"),
}
AGGREGATES = {
    "n": Count(),
    "points": Sum("score"),
    "worst": Min("score"),
    "best": Max("score"),
    "people": Distinct("who"),
    "page": Last("page"),
    "newest": Last("score"),
    "pages": TopK("page"),
}
LATENESS_MS = 1500
BASE = 1_760_000_000_000

event = st.fixed_dictionaries(
    {
        "t": st.integers(0, 14_000).map(lambda ms: BASE + ms // 250 * 250),
        "class": st.sampled_from(["7A", "7B", None]),
        "room": st.sampled_from(["r1", "r2"]),
        "who": st.sampled_from(["ann", "bob", "cid", None]),
        "page": st.sampled_from(["/a", "/b", "/c", None]),
        "score": st.one_of(st.none(), st.integers(-4000, 4000).map(lambda n: n / 8)),
    }
)
logs = st.lists(event, max_size=40)
split_points = st.lists(st.integers(1, 9), max_size=12)
ALL = pytest.mark.parametrize("kind", KINDS)


def made(kind: str, key: tuple[str, ...], *, only_final: bool = False, lateness_ms: int = LATENESS_MS) -> Any:
    operator = EventWindows if kind in ("sliding", "session") else PaneWindows
    return operator(KINDS[kind], key, AGGREGATES, lateness_ms=lateness_ms, only_final=only_final)  # type: ignore[arg-type]


def columns(events: list[Event], first: int) -> Columns:
    found = Columns.of(events, texts=["class", "room", "who", "page"], numbers=["score"])
    found.placed = found.placed + first
    return found


class Kept:
    """The table that results go into."""

    def __init__(self, key: tuple[str, ...], kind: str) -> None:
        self.rows: Rows = {}
        self.key, self.by = key, "end_ms" if kind == "sliding" else "start_ms"
        self.written: list[tuple[Any, ...]] = []

    def take(self, results: Results) -> None:
        for of, since in zip(results.replaced_key, results.replaced_ms.tolist(), strict=True):
            gone = [row for row in self.rows if row[:-2] == of and row[-2] >= since]
            for row in gone:
                del self.rows[row]
        for record in results.records(self.key):
            of = (*(record.pop(part) for part in self.key), record.pop("start_ms"), record.pop("end_ms"))
            self.written.append(of)
            if self.by == "start_ms":  # a session that has grown takes the place of what it was
                for row in [row for row in self.rows if row[:-1] == of[:-1]]:
                    del self.rows[row]
            self.rows[of] = {name: plain(name, record) for name in WANTED}


def plain(name: str, record: dict[str, Any]) -> Any:
    found = record[name]
    if WANTED[name][0] == "last":
        return found, record[f"{name}_at"]
    return None if isinstance(found, float) and math.isnan(found) else found


def in_time(events: list[Event], kind: str) -> list[bool]:
    """Says which events are not late, by the definition: the watermark before each is the highest time so far."""
    mark, found = -(1 << 62), []
    for one in events:
        size = {"tumbling": 3000, "hopping": 2000}.get(kind)
        until = one["t"] if size is None else one["t"] // size * size + size
        found.append(mark < until + LATENESS_MS)
        mark = max(mark, one["t"])
    return found


@ALL
@settings(deadline=None, max_examples=80)
@given(
    log=logs,
    sizes=split_points,
    writes=st.lists(st.booleans(), max_size=12),
    key=st.sampled_from([(), ("class",), ("class", "room")]),
)
def test_every_window_says_what_plain_python_says_in_any_batches_with_crashes_between(
    kind: str, log: list[Event], sizes: list[int], writes: list[bool], key: tuple[str, ...]
) -> None:
    timely = in_time(log, kind)
    operator, table = made(kind, key), Kept(key, kind)
    at, mark = 0, -(1 << 62)
    for size, write in zip([*sizes, len(log)], [*writes, *[True] * 13], strict=False):
        part = slice(at, at + size)
        operator.add(columns(log[part], at).where(np.array(timely[part], np.bool_)) if log[part] else columns([], 0))
        at += size
        mark = max([mark, *(one["t"] for one in log[part])])
        if write:
            table.take(operator.take(mark))
        operator.settle(mark)
        # It dies here: another goes on from the snapshot.
        state = snapshot.loads(snapshot.dumps(operator.state()))
        operator = made(kind, key)
        operator.restore(state)
    table.take(operator.take(mark))
    counted = [one for one, timely_one in zip(log, timely, strict=True) if timely_one]
    assert table.rows == expect(counted, key, (kind, LENGTHS[kind]), WANTED)
    operator.settle(1 << 61)
    assert operator.open_rows == 0


@ALL
@settings(deadline=None, max_examples=30)
@given(log=logs, order=st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_changes_nothing(kind: str, log: list[Event], order: Any) -> None:
    places = list(range(len(log)))
    order.shuffle(places)
    operator, table = made(kind, ("class",)), Kept(("class",), kind)
    for place in places:
        operator.add(columns([log[place]], place))
        table.take(operator.take(0))
    assert table.rows == expect(log, ("class",), (kind, LENGTHS[kind]), WANTED)


@ALL
@settings(deadline=None, max_examples=30)
@given(log=logs, sizes=split_points)
def test_final_windows_are_told_once_and_never_before_they_are_final(
    kind: str, log: list[Event], sizes: list[int]
) -> None:
    timely = in_time(log, kind)
    operator, table = made(kind, ("class",), only_final=True), Kept(("class",), kind)
    at, mark = 0, -(1 << 62)
    for size in [*sizes, len(log)]:
        part = slice(at, at + size)
        if log[part]:
            operator.add(columns(log[part], at).where(np.array(timely[part], np.bool_)))
        at += size
        mark = max([mark, *(one["t"] for one in log[part])])
        results = operator.take(mark)
        gap = 2000 if kind == "session" else 0
        assert all(end + gap + LATENESS_MS <= mark for end in results.end_ms.tolist())
        table.take(results)
        operator.settle(mark)
    table.take(operator.take(1 << 61))
    counted = [one for one, timely_one in zip(log, timely, strict=True) if timely_one]
    assert table.rows == expect(counted, ("class",), (kind, LENGTHS[kind]), WANTED)
    assert len(table.written) == len(set(table.written))


@ALL
def test_a_state_forgets_the_texts_of_windows_that_are_gone(kind: str) -> None:
    operator = made(kind, ("who",), lateness_ms=0)
    table = Kept(("who",), kind)
    log = [
        {"t": BASE + n * 1000, "who": f"s{n}", "page": f"/p{n}", "score": 1.0, "class": None, "room": None}
        for n in range(4000)
    ]
    for first in range(0, 4000, 500):
        batch = log[first : first + 500]
        operator.add(columns(batch, first))
        mark = batch[-1]["t"]
        table.take(operator.take(mark))
        operator.settle(mark)
    assert table.rows == expect(log, ("who",), (kind, LENGTHS[kind]), WANTED)
    assert len(snapshot.dumps(operator.state())) < 100_000


def test_a_declaration_that_makes_no_sense_is_refused_in_words() -> None:
    for text in ("tumbling", "tumbling:0m", "hopping:10m", "hopping:10m:3m", "daily:1d", "session:x"):
        with pytest.raises(ValueError, match=r"no window|no length|multiple"):
            windows.parse(text)
    with pytest.raises(ValueError, match="between 1 and 1000"):
        TopK("page", 0)
