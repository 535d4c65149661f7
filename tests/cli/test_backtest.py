"""`classpulse alerts backtest` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from cli.alerts import app
from tests.alerting.backtest.lesson_log import clicks, store
from tests.cli.running import run, start
from tests.waiting import until

RULES = ("idle_share", "active_students_drop")


@pytest.fixture
def school(postgres_url: str) -> str:
    """A class that worked until 10:10:30."""
    store(postgres_url, [click for n in range(10) for click in clicks(f"7B-{n}", "10:00:30", "10:10:30")])
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("INSERT INTO class_staff (class_id, staff_id) VALUES ('7B', 'ada')")
    return postgres_url


def backtest(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("alerts", "backtest", *arguments, servers="", DATABASE_URL=url)


def test_it_says_when_rules_would_have_fired_and_what_would_have_been_sent(school: str) -> None:
    done = backtest(school, *RULES, "--from", "2026-03-02T10:00", "--to", "2026-03-02T11:30", "--json")
    assert done.returncode == 0, done.stderr
    idle, drop = json.loads(done.stdout)
    assert [idle["rule"], drop["rule"]] == list(RULES)
    [call] = idle["calls"]
    assert (call["class_id"], call["fires"], call["over"]) == (
        "7B",
        "2026-03-02T10:21:00+00:00",
        "2026-03-02T10:46:00+00:00",
    )
    assert (call["words"]["idle"], call["words"]["present"]) == ("10", "10")
    assert [(m["at"][11:19], m["what"]) for m in idle["messages"]] == [("10:21:10", "fires"), ("11:06:10", "over")]
    assert idle["budget"]["a_class_and_lesson"] == {"max": 1, "p95": 1, "mean": 1.0, "may_be": 1}
    assert idle["budget"]["a_teacher_and_week"]["max"] == 1
    assert (idle["budget"]["kept"], drop["calls"][0]["fires"][11:16]) == (True, "10:13")
    # the archive begins with the first click
    assert "stored from 2026-03-02 10:00" in done.stderr


def test_another_limit_is_tried_and_the_rest_is_as_it_was(school: str) -> None:
    done = backtest(school, "idle_share", "--to", "2026-03-02 11:30", "--limit", "present_least=11")
    assert done.returncode == 0, done.stderr
    assert "it would not have fired" in done.stdout
    assert "within what may go out at once" in done.stdout


def test_a_run_that_is_ended_leaves_nothing_behind(school: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as somebody else where we are root
        running = start("alerts", "backtest", "idle_share", servers="", DATABASE_URL=school, TMPDIR=name)
        until(lambda: list(folder.glob("classpulse-backtest-*/scratch/data/postmaster.pid")), 60)
        running.terminate()
        running.communicate(timeout=60)
        assert (running.returncode, list(folder.iterdir())) == (143, [])


def test_where_nothing_is_stored_it_says_from_when_to_when_something_is(school: str) -> None:
    done = backtest(school, "idle_share", "--from", "2027-01-01")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the archive reaches from 2026-03-02 10:00 to 2026-03-02 20:00 UTC" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["sleepy"], "there is no rule 'sleepy'; there are: active_students_drop, idle_share"),
        (["idle_share", "--limit", "sleepy=1"], "'sleepy=1' is not NAME=VALUE with a NAME of: absent_minute"),
        (["idle_share", "--limit", "idle_share_high=2"], "idle_share_high: Input should be less than or equal to 1"),
        (["idle_share", "--clock", "sun"], "'sun' is neither `wall` nor `data`"),
        (["idle_share", "--from", "yesterday"], "does not match the formats"),
    ],
)
def test_what_cannot_be_understood_is_said(arguments: list[str], reported: str) -> None:
    done = CliRunner().invoke(app, ["backtest", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})
    assert done.exit_code == 2
    assert reported in " ".join(done.output.replace("│", "").split())
