"""Logs whose times are exact to the minute: events of one instant count in the order in which the log has them."""

from __future__ import annotations

import itertools
import json
import uuid

import pytest

from dataflows.settings import Settings
from tests.dataflows.content.inprocess import run_in_process
from tests.oracle.reading import Record

CLICKS, TEN, MINUTE = "clickstream_events", 1_614_592_800_000, 60_000


def log_of(*said: tuple[str, int, str, str | None], session: str | None = None) -> list[Record]:
    """Returns a log of (student, minutes after ten, name, chapter) that ends with a tick an hour later."""
    records = []
    for offset, (student, minute, name, chapter) in enumerate(said):
        body = {"event_id": str(uuid.uuid4()), "student_id": student, "event_name": name, "chapter_id": chapter}
        value = json.dumps(body | {"timestamp": TEN + minute * MINUTE, "session_id": session}).encode()
        records.append(Record(CLICKS, 0, offset, TEN + 100 * MINUTE, value, student.encode()))
    end = TEN + 120 * MINUTE
    return [*records, Record(CLICKS, 0, len(records), end, None, tick=end)]


@pytest.mark.parametrize("sizes", [(1,), (7, 2), (1000,)])
def test_of_two_pages_opened_in_one_minute_the_first_gets_no_time_and_the_second_all(sizes: tuple[int, ...]) -> None:
    said = [
        (f"p{number}", *what)
        for number in range(20)
        for what in ((0, "page_view", "A"), (0, "page_view", "B"), (4, "session_end", None))
    ]
    tables = run_in_process(log_of(*said), Settings(_env_file=None), sizes=itertools.cycle(sizes), crash_share=0.2)
    spent: dict[str, float] = {}
    for row in tables["chapter_visit_facts"].values():
        spent[row["chapter_id"]] = spent.get(row["chapter_id"], 0) + row["time_spent_seconds"]
    assert spent == {"A": 0, "B": 4_800}


def test_a_session_id_that_goes_on_is_one_session_whatever_starts_or_ends_in_between() -> None:
    said = [
        ("ann", 0, "page_view", None),
        ("ann", 0, "session_start", None),
        ("ann", 5, "session_end", None),
        ("ann", 9, "page_view", None),
        ("ann", 38, "session_start", None),
        ("ann", 68, "page_view", None),
    ]
    tables = run_in_process(log_of(*said, session="s1"), Settings(_env_file=None), sizes=itertools.repeat(2))
    rows = sorted((key[0] - TEN, row["duration_seconds"]) for key, row in tables["sessions_closed"].items())
    assert rows == [(0, 38 * 60), (68 * MINUTE, 0)]
