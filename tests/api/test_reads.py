"""Every GET route gives the known day's answer, by right, as of one moment, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import Client
from tests.api.conftest import Reading
from tests.cli.running import run
from tests.grafana.known_day import minute

COUNTS = ("active_students", "idle_students", "present", "absent", "enrolled", "idle_share")
FORBIDDEN = [
    ("7B", "/engagement/active_students?class_id=7C"),
    ("7B", "/engagement/trend?class_id=7C"),
    ("7B", "/engagement/events/latest?class_id=7C"),
    ("7B", "/engagement/class/7C/heatmap"),
    ("7B", "/engagement/class/7C/students"),
    ("7B", "/engagement/stream?class_id=7C"),
    ("7B", "/analytics/live-users?class_id=7C"),
    ("7B", "/analytics/top-pages"),
    ("7B", "/v1/analytics/chapter-insights"),
    ("7B", "/explain?number=active_5m"),
    ("7B", "/explain?number=active_5m&scope=class:7C"),
    ("school", "/engagement/events/latest"),
    ("school", "/engagement/class/7B/students"),
    ("ingest", "/engagement/active_students"),
    ("ingest", "/explain?number=present"),
]
WRONG = [
    ("/engagement/trend?window=99min", "query.window"),
    ("/engagement/events/latest?limit=0", "query.limit"),
    ("/engagement/events/latest?cursor=x", "query.cursor"),
    ("/engagement/class/7B/students?cursor=WzFd", "query.cursor"),
    ("/analytics/top-pages?day=yesterday", "query.day"),
    ("/explain?number=luck", "query.number"),
    ("/explain?number=present&scope=moon:1", "query.scope"),
    ("/explain?number=present&at=2026-03-02T10:00:00Z", "query.at"),
    ("/explain?number=student_score&scope=student:nobody", "query.scope"),
]


def test_active_students_are_those_of_the_views(reading: Reading) -> None:
    found = reading.get("everyone", "/engagement/active_students").json
    rows = reading.ask(f"SELECT scope_id, {', '.join(COUNTS)} FROM active_now WHERE scope IN ('all', 'class')")
    shown = {"all": found} | {row["class_id"]: row for row in found["items"]}
    assert {key: tuple(shown[key][name] for name in COUNTS) for key in shown} == {key: tuple(r) for key, *r in rows}
    assert (found["state"], found["engagement_score"], found["as_of"]) == ("live", 40.4, "2026-03-02T10:00:20Z")
    assert reading.get("everyone", "/engagement/active").json == found


def test_a_token_of_classes_counts_its_own_and_no_other(reading: Reading) -> None:
    one = reading.get("7B", "/engagement/active_students").json
    assert [row["class_id"] for row in one["items"]] == ["7B"] and one["present"] == 3
    two = reading.get("two", "/engagement/active_students").json
    assert [row["class_id"] for row in two["items"]] == ["7B", "8A"] and two["enrolled"] == 5
    listed = reading.get("7B", "/engagement/classes").json
    assert [(row["class_id"], row["sees_students"]) for row in listed["items"]] == [("7B", True)]
    assert not any(row["sees_students"] for row in reading.get("school", "/engagement/classes").json["items"])
    events = reading.get("7B", "/engagement/events/latest").json["items"]
    assert {event["class_id"] for event in events} == {"7B"}


@pytest.mark.parametrize(("who", "path"), FORBIDDEN)
def test_what_a_token_may_not_read_is_403_and_says_what_it_needs(reading: Reading, who: str, path: str) -> None:
    answer = reading.get(who, path)
    assert answer.status == 403, answer.body
    assert answer.headers["content-type"] == "application/problem+json" and "read:" in answer.json["detail"]


def test_without_a_token_nothing_is_answered(reading: Reading) -> None:
    for path in ("/engagement/active", "/engagement/stream", "/explain?number=present", "/session"):
        assert reading.server.get(path).status == 401


@pytest.mark.parametrize(("path", "where"), WRONG)
def test_a_wrong_parameter_is_named(reading: Reading, path: str, where: str) -> None:
    answer = reading.get("everyone", path)
    assert (answer.status, [fault["path"] for fault in answer.json["errors"]]) == (422, [where])


def test_students_are_idle_longest_first_then_absent_with_their_names(reading: Reading) -> None:
    items = reading.get("7B", "/engagement/class/7B/students").json["items"]
    assert [(row["student_id"], row["status"], row["display_name"]) for row in items] == [
        ("ben", "idle", "Ben"),
        ("ann", "active", "Ann"),
        ("gus", "active", None),
        ("cem", "absent", "Cem"),
        ("dia", "absent", "Dia"),
    ]
    assert [row["engagement_score"] for row in items] == [9, 99, 32, None, None]


def test_the_trend_has_no_gaps_and_says_what_is_final(reading: Reading) -> None:
    found = reading.get("everyone", "/engagement/trend?window=10min").json
    shown = [(row["minute"], row["active_5m"], row["is_final"]) for row in found["items"]]
    counts = {-9: 1, -2: 4, -1: 5, 0: 5}
    assert shown == [
        (minute(at).isoformat().replace("+00:00", "Z"), counts.get(at, 0), at <= -2) for at in range(-9, 1)
    ]
    of_class = reading.get("7B", "/engagement/trend?class_id=7B&window=3m").json["items"]
    assert [row["active_5m"] for row in of_class] == [3, 0, 2]


def test_the_heatmap_has_a_number_a_minute_and_hides_few_from_who_only_counts(reading: Reading) -> None:
    found = reading.get("7B", "/engagement/class/7B/heatmap").json
    assert [(row["chapter_id"], row["active_5m"]) for row in found["items"]] == [("ch1", [0] * 8 + [9, 2])]
    [hidden] = reading.get("school", "/engagement/class/7B/heatmap").json["items"]
    assert hidden["active_5m"] == [0] * 8 + [None, None]


def test_pages_follow_each_other_without_gap_or_repeat(reading: Reading) -> None:
    for path, id_ in (
        ("/engagement/events/latest?", "event_id"),
        ("/engagement/class/7B/students?", "student_id"),
        ("/engagement/active_students?", "class_id"),
        ("/engagement/classes?", "class_id"),
        ("/analytics/top-pages?", "page_url"),
    ):
        whole = [row[id_] for row in reading.get("everyone", f"{path}limit=100").json["items"]]
        found, cursor = [], ""
        while cursor is not None:
            page = reading.get("everyone", f"{path}limit=2{cursor and f'&cursor={cursor}'}").json
            found += [row[id_] for row in page["items"]]
            cursor = page["next_cursor"]
        assert found == whole and len(whole) > 2, path


def test_events_are_the_latest_of_students_newest_first(reading: Reading) -> None:
    items = reading.get("everyone", "/engagement/events/latest").json["items"]
    assert [(row["display_name"], row["event_name"]) for row in items] == [
        ("Ann", "video_play"),
        (None, "login"),
        (None, "page_view"),
        ("Ann", "session_start"),
        ("Cem", "session_end"),
    ]


def test_the_same_answer_is_304_while_only_the_clock_goes_on(reading: Reading) -> None:
    first = reading.get("7B", "/engagement/active")
    again = reading.get("7B", "/engagement/active", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert first.headers["cache-control"] == "private, no-cache"
    other = reading.get("everyone", "/engagement/active", If_None_Match=first.headers["etag"])
    assert other.status == 200


def test_analytics_are_those_of_the_views(reading: Reading) -> None:
    live = reading.get("everyone", "/analytics/live-users").json
    assert (live["live_users"], live["present"]) == (4, 5)
    assert sum(share["students"] for share in live["devices"]) == 5
    assert reading.get("school", "/analytics/live-users").json["devices"] == [{"label": None, "students": 5}]
    pages = reading.get("school", "/analytics/top-pages?day=2026-03-02").json["items"]
    assert [row["page_url"] for row in pages] == ["/b", "/c", "/a", "/d"]
    assert reading.get("school", "/v1/analytics/chapter-insights").json == {"items": [], "next_cursor": None}


def test_a_number_is_explained_by_formula_inputs_watermark_and_finality(reading: Reading) -> None:
    found = reading.get("7B", "/explain?number=active_5m&scope=class:7B&at=2026-03-02T09:58:30Z").json
    assert (found["value"], found["is_final"], found["at"]) == (3, True, "2026-03-02T09:58:00Z")
    assert found["definition"]["version"] == 1 and "five minutes" in found["definition"]["formula"]
    assert (found["inputs"]["lateness_s"], found["watermark"]) == (60, "2026-03-02T10:00:20Z")
    now = reading.get("7B", "/explain?number=present&scope=class:7B").json
    assert (now["value"], now["is_final"], now["inputs"]["idle_after_s"]) == (3, False, 300)
    assert [event["student_id"] for event in now["events"]] == ["ann", "gus"]
    counted = reading.get("school", "/explain?number=active_5m&scope=class:7B").json
    assert (counted["value"], counted["events"]) == (2, None)
    score = reading.get("7B", "/explain?number=student_score&scope=student:ann&at=2026-03-02T09:55:00Z").json
    assert score["value"] == 0.9


def test_the_command_explains_the_same(reading: Reading) -> None:
    words = ("explain", "active_5m", "--scope", "class:7B", "--at", "2026-03-02T09:58")
    done = run(*words, servers="", DATABASE_URL=reading.url)
    assert done.returncode == 0, done.stderr
    assert "class:7B, 2026-03-02 09:58:00 UTC: 3 students" in done.stdout and "Final: " in done.stdout
    shown = run("explain", "present", "--scope", "class:7B", "--events", servers="", DATABASE_URL=reading.url)
    noted = reading.own("SELECT via, student_ids FROM access_audit WHERE what = 'present'")
    assert (shown.returncode, noted) == (0, [("explain", ["ann", "gus"])]), shown.stderr
    refused = run("explain", "luck", servers="", DATABASE_URL=reading.url)
    assert refused.returncode != 0 and "active_students" in refused.stderr


def test_the_description_at_docs_has_every_route_with_its_errors(reading: Reading) -> None:
    assert reading.server.get("/docs").status == 200
    paths: dict[str, Any] = reading.server.get("/openapi.json").json["paths"]
    for path in ("/engagement/active_students", "/engagement/stream", "/v1/analytics/chapter-insights", "/explain"):
        said = paths[path]["get"]
        assert (
            said["summary"]
            and "403" in said["responses"]
            and "application/problem+json" in said["responses"]["422"]["content"]
        )


def test_who_read_which_students_is_noted_before_the_answer(reading: Reading) -> None:
    """By token and page; a class's own teacher, a token of all classes, and who only counts."""
    reading.get("7B", "/engagement/class/7B/students")
    reading.get("7B", "/engagement/class/7B/students")  # within five minutes: once
    reading.get("7B", "/engagement/class/7B/stuck")
    reading.get("two", "/engagement/events/latest")
    reading.get("everyone", "/engagement/events/latest")
    cookie = f"classpulse_session={reading.tokens['7B']}"
    Client(reading.server.port).get("/engagement/class/7B/students", Cookie=cookie)
    reading.get("7B", "/explain?number=active_5m&scope=class:7B&at=2026-03-02T10:00:00Z")
    [student] = reading.ask("SELECT student_id FROM class_students WHERE class_id = '7B' ORDER BY 1 LIMIT 1")
    reading.get("7B", f"/explain?number=student_score&scope=student:{student[0]}&at=2026-03-02T09:59:00Z")
    reading.get("school", "/engagement/active_students")
    reading.get("school", "/explain?number=active_5m&scope=class:7B&at=2026-03-02T10:00:00Z")
    assert reading.get("7B", "/engagement/class/7C/students").status == 403
    found = reading.own(
        "SELECT split_part(reader, ' ', 1), via, what, student_ids, class_ids, was_theirs FROM access_audit"
    )
    students, events = "/engagement/class/{class_id:path}/students", "/engagement/events/latest"
    wanted: list[tuple[object, ...]] = [
        ("7B", "api", students, [], ["7B"], True),
        ("7B", "api", "/engagement/class/{class_id:path}/stuck", [], ["7B"], True),
        ("7B", "page", students, [], ["7B"], True),
        ("two", "api", events, [], ["7B", "8A"], True),
        ("everyone", "api", events, [], ["*"], None),
        ("7B", "explain", "/explain", [], ["7B"], True),
        ("7B", "explain", "/explain", [student[0]], [], True),
    ]
    for row in wanted:
        assert found.count(row) == 1, (row, found)
    assert not any(reader == "school" or "7C" in classes for reader, _via, _what, _ids, classes, _theirs in found)
