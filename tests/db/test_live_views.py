"""Who is active, idle, present, absent now: a known class, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.db.conftest import NOW, Database, ago

KNOWN = (
    "page_view button_click scroll search time_ping idle active session_start session_end login course_enroll "
    "course_unenroll course_complete lesson_start lesson_complete video_play video_pause video_seek video_stop "
    "video_complete quiz_start quiz_question_next quiz_answer quiz_submit assignment_start assignment_submit forum_post"
).split()
ACTIVE, IDLE, OFFLINE = "active", "idle", "offline"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"last": 1}, ACTIVE),
        ({"last": 299}, ACTIVE),
        ({"last": 300}, IDLE),
        ({"last": 1799}, IDLE),
        ({"last": 1800}, OFFLINE),
        ({"last": -30}, ACTIVE),
        ({"last": 60, "idle_at": 30}, IDLE),
        ({"last": 30, "idle_at": 60}, ACTIVE),
        ({"last": 60, "session_end_at": 30}, OFFLINE),
        ({"last": 30, "session_end_at": 60}, ACTIVE),
        ({"last": 2400, "playing_until": -600}, ACTIVE),
        ({"last": 2400, "playing_until": 200}, ACTIVE),
        ({"last": 2400, "playing_until": 300}, IDLE),
        ({"last": 2400, "idle_at": 600, "playing_until": -600}, ACTIVE),
        ({"last": 2400, "idle_at": 600, "playing_until": 900}, IDLE),
        ({"last": 9000, "playing_until": 1800}, OFFLINE),
        ({"last": 60, "session_end_at": 30, "playing_until": -600}, OFFLINE),
    ],
)
def test_status_follows_the_last_sign_of_life(database: Database, columns: dict[str, int], expected: str) -> None:
    times = {name: ago(seconds) for name, seconds in columns.items()}
    database.student("s", **times)
    assert database.value("SELECT status FROM student_live_metrics") == expected


def test_a_class_may_have_its_own_idle_threshold(database: Database) -> None:
    database.put("classes", {"class_id": "7B", "idle_after_s": 60}, {"class_id": "7C"})
    database.student("b", ago(90), class_id="7B")
    database.student("c", ago(90), class_id="7C")
    assert database.values("SELECT student_id, status FROM student_live_metrics ORDER BY 1") == [
        ("b", IDLE),
        ("c", ACTIVE),
    ]


def test_active_now_counts_present_idle_enrolled_and_absent_in_every_scope(database: Database) -> None:
    database.put("classes", {"class_id": "7B", "grade": "7"}, {"class_id": "8A", "grade": "8"})
    database.put(
        "enrolments",
        *({"student_id": s, "course_id": "math", "class_id": "7B"} for s in ("ann", "ben", "cem", "dia", "eva")),
        {
            "student_id": "fay",
            "course_id": "math",
            "class_id": "7B",
            "left_at": ago(days=1),
            "enrolled_at": ago(days=9),
        },
    )
    database.student("ann", ago(10), class_id="7B", course_id="math", subject_id="M")
    database.student("ben", ago(400), class_id="7B", course_id="math", subject_id="M")
    database.student("cem", ago(2000), class_id="7B", course_id="math")
    database.student("guest", ago(20), class_id="7B", grade="7")
    columns = "scope, scope_id, active_students, idle_students, present, enrolled, absent, idle_share"
    assert database.values(f"SELECT {columns} FROM active_now ORDER BY 1, 2") == [
        ("all", "all", 2, 1, 3, 5, 3, 0.3333),
        ("class", "7B", 2, 1, 3, 5, 3, 0.3333),
        ("class", "8A", 0, 0, 0, 0, 0, None),
        ("course", "math", 1, 1, 2, 5, 3, 0.5),
        ("grade", "7", 2, 1, 3, 5, 3, 0.3333),
        ("grade", "8", 0, 0, 0, 0, 0, None),
        ("subject", "M", 1, 1, 2, None, None, 0.5),
    ]
    assert database.value("SELECT DISTINCT as_of FROM active_now") == NOW


def test_a_class_score_is_the_mean_of_its_present_students(database: Database) -> None:
    # as of 10:00:20, minutes 09:50-09:59 count; recency exp(-80/300), exp(-140/300); 9/45 minutes; one day of 7
    database.student("ann", ago(80), class_id="7B", weights=0x8A4)  # 0.35*0.7659+0.35*0.22+0.04+0.0143 = 0.3994
    database.student("ben", ago(140), class_id="7B", weights=0x4)  # 0.35*0.6271+0.35*0.04+0.04+0.0143 = 0.2878
    database.student("cem", ago(4000), class_id="7B", weights=0x4)
    assert database.values("SELECT student_id, engagement_score FROM student_live_metrics ORDER BY 1") == [
        ("ann", 0.3994),
        ("ben", 0.2878),
        ("cem", None),
    ]
    assert database.value("SELECT engagement_score FROM active_now WHERE scope = 'class'") == 34.36


def test_with_a_timetable_present_means_seen_since_the_period_began(database: Database) -> None:
    database.put("periods", {"class_id": "7B", "weekday": 1, "starts": "09:55", "ends": "10:40"})
    database.student("early", ago(minutes=8), class_id="7B")
    database.student("seen", ago(minutes=4), class_id="7B")
    database.student("elsewhere", ago(minutes=8), class_id="7C")
    query = "SELECT student_id, is_present FROM student_live_metrics ORDER BY 1"
    assert database.values(query) == [("early", False), ("elsewhere", True), ("seen", True)]
    database.put("terms", {"term_id": "spring", "starts": "2026-03-03", "ends": "2026-06-30"})
    assert database.values(query) == [("early", True), ("elsewhere", True), ("seen", True)]


def test_staff_and_bots_are_left_out(database: Database) -> None:
    database.put("class_staff", {"class_id": "7B", "staff_id": "teacher"})
    database.put("enrolments", {"student_id": "helper", "course_id": "math", "class_id": "7B", "role": "assistant"})
    database.student("teacher", ago(10), class_id="7B")
    database.student("helper", ago(10), class_id="7B")
    database.student("bot", ago(10), class_id="7B", role="system")
    database.student("ann", ago(10), class_id="7B")
    assert database.values("SELECT student_id FROM student_live_metrics") == [("ann",)]
    assert database.values("SELECT present, enrolled FROM active_now WHERE scope = 'class'") == [(1, 0)]
    assert database.values("SELECT student_id FROM class_students") == [("ann",)]


def test_live_metrics_show_the_last_state(database: Database) -> None:
    database.student("ann", ago(10), class_id="7B", session_id="x", device="mobile", browser="Firefox")
    database.connection.execute("UPDATE student_state SET last_event_at = %s, last_event_name = 'idle'", (ago(5),))
    columns = "class_id, last_active_at, last_active_ts, current_activity, status, session_id, device, browser"
    assert database.values(f"SELECT {columns} FROM student_live_metrics") == [
        ("7B", ago(10), 1772445610000, "idle", "active", "x", "mobile", "Firefox")
    ]


def test_people_read_of_every_known_event_in_words(database: Database) -> None:
    """A name that we know is never shown as it is written; one that we do not know is made readable."""
    written = "upper(left(name, 1)) || replace(substr(name, 2), '_', ' ')"
    query = f"SELECT name, event_label(name), {written} FROM unnest(%s::text[]) AS name"
    labels = {name: label for name, label, plain in database.values(query, KNOWN) if label != plain or name == "idle"}
    assert labels["time_ping"] == "Viewing"
    assert set(labels) == set(KNOWN)
    assert len(set(labels.values())) == len(KNOWN)
    assert database.values("SELECT event_label('badge_opened_twice'), event_label(''), event_label(NULL)") == [
        ("Badge opened twice", "", None)
    ]


def test_a_teacher_sees_absent_students_by_name(database: Database) -> None:
    database.put(
        "directory", {"student_id": "ann", "display_name": "Ann A."}, {"student_id": "dia", "display_name": "Dia D."}
    )
    database.put("enrolments", *({"student_id": s, "course_id": "m", "class_id": "7B"} for s in ("ann", "dia")))
    database.student("ann", ago(10), class_id="7B")
    database.student("guest", ago(10), class_id="7B")
    columns = "class_id, student_id, display_name, status, is_present, is_enrolled"
    assert database.values(f"SELECT {columns} FROM class_students ORDER BY 2") == [
        ("7B", "ann", "Ann A.", "active", True, True),
        ("7B", "dia", "Dia D.", "offline", False, True),
        ("7B", "guest", None, "active", True, False),
    ]


def test_students_of_no_known_class_are_rows_too(database: Database) -> None:
    database.put("enrolments", {"student_id": "ben", "course_id": "math"})
    database.put("enrolments", {"student_id": "cem", "course_id": "math", "class_id": "7B"})
    database.student("ann", ago(10))
    database.student("cem", ago(10))
    columns = "class_id, student_id, is_present, is_enrolled, course_ids"
    assert database.values(f"SELECT {columns} FROM class_students ORDER BY 2, 1") == [
        (None, "ann", True, False, []),
        (None, "ben", False, True, ["math"]),
        ("7B", "cem", False, True, ["math"]),
        (None, "cem", True, False, ["math"]),
    ]


def test_present_now_sums_to_active_now_under_any_filter(database: Database) -> None:
    database.student("ann", ago(10), class_id="7B", chapter_id="ch1", device="mobile")
    database.student("ben", ago(10), class_id="7B", chapter_id="ch1", device="mobile")
    database.student("cem", ago(400), class_id="7B", chapter_id="ch2", device="desktop")
    database.student("dia", ago(4000), class_id="7B", chapter_id="ch2", device="desktop")
    assert database.values("SELECT chapter_id, device, status, students FROM present_now ORDER BY 1") == [
        ("ch1", "mobile", "active", 2),
        ("ch2", "desktop", "idle", 1),
    ]
    assert database.value("SELECT sum(score_sum) FROM present_now") == database.value(
        "SELECT round(engagement_score * 100 * present) FROM active_now WHERE scope = 'all'"
    )


def test_the_feed_holds_students_events_of_the_last_hour(database: Database) -> None:
    base = {
        "student_id": "ann",
        "event_name": "scroll",
        "topic": "t",
        "partition": 0,
        "ingested_at": NOW,
        "role": "student",
    }
    database.put(
        "events",
        {**base, "event_id": "old", "event_time": ago(3601), "kafka_offset": 0},
        {**base, "event_id": "new", "event_time": ago(3599), "kafka_offset": 1},
        {**base, "event_id": "staff", "event_time": ago(1), "kafka_offset": 2, "role": "teacher"},
    )
    database.put("directory", {"student_id": "ann", "display_name": "Ann A."})
    assert database.values("SELECT event_id, display_name FROM latest_named_events") == [("new", "Ann A.")]
    assert database.values("SELECT event_id FROM latest_events") == [("new",)]


def test_the_wall_clock_counts_unless_the_database_says_data(database: Database) -> None:
    database.connection.execute("RESET classpulse.clock")
    assert database.value("SELECT classpulse_now() = now()")
    database.connection.execute("SET classpulse.clock = 'data'")
    database.watermark(ago(minutes=3), task=1)
    assert database.value("SELECT classpulse_now()") == ago(minutes=3)
    database.connection.execute("DELETE FROM task_progress")
    assert database.value("SELECT now() - classpulse_now()") == timedelta(0)
