"""Each learning alert through a real Grafana: told once, in words, to Slack and by e-mail, and taken back."""

from __future__ import annotations

import html
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from alerting.delivery.inbox import Inbox
from alerting.rules import RULES
from db.migrate import migrate
from demo.grafana import find
from tests.alerting.chapters import paces, reads
from tests.alerting.lessons import NOW, clock, idle_in_earlier_weeks, put_class
from tests.alerting.mailbox import Mailbox
from tests.alerting.test_day_rules import due, hand_in, lesson, views
from tests.alerting.test_learning_rules import answers, attempts, curve, curves
from tests.alerting.test_risk_rules import entries, risky
from tests.grafana.conftest import ROLE, School
from tests.grafana.test_real_grafana import PASSWORD, ROOT, Grafana, environment, free_port
from tests.parts import require
from tests.waiting import until

PATIENCE_S = 100.0
TITLES = {
    "active_students_drop": "Class drop, period 2: only 3 of 10 still active",
    "idle_share": "Class idle, period 2: 4 of 10 present inactive for 5 min (usual: 2–4)",
    "many_classes_drop": "6 of 7 running classes lost their students at once",
    "forgetting_risk": "7B Maths: about 54 of 100 would pass *Fractions* now",
    "quiz_failure": "7C Maths: 10 of 10 failed *Fractions* at first",
    "absent_at_minute_10": "absent, period 2: 1 of 9 had not come after ten minutes",
    "video_engagement": "video: half of today's views saw less than 20 % of the video",
    "due_tomorrow": "due: 1 of 1 have not handed in *My summer*, due tomorrow",
    "at_risk": "risk: newly at risk: 2",
    "chapter_engagement": "low: few work on *Poetry* (2 of 10)",
    "chapter_time": "slow: takes much longer than usual: *Drama* (20 min, usual 10)",
}
ABOUT = {  # of the two whose words are not asked any more, the ids are told
    "active_students_drop": "Class drop, period 2",
    "idle_share": "Class idle, period 2",
    "many_classes_drop": "",
    "forgetting_risk": "memory, m",
    "quiz_failure": "quiz, m",
    "due_tomorrow": "due, *My summer*",
}
TEXTS = {
    "idle_share": "Most on *Poetry* (3).",
    "quiz_failure": "Hardest: question 2 (10 of 10 wrong), question 1 (5 of 10 wrong).",
    "forgetting_risk": "is 54 %; of everybody else, as long after their quiz, it was 79 %.",
    "at_risk": "2 missed a due date, 2 not seen for seven study days. 3 of the class are at risk in all.",
}

PEOPLE = ("classes", "periods", "student_state", "enrolments", "engagement_scores")
FACTS = (
    *("memory_state", "quiz_attempts", "sessions_closed", "video_views", "content_items", "milestones", "events"),
    *("risk_entries", "chapter_visit_facts"),
)
REASONS = (
    r"The day is over\.|More was seen, or the day is over\.|All handed it in, or it is due\.|"
    r"They came back\.|The classes are back\.|It was revised, or the others know no more\.|"
    r"It is a week ago, or enough have passed\.|"
    r"They were told of, or are well again\.|More have worked on it, or it has been open for two weeks\.|"
    r"It takes about as long as usual again\."
)


@dataclass
class Here:
    """A running Grafana and where its messages end."""

    grafana: Grafana
    slack: Inbox
    mail: Mailbox
    log: Path

    def said(self, title: str) -> list[str]:
        """Returns the texts of Slack's messages under a title."""
        found = [one for message in self.slack.messages for one in message.body["attachments"]]
        return [one["text"] for one in found if one["title"] == title]

    def written(self, title: str) -> list[str]:
        """Returns the texts of the e-mails under a subject; Grafana sends HTML."""
        bodies = [mail.get_body(("html",)) for mail in self.mail.messages if mail["Subject"] == title]
        return [html.unescape(re.sub(r"<[^>]*>", " ", str(body.get_content()))) for body in bodies if body]

    def arrived(self, *titles: str) -> None:
        try:
            until(lambda: all(self.said(title) and self.written(title) for title in titles), PATIENCE_S)
        except AssertionError:
            titles_ = [message.words for message in self.slack.messages]
            subjects = [mail["Subject"] for mail in self.mail.messages]
            pytest.fail(f"wanted {titles}; Slack: {titles_}; mail: {subjects}; {self.log.read_text()[-3000:]}")

    def states(self) -> dict[str, set[str]]:
        """Returns the states of every rule's alerts by its uid."""
        groups = self.grafana.call("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return {rule["uid"]: {alert["state"] for alert in rule.get("alerts", [])} | {rule["health"]} for rule in rules}


@pytest.fixture
def here(timescale_server: Any, tmp_path: Path) -> Iterator[Here]:
    found = find()
    require("grafana", found is not None, "no Grafana at GRAFANA_HOME or on PATH")
    assert found
    name, owner = f"alerts_{secrets.token_hex(6)}", timescale_server.url("postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("ALTER DATABASE {} SET classpulse.clock = 'data'").format(sql.Identifier(name)))
    school = School(timescale_server.url(name))
    migrate(school.url)
    clock(school)
    with psycopg.connect(owner, autocommit=True) as connection:
        login = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
        connection.execute(login.format(sql.Identifier(name), sql.Literal(PASSWORD), sql.Identifier(ROLE)))
    slack, mail, port = Inbox("127.0.0.1", 0), Mailbox(), free_port()
    for server in (slack, mail):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = environment(school.url, name, tmp_path, port) | {
        "GF_PATHS_PROVISIONING": str(hastened(tmp_path)),
        "GF_UNIFIED_ALERTING_ALERTMANAGER_CONFIG_POLL_INTERVAL": "5s",
        "GF_SMTP_ENABLED": "true",
        "GF_SMTP_HOST": mail.address,
        "GF_SMTP_FROM_ADDRESS": "classpulse@school.example",
        "GF_SMTP_STARTTLS_POLICY": "NoStartTLS",
        "CLASSPULSE_GRAFANA_SLACK_URL": f"http://127.0.0.1:{slack.server_address[1]}/slack",
        "CLASSPULSE_GRAFANA_TEACHERS_EMAIL": "teachers@school.example",
        "CLASSPULSE_GRAFANA_OPERATORS_EMAIL": "operators@school.example",
    }
    with (tmp_path / "out.log").open("wb") as log:
        command = ["nice", *found[0], "--homepath", str(found[1])]
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log, cwd=tmp_path)
    one = Here(Grafana(f"http://127.0.0.1:{port}", school), slack, mail, tmp_path / "out.log")
    try:
        until(lambda: ready(one, process), PATIENCE_S)
        yield one
    finally:
        process.terminate()
        process.wait(30)
        for server in (slack, mail):
            server.shutdown()
            server.server_close()
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def ready(here: Here, process: subprocess.Popen[bytes]) -> bool:
    """Says whether every rule was evaluated; fails where Grafana ended."""
    assert process.poll() is None, here.log.read_text()[-4000:]
    try:
        states = here.states()
    except OSError:
        return False
    return states.keys() == {rule.uid for rule in RULES} and all("unknown" not in state for state in states.values())


def hastened(folder: Path) -> Path:
    """Returns a copy of the provisioned files that evaluates every ten seconds, waits for nothing, is never muted."""
    copy = folder / "provisioning"
    shutil.copytree(ROOT / "provisioning", copy)
    (copy / "plugins").mkdir(exist_ok=True)  # or it says that it is missing
    rules, policies = copy / "alerting" / "rules.yml", copy / "alerting" / "policies.yml"
    text = re.sub(r"(?<=\binterval: )\d+s", "10s", rules.read_text())
    rules.write_text(re.sub(r"\b(for|keepFiringFor): \d+s", r"\1: 0s", text))
    text = re.sub(r" *mute_time_intervals:\n(?: *- classpulse.*\n)+", "", policies.read_text())
    policies.write_text(re.sub(r"\b(group_wait|group_interval): \w+", r"\1: 2s", text))
    return copy


def quiet(school: School) -> None:
    """Makes every class one that works."""
    school.empty("activity_windows", *PEOPLE, *FACTS)
    curves(school, "memory", 10)
    school.put(memory_state=[curve(f"other-{n}", "m", days=10, stability=10) for n in range(10)])
    attempts(school, "quiz", failed=0, passed=10)
    answers(school, "quiz")
    lesson(school, 9, 9, class_id="absent")
    views(school, 9, 90, class_id="video")
    school.put(enrolments=[{"student_id": "ann", "course_id": "art", "class_id": "due"}])
    due(school, NOW + timedelta(days=1), course="art")
    hand_in(school, "ann", course="art")
    risky(school, "risk", new=0, old=1)
    reads(school, "low", worked=10, idle=0, course="eng")
    paces(school, "slow", minutes=10, usual=10, course="drama")
    for name in ("idle", "drop", "a", "b", "c", "d", "e"):
        put_class(school, name, active=10, before=10)
    idle_in_earlier_weeks(school, "idle")
    titles = {"memory": "7B Maths", "quiz": "7C Maths"}
    with psycopg.connect(school.url, autocommit=True) as owner:
        for class_id, title in titles.items():
            owner.execute("UPDATE classes SET title = %s WHERE class_id = %s", (title, class_id))
        owner.execute("UPDATE content_items SET title = 'My summer' WHERE item_id = 'essay'")
    school.put(content_items=[{"course_id": "maths", "item_id": "m", "kind": "module", "title": "Fractions"}])


def lessons_go_wrong(school: School) -> None:
    quiet(school)
    change(school, "idle", active=6, idle=4)
    idle_in_earlier_weeks(school, "idle")
    change(school, "drop", active=3)
    school.put(risk_entries=entries("risk", new=2))
    with psycopg.connect(school.url, autocommit=True) as owner:
        owner.execute(
            "UPDATE student_state SET course_id = 'eng', chapter_id = 'poetry' WHERE student_id ~ 'idle-[012]$'"
        )
        owner.execute("UPDATE memory_state SET last_score = 60 WHERE user_id LIKE 'memory-%'")
        owner.execute("UPDATE quiz_attempts SET score = 50")
        owner.execute("DELETE FROM sessions_closed WHERE student_id = 'absent-8'")
        owner.execute("UPDATE video_views SET watch_pct = 20")
        owner.execute("DELETE FROM milestones")
        owner.execute(
            "UPDATE chapter_visit_facts SET scroll_depth = 40 WHERE course_id = 'eng' AND student_id > 'low-1'"
        )
        owner.execute(
            "UPDATE chapter_visit_facts SET time_spent_seconds = 1200"
            " WHERE course_id = 'drama' AND start_time > '2026-02-23 10:20+00'"
        )


def the_tracker_breaks(school: School) -> None:
    quiet(school)
    for name in ("drop", "a", "b", "c", "d", "e"):
        change(school, name, active=0)


def change(school: School, class_id: str, active: int, idle: int = 0) -> None:
    with psycopg.connect(school.url, autocommit=True) as owner:
        for table in (*PEOPLE, "activity_windows"):
            column = "scope_id" if table == "activity_windows" else "class_id"
            owner.execute(f"DELETE FROM {table} WHERE {column} = %s", (class_id,))
    put_class(school, class_id, before=10, active=active, idle=idle)


ACTS: tuple[tuple[Callable[[School], None], tuple[str, ...]], ...] = (
    (lessons_go_wrong, tuple(name for name in TITLES if name != "many_classes_drop")),
    (the_tracker_breaks, ("many_classes_drop",)),
)


def test_every_alert_arrives_once_with_its_words_and_is_taken_back(here: Here) -> None:
    school = here.grafana.school
    for happens, names in ACTS:
        happens(school)
        here.arrived(*(TITLES[name] for name in names))
        quiet(school)
        here.arrived(*(over(name) for name in names))
    for title in TITLES.values():
        said, written = here.said(title), here.written(title)
        assert (title, len(said), len(written)) == (title, 1, 1)
        for text in (said[0], written[0]):
            assert "Data as of 10:20:00." in text
            assert re.search(r"Since \w{3} \d+ \w{3} \d\d:\d\d", text)
            assert "/d/classpulse-" in text
            assert not re.search(r"\{\{|no value|NaN|%!", text)
    for name, words in TEXTS.items():
        assert all(words in text for text in here.said(TITLES[name]) + here.written(TITLES[name])), name
    reasons = [text for name in TITLES for text in here.said(over(name)) + here.written(over(name))]
    assert all(re.search(rf"({REASONS}) From \w{{3}} ", text) for text in reasons), reasons
    assert {mail["To"] for mail in here.mail.messages} == {"teachers@school.example", "operators@school.example"}


def test_while_data_stall_an_alert_keeps_the_state_that_it_had(here: Here) -> None:
    school, title = here.grafana.school, TITLES["due_tomorrow"]
    quiet(school)
    school.empty("milestones")
    here.arrived(title)
    for_content(school, NOW - timedelta(seconds=70))
    hand_in(school, "ann", course="art")
    evaluated_again(here, "due_tomorrow", times=3)
    assert here.said(over("due_tomorrow")) == []
    states = here.states()["classpulse-due-tomorrow"]
    assert any(state.startswith("Alerting") for state in states), states
    for_content(school, NOW)
    here.arrived(over("due_tomorrow"))
    assert len(here.said(title)) == 1


def test_a_word_that_changes_leaves_the_alert_the_same(here: Here) -> None:
    school = here.grafana.school
    quiet(school)
    school.empty("milestones")
    here.arrived(TITLES["due_tomorrow"])
    with psycopg.connect(school.url, autocommit=True) as owner:
        owner.execute("UPDATE content_items SET title = 'My winter' WHERE item_id = 'essay'")
    evaluated_again(here, "due_tomorrow", times=3)
    groups = here.grafana.call("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule["uid"] == "classpulse-due-tomorrow"]
    [alert] = [alert for alert in rule["alerts"] if alert["labels"].get("item_id") == "essay"]
    assert "My winter" in alert["annotations"]["summary"]
    assert set(alert["labels"]) & {"item", "class", "missing", "as_of"} == set()
    assert len(here.slack.messages) == 1


def for_content(school: School, watermark: datetime) -> None:
    """Says how far the flow of what was handed in has come."""
    with psycopg.connect(school.url, autocommit=True) as owner:
        marks = json.dumps({"clickstream_events": round(watermark.timestamp() * 1000)})
        owner.execute("UPDATE task_progress SET watermarks = %s WHERE flow = 'content'", (marks,))


def evaluated_again(here: Here, name: str, *, times: int) -> None:
    """Waits until a rule was evaluated so many times more."""
    seen: set[str] = set()

    def often_enough() -> bool:
        groups = here.grafana.call("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
        uid = f"classpulse-{name.replace('_', '-')}"
        seen.update(rule["lastEvaluation"] for group in groups for rule in group["rules"] if rule["uid"] == uid)
        return len(seen) > times

    until(often_enough, PATIENCE_S)


def over(name: str) -> str:
    """Returns the title of an alert's end."""
    rule = next(rule for rule in RULES if rule.name == name)
    about = ABOUT.get(name, re.split(r"[,:]", TITLES[name])[0])
    return f"Over: {about}: {rule.title}" if about else f"Over: {rule.title}"


def test_no_file_is_complained_about(here: Here) -> None:
    assert [line for line in here.log.read_text().splitlines() if "level=error" in line and "provision" in line] == []


def test_the_list_of_this_test_is_that_of_the_rules() -> None:
    assert TITLES.keys() == {rule.name for rule in RULES}
