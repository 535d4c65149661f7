"""Visits, chapters and courses of a day written out, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.db.conftest import NOW, Database
from tests.db.content import at, item, milestone, settle, visit, write_content


@pytest.fixture
def day(database: Database) -> Database:
    """The day's visits: two chapters, four students, one teacher."""
    write_content(database)
    database.put(
        "chapter_visit_facts",
        visit("ann", "a1", at(0), 400, scroll_depth=80, event_id="ann1"),
        visit("ann", "a1", at(10), 20, scroll_depth=30, event_id="ann2"),
        visit("ben", "a1", at(5), 100, scroll_depth=40, raw_seconds=160, event_id="ben1"),
        visit("ben", "a2", at(70), 60, source="clickstream", event_id="ben2"),
        visit("cem", "a2", at(0, days=-10), 30, scroll_depth=20, event_id="cem"),
        visit("dia", "a2", at(1, days=-10), 90, scroll_depth=20, event_id="dia"),
        visit("miss", "a1", at(0), 50, scroll_depth=10, event_id="miss"),
    )
    database.put("milestones", milestone("dia", "lesson_complete", at(3, days=-10), chapter_id="a2", item_id="l9"))
    settle(database)
    return database


def test_an_explicit_visit_counts_at_most_three_times_the_expected_time_and_says_so(day: Database) -> None:
    columns = "event_id, time_spent_seconds, raw_seconds, idle_capped, skimmed"
    assert day.values(f"SELECT {columns} FROM chapter_visits ORDER BY 1") == [
        ("ann1", 300, 400, True, False),
        ("ann2", 20, 20, False, True),  # below a quarter of the expected 100 s
        ("ben1", 100, 160, False, False),
        ("ben2", 60, 60, False, False),  # a quarter of the chapter's median is 15 s
        ("cem", 30, 30, False, False),
        ("dia", 90, 90, False, False),
    ]


def test_a_derived_visit_is_not_cut(day: Database) -> None:
    day.put("chapter_visit_facts", visit("eva", "a1", at(20), 900, source="clickstream"))
    query = "SELECT time_spent_seconds, idle_capped FROM chapter_visits WHERE student_id = 'eva'"
    assert day.values(query) == [(900, False)]


def test_visits_of_a_chapter_are_summed_by_student(day: Database) -> None:
    assert day.values("SELECT * FROM chapter_engagement_summary ORDER BY 1, 3") == [
        ("ann", "algebra", "a1", 320, 160, 2, at(10 + 20 / 60), 0.8, False),
        ("ben", "algebra", "a1", 100, 100, 1, at(5 + 100 / 60), 0.4, False),
        ("ben", "algebra", "a2", 60, 60, 1, at(71), None, None),
        ("cem", "algebra", "a2", 30, 30, 1, at(0.5, days=-10), 0.2, True),
        ("dia", "algebra", "a2", 90, 90, 1, at(2.5, days=-10), 1, False),
    ]


def test_a_chapter_is_dropped_from_the_seventh_day_without_a_visit_on(day: Database) -> None:
    query = "SELECT drop_off FROM chapter_engagement_summary WHERE student_id = 'ben' AND chapter_id = 'a1'"
    for seconds, dropped in ((-0.001, False), (0, True)):
        day.watermark(at(5 + 100 / 60 + seconds / 60, days=7))
        assert day.value(query) is dropped


def test_chapters_have_averages_medians_students_and_drop_off(day: Database) -> None:
    columns = "chapter_id, avg_time_spent, median_time_spent, total_visits, unique_students, drop_off_rate"
    assert day.values(f"SELECT {columns}, difficulty_score, total_time_spent FROM chapter_analytics ORDER BY 1") == [
        ("a1", 140, 100, 3, 2, 0, None, 420),
        ("a2", 60, 60, 3, 3, 0.5, None, 180),
    ]


def test_courses_have_them_too(day: Database) -> None:
    day.put("chapter_visit_facts", visit("ann", "h1", at(30), 50, course_id="history"))
    settle(day)
    columns = "course_id, avg_time_spent, median_time_spent, total_visits, unique_students, drop_off_rate"
    assert day.values(f"SELECT {columns}, total_time_spent, time_per_student FROM course_analytics ORDER BY 1") == [
        ("algebra", 100, 75, 6, 4, 0.25, 600, 150),
        ("history", 50, 50, 1, 1, None, 50, 50),
    ]


def test_the_box_of_a_chapter_lies_where_percentiles_do(day: Database) -> None:
    query = "SELECT chapter_id, visits, time_ms, p05, p25, p50, p75, p95 FROM chapter_time_distribution ORDER BY 1"
    assert day.values(query) == [
        ("a1", 3, 420_000, 28, 60, 100, 200, 280),
        ("a2", 3, 180_000, 33, 45, 60, 75, 87),
    ]


def test_time_is_summed_by_hour_and_by_day(day: Database) -> None:
    hours = "SELECT bucket, chapter_id, visits, time_ms, raw_ms, capped_visits FROM chapter_time_by_hour ORDER BY 1, 2"
    assert day.values(hours) == [
        (at(0, days=-10), "a2", 2, 120_000, 120_000, 0),
        (at(0), "a1", 3, 420_000, 580_000, 1),
        (at(60), "a2", 1, 60_000, 60_000, 0),
    ]
    courses = "SELECT bucket, course_id, visits, time_ms, raw_ms, capped_visits FROM course_time_by_hour ORDER BY 1"
    assert day.values(courses)[1:] == [
        (at(0), "algebra", 3, 420_000, 580_000, 1),
        (at(60), "algebra", 1, 60_000, 60_000, 0),
    ]
    days = "SELECT bucket, chapter_id, visits, time_ms FROM chapter_time_by_day ORDER BY 1, 2"
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert day.values(days)[1:] == [(midnight, "a1", 3, 420_000), (midnight, "a2", 1, 60_000)]


def test_difficulty_is_half_the_rank_of_effort_and_half_the_drop_off(database: Database) -> None:
    write_content(database)
    for place, (chapter, seconds, students) in enumerate(
        [("x1", 50, 10), ("x2", 100, 10), ("x3", 200, 10), ("x4", 99, 9)]
    ):
        database.put("content_items", item(chapter, 10 + place, expected_seconds=100))
        for student in range(students):
            dropped = student < place * 5
            row = visit(f"s{student}", chapter, at(student, days=-8), seconds, scroll_depth=10 if dropped else 90)
            database.put("chapter_visit_facts", row)
    settle(database)
    query = "SELECT chapter_id, drop_off_rate, difficulty_score FROM chapter_analytics ORDER BY 1"
    assert database.values(query) == [("x1", 0, 0), ("x2", 0.5, 50), ("x3", 1, 100), ("x4", 1, None)]
    one = "SELECT difficulty_score FROM chapter_analytics WHERE chapter_id = 'x2' AND course_id = 'algebra'"
    assert database.value(one) == 50


def test_the_drop_off_index_is_where_those_ended_who_left_without_finishing(database: Database) -> None:
    write_content(database)
    ended = {"gus": ["a1", "a2"], "hal": ["a2", "a1"], "ida": ["a3"], "jim": ["a1"], "kim": ["a1"], "miss": ["a3"]}
    for student, chapters in ended.items():
        for minute, chapter in enumerate(chapters):
            database.put("chapter_visit_facts", visit(student, chapter, at(10 * minute, days=-20), 60))
    database.put("milestones", milestone("jim", "course_complete", at(0, days=-19)))
    database.put(
        "chapter_visit_facts", visit("kim", "a1", at(0, days=-14), 60), visit("kim", "a1", at(0, days=-13), 60)
    )
    settle(database)
    query = (
        "SELECT course_id, item_id, title, position, students, share, place FROM course_drop_off_index ORDER BY place"
    )
    assert database.values(query) == [
        ("algebra", "a2", "A2", 2, 2, 0.6667, 1),
        ("algebra", "a3", "A3", 3, 1, 0.3333, 2),
    ]


def test_a_percentile_of_counts_is_that_of_the_values(database: Database) -> None:
    for fraction in (0, 0.1, 0.25, 0.5, 0.9, 1):
        amounts, counts = [1.0, 5.0, 20.0], [3, 1, 4]
        values = [a for a, n in zip(amounts, counts, strict=True) for _ in range(n)]
        counted = database.value("SELECT weighted_percentile(%s, %s, %s::bigint[])", fraction, amounts, counts)
        exact = database.value(
            "SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY v) FROM unnest(%s::double precision[]) v",
            fraction,
            values,
        )
        assert counted == pytest.approx(exact)
    assert database.value("SELECT weighted_percentile(0.5, NULL, NULL)") is None


def test_a_bucket_is_two_per_cent_wide_and_holds_its_durations(database: Database) -> None:
    query = (
        "SELECT s / 1000.0, log_bucket_start(log_bucket(s / 1000.0)), log_bucket_start(log_bucket(s / 1000.0) + 1)"
        " FROM unnest(ARRAY[1, 7, 999, 1000, 60000, 300000, 14400000]) s"
    )
    for seconds, start, end in database.values(query):
        assert start <= float(seconds) * (1 + 1e-12)
        assert float(seconds) < end * (1 + 1e-12)
        assert end / start == pytest.approx(1.02)
    assert database.value("SELECT log_bucket_start(log_bucket(0))") == 0


def test_now_is_the_datas(day: Database) -> None:
    assert day.value("SELECT DISTINCT as_of FROM chapter_analytics") == NOW
