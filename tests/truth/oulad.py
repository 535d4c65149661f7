"""Submissions and registrations of the Open University and posts of a forum, up to an evening in May 2013."""

from __future__ import annotations

import csv
import gzip
import io
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from tests.oracle.reading import Record
from tests.truth.school import World

UNTIL: Final = datetime(2013, 5, 6, 21, 30, tzinfo=UTC)  # the forum is busy
BEGINS: Final = date(2013, 2, 1)  # presentations 2013B begin in February; the day is not published
PRESENTATION: Final = "2013B"
ONE_IN: Final = 12
"""Of OULAD's students one in so many is taken."""
SPACE: Final = uuid.UUID(int=30)
FORUM: Final = "DLT"
Row = dict[str, Any]


def oulad(folder: Path) -> World:
    """Returns the log and the roster."""
    tasks = {row["id_assessment"]: row for row in _rows(folder / "oulad" / "assessment.csv.gz") if _is_here(row)}
    known = [
        row
        for row in _rows(folder / "oulad" / "student_registration.csv.gz")
        if _is_here(row) and int(row["id_student"]) % ONE_IN == 0 and row["date_registration"]
    ]
    posts = list(csv.DictReader(io.StringIO((folder / "forum" / "dlt1-edges.csv").read_text("latin-1"), newline=None)))
    people = list(csv.DictReader(io.StringIO((folder / "forum" / "dlt1-nodes.csv").read_text("latin-1"), newline=None)))
    handed = list(_rows(folder / "oulad" / "student_assessment.csv.gz"))
    reported = [
        *_submissions(handed, tasks, {row["id_student"] for row in known}),
        *_posts(posts),
        *map(_enrols, known),
    ]
    reported += [_leaves(row) for row in known if row["date_unregistration"]]
    until_ms = round(UNTIL.timestamp() * 1000)
    counts: dict[str, int] = {"clickstream_events": 0, "module_quiz_events": 0}
    records: list[Record] = []
    for topic, event in sorted(reported, key=lambda one: (one[1]["timestamp"], one[1]["event_id"])):
        if event["timestamp"] <= until_ms:
            key = str(event.get("student_id", event.get("user_id"))).encode()
            value = json.dumps(event).encode()
            records.append(Record(topic, 0, counts[topic], event["timestamp"], value, key))
            counts[topic] += 1
    records += [Record(topic, 0, offset, until_ms, None, None, until_ms) for topic, offset in counts.items()]
    staff = [{"class_id": FORUM, "staff_id": f"f{row['UID']}"} for row in people if row["Facilitator"] == "1"]
    return World(records, _roster(known, tasks, staff), UNTIL)


def _rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _is_here(row: Row) -> bool:
    return bool(row["code_presentation"] == PRESENTATION)


def _at(days: str | int, number: int = 0) -> datetime:
    """Returns a day of the presentation, and a time of it that the number gives: the log has days only."""
    return datetime.combine(BEGINS + timedelta(days=int(float(days))), time(9), UTC) + timedelta(
        seconds=number * 7919 % 28_800
    )


def _reported(topic: str, at: datetime, words: str, event: Row) -> tuple[str, Row]:
    ids = {"event_id": str(uuid.uuid5(SPACE, f"{topic}/{words}")), "timestamp": round(at.timestamp() * 1000)}
    return topic, {**event, **ids}


def _submissions(handed: list[Row], tasks: dict[str, Row], students: set[str]) -> list[tuple[str, Row]]:
    found = []
    for row in handed:
        task = tasks.get(row["id_assessment"])
        if task is None or row["id_student"] not in students or row["is_banked"] == "True":
            continue
        words = f"{row['id_student']}/{row['id_assessment']}"
        at = _at(row["date_submitted"], int(row["id_student"]) + int(row["id_assessment"]))
        course = task["code_module"]
        place = {"student_id": row["id_student"], "class_id": f"{course} {PRESENTATION}", "course_id": course}
        what = {"event_name": "assignment_submit", "assessment_id": row["id_assessment"]}
        found.append(_reported("clickstream_events", at, words, {**place, **what}))
        if row["score"]:
            quiz = {"user_id": row["id_student"], "course": course, "module": f"{course} {task['assessment_type']}"}
            scored = {**quiz, "class_id": place["class_id"], "domain": course, "score": row["score"]}
            found.append(_reported("module_quiz_events", at + timedelta(minutes=1), words, scored))
    return found


def _posts(posts: list[Row]) -> list[tuple[str, Row]]:
    found = []
    for number, row in enumerate(posts):
        at = datetime.strptime(row["Timestamp"], "%m/%d/%y %H:%M").replace(tzinfo=UTC)
        place = {"student_id": f"f{row['Sender']}", "class_id": FORUM, "course_id": row["Parent Category"][:60]}
        what = {"event_name": "forum_post", "chapter_id": row["Discussion Category"] or None}
        found.append(_reported("clickstream_events", at, f"post {number}", {**place, **what}))
    return found


def _place(row: Row) -> Row:
    course = row["code_module"]
    return {"student_id": row["id_student"], "course_id": course, "class_id": f"{course} {PRESENTATION}"}


def _enrols(row: Row) -> tuple[str, Row]:
    words = f"in {row['id_student']} {row['code_module']}"
    event = {**_place(row), "event_name": "course_enroll", "metadata": {"price": 100 + int(row["id_student"]) % 7}}
    return _reported("clickstream_events", _at(row["date_registration"]), words, event)


def _leaves(row: Row) -> tuple[str, Row]:
    words = f"out {row['id_student']} {row['code_module']}"
    event = {**_place(row), "event_name": "course_unenroll"}
    return _reported("clickstream_events", _at(row["date_unregistration"], 1), words, event)


def _roster(known: list[Row], tasks: dict[str, Row], staff: list[Row]) -> dict[str, list[Row]]:
    classes = sorted({_place(row)["class_id"] for row in known})
    enrolments = []
    for row in known:
        left = _at(row["date_unregistration"], 1) if row["date_unregistration"] else None
        dates = {"enrolled_at": _at(row["date_registration"]), "left_at": left if left and left <= UNTIL else None}
        enrolments.append({**_place(row), **dates})
    items = [
        {
            "course_id": task["code_module"],
            "item_id": task["id_assessment"],
            "kind": "assignment",
            "title": f"{task['assessment_type']} {task['id_assessment']}",
            "position": int(task["date"] or 240),
            "expected_seconds": None,
            "pass_mark": None,
            "due_at": _at(task["date"] or 240) + timedelta(hours=14),
        }
        for task in tasks.values()
    ]
    modules = {(task["code_module"], task["assessment_type"]) for task in tasks.values()}
    items += [
        {
            "course_id": course,
            "item_id": f"{course} {kind}",
            "kind": "module",
            "title": kind,
            "position": 300 + "CMA TMA Exam".index(kind),
            "expected_seconds": None,
            "pass_mark": 40 if kind == "TMA" else 55,
            "due_at": None,
        }
        for course, kind in sorted(modules)
    ]
    return {
        "classes": [{"class_id": c, "title": c, "grade": c[:3]} for c in [*classes, FORUM]],
        "class_staff": staff,
        "terms": [{"term_id": PRESENTATION, "starts": BEGINS, "ends": BEGINS + timedelta(days=240)}],
        "periods": [],
        "enrolments": enrolments,
        "content_items": items,
        **{name: [] for name in ("anomalies", "late_days", "dead_letters")},
        "directory": [{"student_id": row["id_student"], "display_name": f"OU {row['id_student']}"} for row in known[:9]]
        + [{"student_id": f"f{n}", "display_name": f"Post {n}"} for n in range(300, 445)],
    }
