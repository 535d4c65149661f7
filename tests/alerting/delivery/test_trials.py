"""`alerts test` against a real Alertmanager: one of each arrives, marked as a test, and what does not is named."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerting.delivery.inbox import Inbox
from alerting.delivery.trial import without_secrets
from cli.main import app
from local.alertmanager import PROGRAMS, Alertmanager
from tests.alerting.mailbox import Mailbox
from tests.parts import require

Start = Callable[..., None]


@pytest.fixture
def places() -> Iterator[tuple[Inbox, Mailbox]]:
    slack, mail = Inbox("127.0.0.1", 0), Mailbox()
    for server in (slack, mail):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield slack, mail
    for server in (slack, mail):
        server.shutdown()
        server.server_close()


@pytest.fixture
def start(tmp_path: Path, places: tuple[Inbox, Mailbox], monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts Alertmanager on our own files, in the middle of the night."""
    require("alertmanager", any(map(shutil.which, PROGRAMS)), "alertmanager is not installed")
    slack, mail = places
    env = {
        "CLASSPULSE_SLACK_URL": f"http://127.0.0.1:{slack.server_address[1]}/slack",
        "CLASSPULSE_SMTP_HOST": mail.address,
        "CLASSPULSE_OPERATORS_EMAIL": "night-shift@school.example",
        "CLASSPULSE_NIGHT": "00:00-24:00",
    }
    part = Alertmanager(tmp_path, env=env)

    def started(**changed: str) -> None:
        env.update(changed)
        monkeypatch.setenv("ALERTMANAGER_URL", part.start())

    yield started
    part.destroy()


def tried(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["alerts", "test", *arguments])


def test_one_of_each_arrives_at_night_too(start: Start, places: tuple[Inbox, Mailbox]) -> None:
    start()
    slack, mail = places
    done = tried()
    assert done.exit_code == 0, done.output
    for place in ("slack", "email"):
        for what in ("critical and warning", "resolved"):
            assert f"✓ alertmanager: {place} ({what}): accepted" in done.stdout
    titles = [message.body["attachments"][0]["title"] for message in slack.messages]
    subjects = [str(message["Subject"]) for message in mail.messages]
    wanted = [
        "Critical: Test of ClassPulse: a critical alert",
        "Resolved: Test of ClassPulse: a critical alert",
        "Resolved: Test of ClassPulse: a warning alert",
        "Test of ClassPulse: a warning alert",
    ]
    assert sorted(titles) == sorted(subjects) == wanted
    assert "• grafana: address: GRAFANA_URL is not set, so nothing was sent" in done.stdout


def test_a_place_that_takes_nothing_is_named_and_the_other_is_not(start: Start) -> None:
    start(CLASSPULSE_SLACK_URL="http://127.0.0.1:9/T/B/secret")
    done = tried("--patience", "8")
    assert done.exit_code == 1
    assert "✗ alertmanager: slack (critical and warning): " in done.stdout
    assert "CLASSPULSE_SLACK_URL" in done.stdout
    assert "✓ alertmanager: email (critical and warning): accepted" in done.stdout
    assert "secret" not in done.output


def test_an_alertmanager_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTMANAGER_URL", "http://127.0.0.1:9")
    done = tried()
    assert (done.exit_code, "Connection refused" in done.stdout) == (1, True), done.output


def test_where_nothing_is_set_nothing_was_tried() -> None:
    done = tried()
    assert (done.exit_code, done.stdout.count("so nothing was sent")) == (1, 2)


def test_the_path_of_a_webhook_is_not_shown() -> None:
    said = without_secrets('Post "https://hooks.slack.com/services/T/B/x": dial tcp: no such host')
    assert said == 'Post "https://hooks.slack.com/…": dial tcp: no such host'
