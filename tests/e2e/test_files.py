"""Files as people have them, through the real commands on real parts, and what SQL then says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from tests.e2e.harness import Stack, stack

HEAD = 'Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"\n'
AT_MS = 1_772_438_400_000
FLOWS = ("engagement", "content", "memory", "archive")

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def here(kafka: str, postgres_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stack]:
    with stack(kafka, postgres_url, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
def ask(here: Stack) -> Ask:
    def answer(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(here.database, options="-c timezone=UTC -c classpulse.clock=data") as connection:
            return connection.execute(query.encode()).fetchall()

    return answer


def replay(here: Stack, text: str, form: str, *options: str) -> str:
    path = here.folder / "log"
    path.write_text(text, encoding="utf-8")
    return here.command("replay", str(path), "--format", form, "--close", *options)


def event(number: int, **fields: Any) -> str:
    given = {"event_id": str(uuid.UUID(int=number)), "event_name": "page_view", "timestamp": AT_MS + number * 1000}
    return json.dumps(given | fields, ensure_ascii=False) + "\n"


def assert_nothing_changed(said: str) -> None:
    """Reads the table of a rebuild: changed, added and removed are 0 everywhere."""
    rows = [[cell.strip() for cell in line.split("│")] for line in said.splitlines() if line.startswith("│")]
    assert rows, said
    assert {tuple(row[3:6]) for row in rows} == {("0", "0", "0")}


def moodle(day: str, who: str, what: str, context: str = "Course: X", affected: str = "-") -> str:
    return f'"{day}","{who}","{affected}","{context}",System,"Course viewed","{what}",web,192.0.2.1\n'


SEEN = "The user with id '11' viewed the course with id '5'."
PAGE = "The user with id '11' viewed the 'page' activity with course module id '1'."


def test_rows_that_are_not_the_students_count_for_no_student(here: Stack, ask: Ask) -> None:
    said = replay(
        here,
        HEAD
        + moodle("1/03/21, 10:00", "P One", SEEN)
        + moodle("2/03/21, 10:00", "Admin A as P One", SEEN)
        + moodle("2/03/21, 10:01", "Admin A as P One", PAGE, "Page: A")
        + moodle("3/03/21, 03:00", "-", "The user with id '11' completed the course with id '5'.", affected="P One")
        + moodle("3/03/21, 04:00", "-", "The user with id '0' viewed the course with id '5'."),
        "moodle",
    )
    assert "2 rows of somebody who was logged in as somebody else" in said
    here.catch_up(*FLOWS)
    assert ask("SELECT student_id, day::text FROM student_days") == [("11", "2021-03-01")]
    assert ask("SELECT count(*) FROM chapter_visits") == [(0,)]
    assert sorted(ask("SELECT role, count(*) FROM events GROUP BY 1")) == [
        ("guest", 1),
        ("staff", 2),
        ("student", 1),
        ("system", 1),
    ]


def test_a_course_is_one_course_whatever_names_it(here: Stack, ask: Ask) -> None:
    group = "The user with id '11' created the group with id '3'."
    rows = [
        ("10:00", SEEN, "Course: Algebra"),
        ("10:01", PAGE, "Page: A"),
        ("10:03", group, "Course: Algebra"),
        ("10:05", group, "Course: Algebra I"),
    ]
    replay(here, HEAD + "".join(moodle(f"1/03/21, {at}", "P", said, where) for at, said, where in rows), "moodle")
    here.catch_up(*FLOWS)
    assert ask("SELECT DISTINCT course_id FROM events") == [("5",)]
    assert ask("SELECT course_id, chapter_id FROM chapter_visits") == [("5", "cm1")]
    assert ask("SELECT DISTINCT course_id FROM course_analytics") == [("5",)]


def test_the_months_come_first_where_one_line_proves_it(here: Stack, ask: Ask) -> None:
    replay(here, HEAD + moodle("04/05/21, 10:00", "P", SEEN) + moodle("04/17/21, 12:38", "P", SEEN), "moodle")
    here.catch_up("archive")
    assert [at for (at,) in ask("SELECT event_time FROM events ORDER BY 1")] == [
        datetime(2021, 4, 5, 10, 0, tzinfo=UTC),
        datetime(2021, 4, 17, 12, 38, tzinfo=UTC),
    ]


def test_numbers_as_text_are_numbers_and_ids_are_one_id_in_every_table(here: Stack, ask: Ask) -> None:
    quiz = {"event_name": "quiz_submit"}
    price = {"event_name": "course_enroll", "course_id": "c1 ", "metadata": {"price": "49.90"}}
    names = ["ann", " ann", "ann ", "\ufeffann", "ann\u00a0"]
    lines = [
        event(1, student_id="s3", metadata={"score": "85", "module": "m "}, **quiz),
        event(2, student_id="s4", metadata={"score": 85, "module": "m"}, **quiz),
        json.dumps({"user_id": "s5", "event_type": "module_quiz_completed", "module": "m", "score": "85"})[:-1]
        + ', "timestamp": "2026-03-02T08:00:00Z"}\n',
        event(3, student_id="s3", **price),
        *(event(10 + number, student_id=name, class_id=f"7B{name[3:4]}") for number, name in enumerate(names)),
    ]
    replay(here, "".join(lines), "jsonl")
    here.catch_up(*FLOWS)
    assert ask("SELECT user_id, module, score FROM quiz_attempts ORDER BY 1") == [
        ("s3", "m", 85.0),
        ("s4", "m", 85.0),
        ("s5", "m", 85.0),
    ]
    assert ask("SELECT course_id, (metadata ->> 'price')::float8 FROM events WHERE event_name = 'course_enroll'") == [
        ("c1", 49.9)
    ]
    assert ask("SELECT sum(revenue) FROM enrolment_revenue WHERE course_id = 'c1'") == [(49.9,)]
    assert ask("SELECT DISTINCT student_id FROM events WHERE student_id LIKE '%ann%'") == [("ann",)]
    assert ask("SELECT interactions FROM student_days WHERE student_id = 'ann'") == [(5,)]


def test_live_topics_refuse_what_is_too_old_and_a_replayed_log_is_of_any_age(here: Stack, ask: Ask, kafka: str) -> None:
    replay(here, event(1, student_id="replayed"), "jsonl")
    producer = Producer({"bootstrap.servers": kafka, "partitioner": "murmur2_random"})
    producer.produce(here.topic(), event(2, student_id="a device").encode(), b"a device")
    assert producer.flush(30) == 0
    here.catch_up(*FLOWS)
    assert ask("SELECT student_id FROM events") == [("replayed",)]
    assert ask("SELECT reason, kafka_offset >= 0 FROM dead_letters") == [("too_old", True)]
    for flow in ("engagement", "content"):
        assert_nothing_changed(here.command("rebuild", flow, "--dry-run"))
    # the archive is not judged again, whatever the setting says now
    assert_nothing_changed(here.command("rebuild", "engagement", "--dry-run", CLASSPULSE_MAX_AGE_DAYS="1"))


def test_a_run_ends_with_what_became_of_every_record(here: Stack, ask: Ask) -> None:
    good = [event(number, student_id=f"s{number}") for number in range(4)]
    bad = [event(10, timestamp="never", student_id="s"), event(11), event(12), event(13)]
    replay(here, "".join(good + bad), "jsonl")
    said = here.catch_up("engagement", "archive", workers=2)
    assert [line.split() for line in said.splitlines() if line.startswith(("engagement", "archive"))] == [
        ["archive", "8", "4", "4", "0", "0"],
        ["engagement", "8", "4", "4", "0", "0"],
    ]
    assert "rejected, missing_field: 3, such as student_id (at " in said
    assert "rejected, bad_timestamp: 1" in said
    assert "→ Send student_id, event_name and timestamp" in said


def test_a_log_of_which_most_is_rejected_does_not_look_like_success(here: Stack) -> None:
    replay(here, "".join(event(number) for number in range(9)) + event(9, student_id="s"), "jsonl")
    worker = here.start("run", "archive", "--until-caught-up")
    assert worker.wait() == 2, worker.output
    assert "archive: more than half of what was read was rejected" in worker.output
    doctor = here.start("doctor")
    assert doctor.wait() == 1
    assert "more than half of the last day's records" in doctor.output


@pytest.mark.parametrize("text", ["", "[]", "\n\n", "a,b,c\n1,2,3\n", "<html>"])
def test_a_replay_of_nothing_fails_and_says_so(here: Stack, text: str) -> None:
    path = here.folder / "log"
    path.write_text(text)
    worker = here.start("replay", str(path), "--format", "jsonl", "--close")
    assert worker.wait() == 3
    assert str(path) in worker.output
    assert "Traceback" not in worker.output
