"""Ids that nobody has seen before, one an event, stop nothing: beyond the first ones of a minute they count as one."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from dataflows.batch import Records, TaskBatch
from dataflows.content import pages
from dataflows.content.pages import OTHER as OTHER_PAGE
from dataflows.engagement import flow as engagement
from dataflows.engagement import scopes
from dataflows.engagement.flow import decode
from dataflows.engagement.scopes import OTHER
from dataflows.operators import builder
from dataflows.settings import Settings
from tests.dataflows.content.inprocess import run_in_process
from tests.dataflows.engagement.inprocess import Rows, run
from tests.oracle.reading import Record

START, MINUTE = 1_709_283_600_000, 60_000
CLICKS = "clickstream_events"


def flood(events: int, ids: int, per_minute: int, seed: int = 0) -> list[Record]:
    """Returns events of one class, of which each names one of so many chapters and pages, and a closing tick."""
    rng, records = random.Random(seed), []
    for n in range(events):
        at = START + n * MINUTE // per_minute
        chapter = f"c{rng.randrange(ids)}"
        body = {
            "student_id": f"s{n % 7}",
            "event_name": "page_view",
            "timestamp": at,
            "class_id": "7B",
            "chapter_id": chapter,
            "page_url": f"/{chapter}",
        }
        records.append(Record(CLICKS, 0, n, at, json.dumps(body).encode(), b"k"))
    end = records[-1].append_ms + 10 * MINUTE
    return [*records, Record(CLICKS, 0, events, end, None, None, end)]


def by_minute(rows: Rows, scope: str) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for (minute, kind, scope_id, _task), row in rows.items():
        if kind == scope and row["events"]:
            found.setdefault(minute, {})[scope_id] = row["events"]
    return found


def test_the_first_scopes_of_a_minute_are_counted_apart_and_the_others_together_in_any_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scopes, "MOST", 5)
    log = flood(events=400, ids=12, per_minute=100)
    found = [
        run(log, Settings(_env_file=None), sizes=itertools.cycle(sizes), seed=seed, restart_share=0.3)[
            "activity_windows"
        ]
        for seed, sizes in enumerate([(1,), (1_000,), (3, 40, 7)])
    ]
    assert found[0] == found[1] == found[2]
    chapters = by_minute(found[0], "chapter")
    for minute in range(4):
        reported = [json.loads(record.value or b"")["chapter_id"] for record in log[minute * 100 : minute * 100 + 100]]
        first = list(dict.fromkeys(reported))[:5]
        expected = {chapter: reported.count(chapter) for chapter in first}
        expected[OTHER] = 100 - sum(expected.values())
        assert chapters[START + minute * MINUTE] == expected
    assert all(row == {"7B": 100} for row in by_minute(found[0], "class").values())


def test_the_first_pages_of_a_day_are_counted_apart_and_the_others_together_in_any_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MOST", 5)
    monkeypatch.setattr(pages, "_COMPACT_FROM", 1)
    log = flood(events=200, ids=12, per_minute=100)
    found = [
        run_in_process(log, Settings(_env_file=None), sizes=itertools.cycle(sizes), crash_share=0.1)["page_days"]
        for sizes in [(1,), (1_000,), (3, 40, 7)]
    ]
    assert found[0] == found[1] == found[2]
    reported = [f"/{json.loads(record.value or b'')['chapter_id']}" for record in log[:-1]]
    expected = {page: reported.count(page) for page in list(dict.fromkeys(reported))[:5]}
    expected[OTHER_PAGE] = len(reported) - sum(expected.values())
    assert {page: row["views"] for (_day, page, _task), row in found[0].items()} == expected


@pytest.mark.parametrize("share", [10, pytest.param(1, marks=pytest.mark.soak)], ids=["a tenth of all", "as they are"])
def test_seven_hundred_new_chapters_a_second_for_seven_minutes_leave_a_small_state(
    share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first edition stopped for good after 176 seconds of this, with 262,144 codes given."""
    most, each = scopes.MOST // share, 700 // share
    monkeypatch.setattr(scopes, "MOST", most)
    monkeypatch.setattr(scopes, "_COMPACT_FROM", 100_000 // share)
    operators, largest = builder.pipeline(engagement, 0, settings := Settings(_env_file=None)), 0
    for second in range(420):
        at = START + second * 1_000
        values: list[bytes | None] = [_new(second * each + n, at) for n in range(each)]
        offsets = list(range(second * each, second * each + each))
        records = Records(CLICKS, 0, offsets, [at] * each, [None] * each, values)
        item: Any = decode(TaskBatch(0, 1, {}, [records], {CLICKS: offsets[-1] + 1}, True, {}, "", 0), settings)
        for operator in operators:
            item = operator.process(item)
        largest = max(largest, len(operators[4].state().scopes[0]))
    # Seven minutes are open, each with the first 10,000 of a kind; as many again wait to be given up.
    assert 7 * most < largest < 2 * 7 * 2 * most + 2 * each


def _new(number: int, at: int) -> bytes:
    text = f'{{"student_id": "s{number % 50}", "event_name": "scroll", "timestamp": {at}, "chapter_id": "c{number}"'
    return f'{text}, "class_id": "7B"}}'.encode()
