"""What comes late joins what it belongs to, and leaves nothing behind."""

from __future__ import annotations

from dataflows.settings import Settings
from tests.dataflows.content.inprocess import Database, Task
from tests.dataflows.content.spiteful import CLICKS, HOUR, MINUTE, START, VIEWS, click
from tests.oracle.reading import Record

SETTINGS = Settings(_env_file=None)


def played(*values: tuple[str, bytes, int]) -> Database:
    """Reads (topic, value, append time) one by one, writing after each; returns what is stored."""
    offsets: dict[str, int] = {}
    log = []
    for topic, value, append_ms in values:
        offset = offsets.setdefault(topic, 0)
        offsets[topic] += 1
        log.append(Record(topic, 0, offset, append_ms, value, b"k"))
    database = Database()
    task = Task(0, log, SETTINGS, database)
    while not task.done:
        task.step(1, flush=True)
    return database


def at(minute: float, name: str = "page_view", arrives: float | None = None, **fields: str) -> tuple[str, bytes, int]:
    arrival = START + round((minute if arrives is None else arrives) * MINUTE)
    return CLICKS, click("ada", name, START + round(minute * MINUTE), **fields), arrival


def spans(database: Database, table: str) -> list[tuple[float, float]]:
    return [
        ((start - START) / MINUTE, (values["session_end"] - START) / MINUTE)
        for (start, _student), values in sorted(database.tables[table].items())
    ]


def test_a_late_event_joins_two_sessions_and_leaves_one() -> None:
    two = [at(0), at(20), at(60), at(95)]
    apart = played(*two)
    assert spans(apart, "sessions_closed") == [(0, 20), (60, 60)]
    assert spans(apart, "sessions_open") == [(95, 95)]
    joined = played(*two, at(40, arrives=100))
    assert spans(joined, "sessions_closed") == [(0, 60)]
    assert spans(joined, "sessions_open") == [(95, 95)]


def test_a_late_event_opens_a_closed_session_again() -> None:
    assert spans(played(at(0), at(31, "idle")), "sessions_closed") == [(0, 0)]
    again = played(at(0), at(31, "idle"), at(20, arrives=31))
    assert (spans(again, "sessions_open"), spans(again, "sessions_closed")) == ([(0, 20)], [])


def test_an_event_that_the_watermark_has_passed_by_gap_and_lateness_changes_nothing() -> None:
    in_time = played(at(0), at(109.99), at(20, arrives=110))
    too_late = played(at(0), at(110), at(20, arrives=110))
    assert spans(in_time, "sessions_closed") == [(0, 20)]
    assert spans(too_late, "sessions_closed") == [(0, 0)]


def test_a_repeat_of_a_chapter_view_that_comes_too_late_does_not_take_the_place_of_the_first() -> None:
    def view(arrives: int) -> tuple[str, bytes, int]:
        body = click("ada", "chapter_view", START, chapter_id="ch1", end_time=START + 10 * MINUTE)
        return VIEWS, body, START + arrives * MINUTE

    idle = at(5, "idle", chapter_id="ch1")
    later = (VIEWS, click("bob", "chapter_view", START + 30 * HOUR, chapter_id="ch1"), START + 30 * HOUR)
    once = played(idle, view(10))
    again = played(idle, view(10), at(30 * 60), later, view(30 * 60 + 1))
    key = next(iter(once.tables["chapter_visit_facts"]))
    assert once.tables["chapter_visit_facts"][key]["time_spent_seconds"] == 300
    assert again.tables["chapter_visit_facts"][key] == once.tables["chapter_visit_facts"][key]


def test_what_is_settled_is_forgotten() -> None:
    database = Database()
    values = [at(minute) for minute in range(0, 24 * 60, 40)]
    log = [Record(CLICKS, 0, offset, append, value, b"k") for offset, (_t, value, append) in enumerate(values)]
    task = Task(0, log, SETTINGS, database)
    held = []
    while not task.done:
        task.step(1, flush=True)
        held.append(len(task.operators[-1]._timeline))  # type: ignore[attr-defined]
    assert max(held) < 6
    assert len(database.tables["sessions_closed"]) + len(database.tables["sessions_open"]) == len(values)
