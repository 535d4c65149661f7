"""A log in the order in which it is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingest.formats import Entry, Unreadable
from ingest.formats.log import Log, in_time_order, moved, read_log


def entry(event_ms: int | None, name: str = "", **fields: object) -> Entry:
    return Entry("clickstream_events", event_ms, name.encode(), json.dumps(fields).encode())


def reader(*items: Entry | Unreadable) -> object:
    def read(_path: Path) -> Iterator[Entry | Unreadable]:
        yield from items

    return read


def names(log: Log) -> list[str]:
    return [(entry.key or b"").decode() for entry in log.entries]


def test_entries_are_ordered_by_time_and_those_without_come_last() -> None:
    ordered = in_time_order([entry(None, "none"), entry(3, "c"), entry(1, "a"), entry(3, "d"), entry(2, "b")])
    assert names(Log(ordered, [])) == ["a", "b", "c", "d", "none"]


def test_equal_times_of_a_file_that_is_newest_first_come_out_oldest_first() -> None:
    lies = [entry(3, "d"), entry(2, "c"), entry(2, "b"), entry(1, "a")]
    assert names(read_log([Path("x")], reader(*lies))) == ["a", "b", "c", "d"]  # type: ignore[arg-type]


def test_a_file_may_hold_students_one_after_the_other_each_newest_first() -> None:
    lies = [entry(at, name) for name, ats in (("a", (3, 1, 1)), ("b", (9, 7, 7)), ("c", (20, 19))) for at in ats]
    numbered = [replace(one, value=str(number).encode()) for number, one in enumerate(lies)]
    log = read_log([Path("x")], reader(*numbered))  # type: ignore[arg-type]
    assert [int(one.value) for one in log.entries] == [2, 1, 0, 5, 4, 3, 7, 6]


def test_where_the_times_tell_nothing_the_format_says_which_end_is_the_newest() -> None:
    lies = [entry(1, "b"), entry(1, "a")]
    assert names(read_log([Path("x")], reader(*lies))) == ["b", "a"]  # type: ignore[arg-type]
    assert names(read_log([Path("x")], reader(*lies), newest_first=True)) == ["a", "b"]  # type: ignore[arg-type]


def test_keep_order_publishes_as_the_file_lies() -> None:
    lies = [entry(3, "d"), entry(2, "c"), Unreadable(7, "torn"), entry(1, "a")]
    log = read_log([Path("x")], reader(*lies), keep_order=True)  # type: ignore[arg-type]
    assert names(log) == ["d", "c", "a"]
    assert log.skipped == [("x", Unreadable(7, "torn"))]


def test_a_moved_log_keeps_its_distances_and_the_form_of_its_times() -> None:
    log = Log(
        [
            entry(1_700_000_000_000, timestamp=1_700_000_000_000),
            entry(1_700_000_060_000, timestamp="2023-11-14T22:14:20Z"),
            entry(1_700_000_090_000, timestamp="1700000090000"),
            entry(None, timestamp="29/02/18"),
        ],
        [],
    )
    later = moved(log, 3_600_000)
    assert [item.event_ms for item in later.entries] == [1_700_003_600_000, 1_700_003_660_000, 1_700_003_690_000, None]
    assert [json.loads(item.value)["timestamp"] for item in later.entries] == [
        1_700_003_600_000,
        "2023-11-14T23:14:20.000+00:00",
        "1700003690000",
        "29/02/18",
    ]


def test_the_span_leaves_out_clocks_that_run_ahead() -> None:
    log = Log([entry(5), entry(None), entry(9), entry(99)], [])
    assert log.span(50) == (5, 9)
    assert log.span(4) is None
