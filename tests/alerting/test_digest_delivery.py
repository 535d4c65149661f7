"""Digests through a real Grafana whose window is two minutes long: told inside it, once, a message a class."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alerting.lessons import NOW
from tests.alerting.test_day_rules import due, lesson
from tests.alerting.test_learning_delivery import PATIENCE_S, Here, evaluated_again, here
from tests.alerting.test_routing_delivery import folder, route
from tests.waiting import until

__all__ = ["folder", "here"]

MINUTE = timedelta(minutes=1)
LONG_S = 300.0


def window(monkeypatch: pytest.MonkeyPatch) -> tuple[datetime, datetime]:
    """Sets digests to two minutes that begin between one and two minutes from now; returns them."""
    begins = datetime.now(UTC).replace(second=0, microsecond=0) + 2 * MINUTE
    ahead = 12 - begins.hour  # a zone where it is noon: no day ends meanwhile
    local = begins + timedelta(hours=ahead)
    monkeypatch.setenv("CLASSPULSE_TIMEZONE", f"Etc/GMT{-ahead:+d}")
    monkeypatch.setenv("CLASSPULSE_DIGEST", f"{local:%H:%M}-{local + 2 * MINUTE:%H:%M}")
    return begins, begins + 2 * MINUTE


def reported(here: Here) -> list[str]:
    """Returns the titles of Slack's messages."""
    return [one["title"] for message in here.slack.messages for one in message.body["attachments"]]


def firing(here: Here, name: str) -> bool:
    return any(state.startswith("Alerting") for state in here.states()[f"classpulse-{name.replace('_', '-')}"])


@pytest.mark.soak
def test_a_digest_waits_for_its_window_and_is_told_once_with_all_that_holds_then(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = here.grafana.school
    begins, ends = window(monkeypatch)
    done = route("--folder", folder)
    assert done.exit_code == 0, done.output
    lesson(school, 9, 8, class_id="mended")
    until(lambda: firing(here, "absent_at_minute_10"), PATIENCE_S)
    school.empty("enrolments", "periods", "sessions_closed")
    evaluated_again(here, "absent_at_minute_10", times=3)
    lesson(school, 9, 8, class_id="one")
    due(school, NOW + timedelta(days=1))
    until(lambda: firing(here, "absent_at_minute_10") and firing(here, "due_tomorrow"), PATIENCE_S)
    assert reported(here) == []
    assert datetime.now(UTC) < begins, "the machine was too slow for this test"

    until(lambda: reported(here), LONG_S)
    assert begins <= here.slack.messages[0].at < ends
    until(lambda: datetime.now(UTC) > ends + MINUTE, LONG_S)
    [title] = reported(here)
    assert re.search(r"\bone\b.*2 notices", title)
    [message] = here.slack.messages
    assert "had not come" in message.words
    assert "essay" in message.words
    assert "mended" not in message.words
    assert len(here.mail.messages) == 1
