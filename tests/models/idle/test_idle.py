"""About to go idle: what is asked, what was known then, and a judgement that sees nothing before it is said."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows.stuck.marks import GONE, WORK, WRONG, Mark
from models.idle.evaluation import chances
from models.idle.moments import Moment, moments

MINUTE = 60_000
START = 29_000_000 * MINUTE


def acts(*minutes: float, verb: int = WORK) -> list[Mark]:
    return [Mark(START + int(at * MINUTE), place, verb, "q") for place, at in enumerate(minutes)]


def queried(marks: list[Mark], ends: float = 60) -> list[tuple[float, int, int, bool]]:
    """Minute asked, whole minutes since the last action, minute of the session, whether it became idle."""
    found = moments({"ann": marks}, START + int(ends * MINUTE))
    return [((one.at_ms - START) / MINUTE, one.since, one.minute, one.was) for one in found]


def test_each_whole_minute_of_a_silence_is_asked_until_it_is_over_or_five_minutes_long() -> None:
    assert queried(acts(0.5, 2.5, 20)) == [
        *[(1, 0, 0, False), (2, 1, 1, False)],
        *[(minute, minute - 3, minute - 1, True) for minute in (3, 4, 5, 6, 7)],
        *[(20 + n, n, 19 + n, True) for n in range(5)],
    ]


def test_a_silence_that_the_logs_end_cuts_short_and_one_after_goodbye_are_left_out() -> None:
    assert queried(acts(0.5, 2.5), ends=5) == [(1, 0, 0, False), (2, 1, 1, False)]
    goodbye = [*acts(0.5), Mark(START + 2 * MINUTE, 9, GONE)]
    assert {minute for minute, *_ in queried(goodbye)} == {1}


def school(seed: int, students: int = 40) -> dict[str, list[Mark]]:
    """Students of whom each has a rhythm of their own, and whom wrong answers stop more often than others."""
    rng = random.Random(seed)
    found = {}
    for number in range(students):
        now, marks, pace = START + rng.randrange(30 * MINUTE), list[Mark](), rng.choice((0.4, 3.0))
        for place in range(60):
            verb = rng.choice((WORK, WRONG))
            marks.append(Mark(now, place, verb, "q"))
            now += int(rng.expovariate(1 / (pace * MINUTE * (3 if verb == WRONG else 1)))) + 1
        found[f"s{number}"] = marks
    return found


def test_what_is_said_depends_on_nothing_that_was_known_later() -> None:
    every = moments(school(1), START + 10**9)
    said = chances(every)
    cut = len(every) // 2
    changed = [*every[:cut], *(Moment(*one[:5], not one.was, one.told_ms) for one in every[cut:])]
    for name, other in chances(changed).items():
        assert np.array_equal(said[name][: cut + 1], other[: cut + 1]), name


def test_signs_that_tell_beat_the_baselines_and_none_do_not(tmp_path: Path) -> None:
    def judged(students: dict[str, list[Mark]]) -> dict[str, Any]:
        path = tmp_path / "log.jsonl"
        names = {WORK: "button_click", WRONG: "quiz_answer"}
        lines = [
            {"student_id": who, "event_name": names[one.verb], "timestamp": one.time_ms, "assessment_id": "q"}
            | ({"metadata": {"correct": False}} if one.verb == WRONG else {})
            for who, marks in students.items()
            for one in marks
        ]
        path.write_text("".join(json.dumps(one) + "\n" for one in lines))
        done = CliRunner().invoke(app, ["predict", "evaluate", "idle", str(path), "--json"])
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    many = judged(school(2))
    assert many["is_shown"] and many["model"]["brier"] < many["since_last_action"]["brier"]
    few = judged({"s0": school(2)["s0"]})
    assert not few["is_shown"] and "at least 500" in few["answer"]


@pytest.mark.parametrize("name", ["moodle-oop-course.csv.gz"])
def test_a_real_log_gives_the_model_cards_figures(data_dir: Path, name: str) -> None:
    done = CliRunner().invoke(
        app, ["predict", "evaluate", "idle", str(data_dir / name), "--format", "moodle", "--json"]
    )
    found = json.loads(done.stdout)
    card = (Path(__file__).parents[3] / "docs" / "model-card-idle.md").read_text()
    for which in ("model", "since_last_action", "minute_of_session"):
        assert f"| {found[which]['brier']:.4f} |" in card
    assert found["is_shown"] and found["model"]["calibration_error"] < 0.01
