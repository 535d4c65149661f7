"""Never twice a day: crashes, two runs at once, and mail servers in every mood."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.alerting.reminders.conftest import DAY, NOW, Reminded
from tests.alerting.reminders.moody import Moody
from tests.waiting import until

Servers = Callable[[Callable[[str, str], str]], Moody]


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    made: list[Moody] = []

    def serve(answer: Callable[[str, str], str]) -> Moody:
        made.append(Moody(answer))
        monkeypatch.setenv("CLASSPULSE_SMTP_HOST", made[-1].address)
        return made[-1]

    yield serve
    for server in made:
        server.shutdown()
        server.server_close()


def started() -> subprocess.Popen[bytes]:
    """Runs the command in a process of its own, with this one's environment."""
    return subprocess.Popen([sys.executable, "-m", "cli.main", "remind"], env=os.environ.copy(), stderr=subprocess.PIPE)


def states(reminded: Reminded) -> dict[str, str]:
    query = "SELECT student_id, failure IS NOT NULL, sent_at IS NOT NULL FROM reminders"
    return {
        student: "failed" if failed else "sent" if sent else "claimed" for student, failed, sent in reminded.rows(query)
    }


@pytest.mark.parametrize("where", ["RCPT", "END"])
def test_who_was_claimed_when_a_run_died_is_told_the_next_day_and_not_twice(
    reminded: Reminded, moody: Servers, where: str
) -> None:
    queried, go_on = threading.Event(), threading.Event()

    def slow_for_ben(verb: str, to: str) -> str:
        if (verb, to) == (where, "ben"):
            queried.set()
            go_on.wait(60)
        return ""

    server = moody(slow_for_ben)
    for student in ("ann", "ben", "cem"):
        reminded.student(student, "m")
    run = started()
    assert queried.wait(60)
    run.kill()
    run.wait()
    assert states(reminded) == {"ann": "sent", "ben": "claimed"}
    go_on.set()
    if where == "END":
        until(lambda: "ben" in server.took)  # it had the whole message before the run died
    done = reminded.run()
    assert done.exit_code == 0, done.output
    assert [server.took.count(student) for student in ("ann", "ben", "cem")] == [1, int(where == "END"), 1]
    reminded.at(NOW + DAY)
    reminded.run()
    assert [server.took.count(student) for student in ("ann", "ben", "cem")] == [2, 1 + int(where == "END"), 2]


def test_two_runs_at_once_tell_everybody_once(reminded: Reminded, moody: Servers) -> None:
    both, students = threading.Barrier(2, timeout=60), [f"s{n:02d}" for n in range(20)]
    first: set[int] = set()

    def together(verb: str, _to: str) -> str:
        here = threading.get_ident()
        if verb == "RCPT" and here not in first:
            first.add(here)
            both.wait()
        return ""

    server = moody(together)
    for student in students:
        reminded.student(student, "m")
    runs = [started(), started()]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert sorted(server.took) == students
    assert set(states(reminded).values()) == {"sent"}


@pytest.mark.parametrize(("verb", "reply"), [("RCPT", "451 later"), ("MAIL", "break"), ("END", "452 full")])
def test_what_was_surely_not_sent_is_sent_by_the_next_run(
    reminded: Reminded, moody: Servers, verb: str, reply: str
) -> None:
    moods = [reply]
    server = moody(lambda said, _to: moods.pop() if said == verb and moods else "")
    for student in ("ann", "ben"):
        reminded.student(student, "m")
    done = reminded.run()
    assert (done.exit_code, "1 sent, 1 put off until the next run" in done.stdout) == (1, True), done.output
    assert states(reminded) == {"ben": "sent"}
    assert reminded.run().exit_code == 0
    assert server.took == ["ben", "ann"]


@pytest.mark.parametrize(("verb", "reply"), [("RCPT", "550 nobody here"), ("END", "554 no"), ("END", "break")])
def test_what_is_refused_or_unknown_is_not_tried_again_that_day(
    reminded: Reminded, moody: Servers, verb: str, reply: str
) -> None:
    server = moody(lambda said, to: reply if (said, to) == (verb, "ann") else "")
    for student in ("ann", "ben"):
        reminded.student(student, "m")
    done = reminded.run()
    assert (done.exit_code, "1 sent, 1 refused" in done.stdout, "ann: " in done.stderr) == (1, True, True), done.output
    assert states(reminded) == {"ann": "failed", "ben": "sent"}
    assert reminded.run().stdout == "0 sent\n"
    assert server.took == ["ben"]


def test_a_mail_server_that_is_away_stops_the_run_and_keeps_no_claim(
    reminded: Reminded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        reminded.student(f"s{number}", "m")
    monkeypatch.setenv("CLASSPULSE_SMTP_HOST", "127.0.0.1:9")
    done = reminded.run()
    assert (done.exit_code, "stopped: mail server 127.0.0.1:9: " in done.stderr) == (1, True), done.output
    assert "3 put off" in done.stdout
    assert states(reminded) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TLS": "true"}, "STARTTLS extension not supported"),
        ({"USER": "me"}, "others could read the password"),
        ({"USER": "me", "TLS": "false"}, "AUTH extension not supported"),
    ],
)
def test_what_is_demanded_of_the_mail_server_and_not_offered_keeps_everything_back(
    reminded: Reminded, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    reminded.student("ann", "m")
    for name, value in settings.items():
        monkeypatch.setenv(f"CLASSPULSE_SMTP_{name}", value)
    done = reminded.run()
    assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert (reminded.reported(), states(reminded)) == ([], {})


def test_who_opts_out_while_a_run_goes_on_gets_nothing_more(reminded: Reminded, moody: Servers) -> None:
    def opt_out(verb: str, to: str) -> str:
        if (verb, to) == ("RCPT", "ann"):
            reminded.run("--opt-out", "ben")
        return ""

    server = moody(opt_out)
    for student in ("ann", "ben"):
        reminded.student(student, "m")
    done = reminded.run()
    assert "1 told by another run or not wanted any more" in done.stdout
    assert server.took == ["ann"]


def test_no_more_are_sent_than_the_rate_allows(
    reminded: Reminded, moody: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []
    moody(lambda verb, _to: times.append(time.monotonic()) or "" if verb == "END" else "")  # type: ignore[func-returns-value]
    monkeypatch.setenv("CLASSPULSE_REMIND_PER_MINUTE", "300")
    for number in range(4):
        reminded.student(f"s{number}", "m")
    assert reminded.run().exit_code == 0
    assert times[-1] - times[0] >= 3 * 60 / 300 * 0.95
