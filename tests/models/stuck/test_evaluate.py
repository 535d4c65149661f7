"""`classpulse predict evaluate stuck`: a lesson whose stuck students are known, and logs that cannot show it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows.settings import Settings
from dataflows.stuck.marks import HINT, RIGHT, WORK, WRONG, Mark
from models.stuck.log import is_train, read
from models.stuck.queue import Call, listed
from models.stuck.truth import Truth

MINUTE = 60_000
BEGIN = 1_790_000_000_000


def lesson(path: Path, seed: int = 1) -> set[str]:
    """Writes a day of 60 students of two classes; returns those who are stuck: nobody else ever fails three times."""
    rng, events, stuck = random.Random(seed), [], set()
    for n in range(60):
        student = f"s{n}"
        if n % 4 == 0:
            stuck.add(student)
        time_s = rng.uniform(0, 600)
        for question in range(1, 13):
            time_s += rng.uniform(15, 45)
            correct = question <= 3 if student in stuck else rng.random() < 0.8 or question % 3 == 0
            events.append(event(student, time_s, "quiz_answer", question=question, correct=correct))
        if student not in stuck:
            events.append(event(student, time_s + 20, "quiz_submit", score=90))
    events.append(event("s1", 5 * 3600, "page_view"))
    events.sort(key=lambda one: one["timestamp"])
    path.write_text("\n".join(map(json.dumps, events)))
    return stuck


def event(student: str, time_s: float, name: str, **metadata: Any) -> dict[str, Any]:
    made = {"student_id": student, "event_name": name, "timestamp": BEGIN + int(time_s * 1000), "metadata": metadata}
    return made | {"assessment_id": "fractions", "class_id": "7A" if int(student[1:]) % 2 else "7B"}


def evaluated(path: Path, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["predict", "evaluate", "stuck", str(path), "--json", *options])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_lesson_with_known_stuck_students_is_found_with_its_base_rate_and_earlier_than_by_idleness(
    tmp_path: Path,
) -> None:
    stuck = lesson(tmp_path / "lesson.jsonl")
    held = {student for student in stuck if not is_train(student)}
    found = evaluated(tmp_path / "lesson.jsonl")
    precision, base = found["precision_at_3"], found["base_rate"]
    assert precision["hits"] >= len(held) // 2  # three at a time: the others wait
    assert precision["value"] > 0.9 > 0.5 > base["value"] > 0.05
    assert precision["low"] <= precision["value"] <= precision["high"]
    earlier = found["minutes_earlier"]
    assert earlier["n"] == precision["hits"]
    assert earlier["median"] > 5
    assert found["why_not"] == [f"only {precision['n']} entries on held-out students: too few to say anything firm"]
    assert f"{precision['hits']} of {precision['n']} listed were truly stuck" in found["answer"]


def test_a_day_of_wrong_answers_alone_has_no_list_above_its_base_rate(tmp_path: Path) -> None:
    path = tmp_path / "blind.jsonl"
    rng = random.Random(5)
    events = [
        event(f"s{n % 80}", n * 4 + rng.random(), "quiz_answer", correct=rng.random() < 0.35) for n in range(6000)
    ]
    path.write_text("\n".join(map(json.dumps, events)))
    found = evaluated(path)
    precision, base = found["precision_at_3"], found["base_rate"]
    assert precision["low"] <= base["value"] + 0.05
    assert base["low"] <= precision["high"]


def test_what_a_log_cannot_show_is_said(tmp_path: Path) -> None:
    silent = tmp_path / "forum.jsonl"
    posts = [event(f"s{n % 9}", n * 60, "forum_post") for n in range(200)]
    for post in posts:
        del post["class_id"], post["assessment_id"]
    silent.write_text("\n".join(map(json.dumps, posts)))
    found = evaluated(silent)
    assert found["precision_at_3"] is None
    assert found["minutes_earlier"] is None
    assert "success is never seen" in found["answer"]
    tiny = tmp_path / "tiny.jsonl"
    tiny.write_text(json.dumps(event("s1", 0, "quiz_answer", correct=False)) + "\nnot json\n")
    found = evaluated(tiny)
    assert (found["log"]["events"], found["log"]["left_out"]) == (1, {"unreadable": 1})
    assert found["answer"].startswith("This log cannot show it")
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    assert "no event of a student" in evaluated(empty)["answer"]


def test_the_real_moodle_log_gives_a_plain_answer(data_dir: Path) -> None:
    found = evaluated(data_dir / "moodle-oop-course.csv.gz", "--format", "moodle")
    assert (found["log"]["events"], found["log"]["students"]) == (56_275, 269)
    assert found["minutes_earlier"] is None
    assert "no answer and no score" in found["answer"]


def test_what_was_counted_is_printed_as_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson(tmp_path / "lesson.jsonl")
    done = CliRunner().invoke(app, ["predict", "train", "stuck", str(tmp_path / "lesson.jsonl")])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    for line in lines:
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).stuck_chances["wrong_answers"] > 0.7


def test_truth_looks_only_at_what_comes_after() -> None:
    def marks(*said: tuple[float, int]) -> list[Mark]:
        return [Mark(int(minute * MINUTE), place, verb, "q") for place, (minute, verb) in enumerate(said)]

    def stuck(*said: tuple[float, int], ends: float = 1000) -> bool | None:
        return Truth(marks((0, WRONG), *said), int(ends * MINUTE)).is_stuck("q", 0)

    assert stuck((1, WRONG), (2, WRONG), (3, WRONG), (4, RIGHT)) is True
    assert stuck((1, WRONG), (2, WRONG), (3, RIGHT)) is False
    assert stuck((10, HINT)) is True  # left within 20 minutes
    assert stuck((10, WORK), (25, WORK)) is False  # stayed, and did not fail three times
    assert stuck((19, WORK), (19 + 121, RIGHT)) is True  # came back after two hours
    assert stuck() is True
    assert stuck(ends=19) is None


def test_the_list_shows_three_students_the_likeliest_first_and_knows_no_later_chance() -> None:
    def call(student: str, chance: int, from_min: int, until_min: int, called_min: int | None = None) -> Call:
        called = from_min if called_min is None else called_min
        return Call(student, "7B", "q", "k", 0, called * MINUTE, from_min * MINUTE, until_min * MINUTE, chance)

    calls = [call(who, 500, 1, 30) for who in ("ann", "bob", "cem")]
    calls += [call("dia", 400, 2, 10), call("dia", 600, 10, 30, called_min=2), call("eve", 300, 2, 20)]
    calls += [call("fay", 450, 31, 40)]
    assert [(one.call.student, one.at_ms // MINUTE) for one in listed(calls)] == [
        ("ann", 1),
        ("bob", 1),
        ("cem", 1),
        ("dia", 10),
        ("fay", 31),
    ]


def test_a_log_is_read_as_the_flow_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    one = event("s1", 1, "quiz_answer", correct=False) | {"event_id": "00000000-0000-4000-8000-000000000001"}
    staff = event("s2", 2, "quiz_answer", correct=False) | {"role": "teacher"}
    path.write_text("\n".join(map(json.dumps, [one, one, staff])))
    log = read([path], "jsonl", Settings(_env_file=None))
    assert (log.events, list(log.students), log.rejected) == (1, ["s1"], {"repeat": 1})
