"""Who is told of what, and when nobody is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.alerting.reminders.conftest import DAY, NOW, Reminded


def test_a_student_is_told_what_is_due_the_most_urgent_first(reminded: Reminded) -> None:
    reminded.student("ann", "fractions", "angles")
    reminded.school.put(
        content_items=[{"course_id": "math", "item_id": "angles", "kind": "module", "title": "Angles\n and arcs"}]
    )
    done = reminded.run()
    assert (done.exit_code, done.stdout) == (0, "1 sent\n"), done.output
    lines = reminded.letter().splitlines()
    assert lines[2:4] == ["- Angles and arcs: since Saturday 28 February", "- fractions: since Sunday 1 March"]
    [message] = reminded.mail.messages
    assert (message["Subject"], message["To"]) == ("2 modules are due for review", "ann@school.example")
    assert message["From"] == "Reviews <reviews@school.example>"


def test_what_is_long_overdue_comes_before_what_is_due_longer(reminded: Reminded) -> None:
    reminded.student("ann", "slow", days=9)
    reminded.student("ben")
    reminded.due("ann", "quick", NOW - 2 * DAY)
    state = {"user_id": "ann", "task": 0, "model": "ebbinghaus", "last_score": 80, "stability": 1, "decay_factor": 1}
    reviewed = {"slow": (NOW - 40 * DAY, 31), "quick": (NOW - 3 * DAY, 1)}
    reminded.school.put(
        memory_state=[
            state
            | {"module": module, "last_reviewed_at": last, "next_review_at": last + days * DAY, "interval_days": days}
            | {"reviews": 1}
            for module, (last, days) in reviewed.items()
        ]
    )
    reminded.run()
    lines = reminded.letter().splitlines()
    assert lines[2:4] == ["- quick: since Saturday 28 February, long overdue", "- slow: since Saturday 21 February"]


def test_of_more_than_five_the_rest_is_counted(reminded: Reminded) -> None:
    reminded.student("ann", *(f"m{n}" for n in range(8)))
    reminded.run()
    assert reminded.letter().count("\n- ") == 5
    assert "and 3 more" in reminded.letter()
    assert reminded.mail.messages[0]["Subject"] == "8 modules are due for review"


def test_who_has_nothing_open_is_not_enrolled_or_has_no_address_gets_nothing(reminded: Reminded) -> None:
    reminded.student("left", "m", enrolled=False)
    reminded.student("early")
    reminded.due("early", "m", NOW + timedelta(minutes=1))
    reminded.student("done")
    reminded.due("done", "m", NOW - DAY, reviewed=NOW - timedelta(hours=1))
    reminded.student("mute", "m")
    reminded.school.empty("student_addresses")
    reminded.student("ann", "m")
    reminded.school.put(student_addresses=[{"student_id": "mute", "email": None}])
    reminded.run()
    assert reminded.reported() == ["ann"]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-03-02T19:00+00:00", "it is 20:00, which is night"),
        ("2026-03-02T05:29+00:00", "it is 06:29, which is night"),
        ("2026-12-23T15:00+00:00", "2026-12-23 is a holiday"),
        ("2026-07-01T15:00+00:00", "2026-07-01 is outside every term"),
        ("2026-06-30T22:30+00:00", "2026-07-01 is outside every term"),  # past midnight in Berlin
    ],
)
def test_nobody_is_told_at_night_in_holidays_or_outside_terms(reminded: Reminded, now: str, said: str) -> None:
    terms = [("spring", "2026-02-01", "2026-06-30"), ("winter", "2026-09-01", "2026-12-31")]
    reminded.school.put(terms=[{"term_id": t, "starts": starts, "ends": ends} for t, starts, ends in terms])
    reminded.student("ann", "m")
    reminded.at(datetime.fromisoformat(now))
    done = reminded.run()
    assert (done.exit_code, said in done.stdout) == (0, True), done.output
    assert reminded.reported() == []


def test_a_student_is_told_once_a_local_day(reminded: Reminded) -> None:
    reminded.student("ann", "m")
    for now in (NOW, NOW + timedelta(hours=2), NOW + DAY):
        reminded.at(now)
        assert reminded.run().exit_code == 0
    assert reminded.reported() == ["ann", "ann"]
    assert [day.day for (day,) in reminded.rows("SELECT day FROM reminders ORDER BY 1")] == [2, 3]


def test_who_opts_out_is_left_alone_until_they_opt_in(reminded: Reminded) -> None:
    reminded.student("ann", "m")
    assert "no reminders from now on" in reminded.run("--opt-out", "ann").stdout
    assert "had none" in reminded.run("--opt-out", "ann").stdout
    reminded.run()
    assert reminded.reported() == []
    assert "reminders again" in reminded.run("--opt-in", "ann").stdout
    reminded.run()
    assert reminded.reported() == ["ann"]


def test_the_letter_says_how_to_get_no_more(reminded: Reminded, monkeypatch: pytest.MonkeyPatch) -> None:
    reminded.student("ann", "m")
    reminded.run()
    [message] = reminded.mail.messages
    assert message["List-Unsubscribe"] == "<mailto:reviews@school.example?subject=unsubscribe%20ann>"
    assert 'write "unsubscribe ann" to reviews@school.example' in reminded.letter()
    monkeypatch.setenv("CLASSPULSE_REMIND_UNSUBSCRIBE", "https://lms.school.example/mails")
    reminded.at(NOW + DAY)
    reminded.run()
    assert reminded.mail.messages[1]["List-Unsubscribe"] == "<https://lms.school.example/mails>"


def test_a_dry_run_shows_and_sends_nothing(reminded: Reminded) -> None:
    reminded.student("ann", *(f"m{n}" for n in range(6)))
    done = reminded.run("--dry-run")
    assert done.stdout == "ann: m5, m4, m3, m2, m1 and 1 more\n1 student(s) would be told\n"
    assert (reminded.reported(), reminded.rows("SELECT * FROM reminders")) == ([], [])


@pytest.mark.parametrize("name", ["CLASSPULSE_SMTP_HOST", "CLASSPULSE_SMTP_FROM"])
def test_without_a_mail_server_nothing_is_claimed(
    reminded: Reminded, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reminded.student("ann", "m")
    monkeypatch.delenv(name)
    done = reminded.run()
    assert (done.exit_code, "CLASSPULSE_SMTP_HOST" in done.stderr) == (3, True)
    assert reminded.rows("SELECT * FROM reminders") == []


def test_the_messengers_rights_are_enough(reminded: Reminded, monkeypatch: pytest.MonkeyPatch) -> None:
    reminded.student("ann", "m")
    reminded.student("ben", "m")
    monkeypatch.setenv("DATABASE_URL", f"{reminded.school.url}?options=-crole%3Dclasspulse_messenger")
    assert reminded.run("--opt-out", "ben").exit_code == 0
    done = reminded.run()
    assert (done.exit_code, reminded.reported()) == (0, ["ann"]), done.output


def test_the_ledger_forgets_after_three_months(reminded: Reminded) -> None:
    day = NOW.date()
    old = [{"student_id": "ann", "day": day - timedelta(days=days), "items": 1} for days in (90, 91)]
    reminded.school.put(reminders=old)
    reminded.run()
    assert reminded.rows("SELECT day FROM reminders") == [(day - timedelta(days=90),)]
