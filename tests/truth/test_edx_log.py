"""A course on Open edX: what its students did, through the tracking log, `replay` and the flows, to the tables.

The log is written here from what was done, each action in all the records that Open edX makes of it; what the tables
should say follows from the actions alone, and shares nothing with what reads the log.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from dataflows.settings import Settings
from db.migrate import migrate
from ingest.formats.log import read_log, reader_of
from ingest.formats.moodle.reading import Options
from simulation.school import School
from tests.oracle.reading import Record
from tests.truth.school import World, store

COURSE = "course-v1:Org+CS1+2025"
BLOCK = "block-v1:Org+CS1+2025+type@{}+block@{}"
BEGINS = datetime(2025, 10, 6, 8, tzinfo=UTC)
NO_INTERACTIONS = {"time_ping", "course_enroll"}


@dataclass
class Student:
    """One student's way through the course: the log that it left, and what was done."""

    number: int
    chance: random.Random
    lines: list[dict[str, Any]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    attempts: list[tuple[str, float]] = field(default_factory=list)
    watched: Counter[str] = field(default_factory=Counter)
    at: datetime = BEGINS
    page: str = ""

    def tell(self, name: str, said: Any = None, source: str = "browser") -> None:
        self.at += timedelta(milliseconds=37)
        context: dict[str, Any] = {"course_id": COURSE, "org_id": "Org", "path": "/event"}
        if self.chance.random() < 0.9:  # old records name the user alone
            context["user_id"] = self.number
        self.lines.append(
            {
                "username": f"user{self.number}",
                "event_type": name,
                "event_source": source,
                "time": self.at.isoformat(timespec="microseconds"),
                "session": f"s{self.number}{self.at:%d}",
                "page": self.page if source == "browser" else None,
                "context": context,
                "event": json.dumps(said) if self.chance.random() < 0.5 else said,
            }
        )

    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    def request(self, path: str) -> None:
        self.tell(path, '{"GET": {}, "POST": {"input": ["'[: self.chance.randrange(10, 30)], "server")

    def open(self, chapter: str) -> None:
        if self.page:
            self.tell("page_close")
            self.done["time_ping"] += 1
        path = f"/courses/{COURSE}/courseware/{chapter}/intro/"
        self.page = f"https://lms.example{path}"
        for each in (f"/courses/{COURSE}/courseware/{chapter}/", path, "/jsi18n/", "/static/a.js"):
            self.request(each)
        self.done["page_view"] += 1

    def step(self) -> None:
        self.tell("seq_next", {"old": 1, "new": 2, "id": BLOCK.format("sequential", "intro")})
        self.request(
            f"/courses/{COURSE}/xblock/{BLOCK.format('sequential', 'intro')}/handler/xmodule_handler/goto_position"
        )
        self.done["page_view"] += 1

    def check(self, problem: str, grade: int) -> None:
        block = BLOCK.format("problem", problem)
        self.tell("problem_check", f"input_{problem}_2_1=3")
        self.request(f"/courses/{COURSE}/xblock/{block}/handler/xmodule_handler/problem_check")
        said = {"problem_id": block, "weighted_earned": grade, "weighted_possible": 4, "user_id": str(self.number)}
        self.tell("edx.grades.problem.submitted", said, "server")
        self.tell("problem_check", {"problem_id": block, "grade": grade, "max_grade": 4, "attempts": 1}, "server")
        self.tell("problem_graded", [f"input_{problem}_2_1=3", "<p></p>"])
        self.done["quiz_submit"] += 1
        self.attempts.append((block, 25.0 * grade))

    def watch(self, video: str, seconds: int) -> None:
        self.tell("load_video", {"id": video, "code": "html5"})
        self.tell("play_video", {"id": video, "code": "html5", "currentTime": 0, "duration": 600})
        self.wait(seconds)
        self.tell("pause_video", {"id": video, "code": "html5", "currentTime": float(seconds), "duration": 600})
        self.request(f"/courses/{COURSE}/xblock/{BLOCK.format('video', video)}/handler/xmodule_handler/save_user_state")
        self.done.update(("video_play", "video_pause"))
        self.watched[BLOCK.format("video", video)] += seconds

    def post(self) -> None:
        self.request(f"/courses/{COURSE}/discussion/threads/5a/reply")
        self.tell("edx.forum.response.created", {"id": "5b", "body": "…", "user_course_roles": []}, "server")
        self.done["forum_post"] += 1

    def enroll(self) -> None:
        self.request("/change_enrollment")
        self.tell("edx.course.enrollment.activated", {"course_id": COURSE, "user_id": self.number}, "server")
        self.done["course_enroll"] += 1


def studied(number: int) -> Student:
    """Returns a student after a week."""
    student = Student(number, random.Random(number))
    student.enroll()
    for day in range(3):
        student.at = BEGINS + timedelta(days=day, minutes=number)
        student.page = ""
        for chapter in ("week1", "week2"):
            student.open(chapter)
            for n in range(student.chance.randrange(2, 5)):
                student.wait(student.chance.randrange(15, 90))
                match student.chance.randrange(3):
                    case 0:
                        student.step()
                    case 1:
                        student.post()
                    case _:
                        student.check(f"p{n}", n % 5)
            student.watch(f"v{day}{chapter}", student.chance.randrange(20, 200))
            student.wait(10)
    return student


def test_each_action_of_a_tracking_log_counts_once(postgres_url: str, tmp_path: Path) -> None:
    students = [studied(number) for number in range(7, 13)]
    lines = sorted((line for student in students for line in student.lines), key=lambda line: str(line["time"]))
    file = tmp_path / "tracking.log.gz"
    file.write_bytes(gzip.compress("\n".join(f"INFO [tracking] - {json.dumps(line)}" for line in lines).encode()))

    log = read_log([file], reader_of("edx", Options(class_id="CS1")))
    assert not log.skipped
    assert len(log.entries) + sum(log.uncounted.values()) == len(lines)
    records = [
        Record("clickstream_events", 0, offset, entry.event_ms or 0, entry.value, entry.key)
        for offset, entry in enumerate(log.entries)
    ]
    closes = BEGINS + timedelta(days=3)
    until_ms = round(closes.timestamp() * 1000)
    records.append(Record("clickstream_events", 0, len(records), until_ms, None, None, until_ms))
    roster = [{"student_id": str(s.number), "course_id": COURSE, "class_id": "CS1"} for s in students]
    migrate(postgres_url, settings=Settings(_env_file=None))
    store(postgres_url, World(records, {"enrolments": roster}, closes, School([], 0)))

    with psycopg.connect(postgres_url) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query.encode()).fetchall()

        counted = {(student, name): n for student, name, n in rows(
            "SELECT student_id, event_name, count(*) FROM events GROUP BY 1, 2"
        )}  # fmt: skip
        assert counted == {(str(s.number), name): n for s in students for name, n in s.done.items()}
        attempts = Counter(rows("SELECT user_id, module, score FROM quiz_attempts"))
        assert attempts == Counter((str(s.number), module, score) for s in students for module, score in s.attempts)
        views = {(student, video): watched for student, video, watched in rows(
            "SELECT student_id, video_id, round(sum(watched_seconds))::int FROM video_views GROUP BY 1, 2"
        )}  # fmt: skip
        assert views == {(str(s.number), video): n for s in students for video, n in s.watched.items()}
        days = dict(rows("SELECT student_id, sum(interactions)::int FROM student_days GROUP BY 1"))
        assert days == {
            str(s.number): sum(n for name, n in s.done.items() if name not in NO_INTERACTIONS) for s in students
        }
