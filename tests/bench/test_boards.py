"""The month behind the boards' measurement: the same for a seed, keys once, nothing after now."""

from __future__ import annotations

import polars as pl

from bench.boards import day as boards_day
from bench.boards import month as boards_month
from bench.boards.run import choices
from bench.boards.school import NOW, School

SMALL = School(scale=0.003, days=3)
KEYS = {
    "chapter_visit_facts": ("start_time", "event_id"),
    "quiz_attempts": ("attempted_at", "event_id"),
    "student_days": ("day", "student_id"),
    "events": ("event_time", "event_id"),
    "memory_state": ("user_id", "module"),
}


def tables() -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for source in (boards_day, boards_month):
        for table, frame in source.tables(SMALL):
            parts.setdefault(table, []).append(frame)
    return {table: pl.concat(frames, how="diagonal_relaxed") for table, frames in parts.items()}


def test_keys_are_unique_and_nothing_lies_after_now() -> None:
    found = tables()
    for table, key in KEYS.items():
        assert len(found[table]), table
        assert found[table].select(key).is_duplicated().sum() == 0, table
    now = NOW.replace(tzinfo=None)
    for table, column in {
        "chapter_visit_facts": "end_time",
        "events": "event_time",
        "quiz_attempts": "attempted_at",
    }.items():
        assert found[table].filter(pl.col(column) > now).is_empty(), table


def test_the_same_seed_gives_the_same_rows() -> None:
    first, second = tables(), tables()
    assert all(first[table].equals(second[table]) for table in first)


def test_one_class_is_chosen_where_a_board_has_classes() -> None:
    assert choices(SMALL, "live_class")["one"]["class"][0] in SMALL.class_ids()
    assert choices(SMALL, "student")["one"]["student"][0] in SMALL.student_ids()
