"""`alerts test` against a real Grafana: each contact point gets its messages, and one that cannot is named."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.alerting.test_learning_delivery import Here, here
from tests.alerting.test_routing_delivery import folder, route, staff
from tests.grafana.test_real_grafana import PASSWORD

__all__ = ["folder", "here"]


def test_each_contact_point_gets_one_of_each_and_staff_only_if_asked(here: Here, folder: object) -> None:
    staff(here, idle=("email", "ann@school.example"), drop=("slack", "http://127.0.0.1:9/T/B/secret"))
    assert route("--folder", str(folder)).exit_code == 0
    done = CliRunner().invoke(app, ["alerts", "test"])
    assert done.exit_code == 0, done.output
    for place in ("slack", "email"):
        for name, severity in (("teachers", "push"), ("teachers", "digest"), ("operators", "push")):
            assert f"✓ grafana: classpulse-{name}, {place} ({severity}): accepted" in done.stdout
    words = "Test of ClassPulse: a push, sent at once", "Test of ClassPulse: a digest, sent once a day"
    assert [len(here.said(title)) for title in words] == [2, 1]
    assert [str(mail["To"]).split("@")[0] for mail in here.mail.messages] == ["operators", "teachers", "teachers"]

    done = CliRunner().invoke(app, ["alerts", "test", "--staff"])
    assert done.exit_code == 1
    assert done.stdout.count("✗ grafana: classpulse-staff-") == 2
    assert re.search(r"✗ grafana: classpulse-staff-\w+ of drop, slack \(push\): ", done.stdout)
    assert "CLASSPULSE_SLACK_URL, or the staff's in the roster" in done.stdout
    assert "secret" not in done.output
    assert [mail["To"] for mail in here.mail.messages].count("ann@school.example") == 2


def test_a_wrong_password_is_said_to_be(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_URL", here.grafana.address)
    monkeypatch.setenv("GRAFANA_PASSWORD", f"not-{PASSWORD}")
    done = CliRunner().invoke(app, ["alerts", "test"])
    assert done.exit_code == 1
    assert "GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD" in done.stdout
