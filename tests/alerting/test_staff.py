"""What the roster says of staff, as routes are made of it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from alerting.routing import Address
from alerting.staff import staff
from cli.main import app
from tests.grafana.conftest import School

ROWS: list[dict[str, Any]] = [
    {"class_id": "7A", "staff_id": "ann", "channel": "email", "address": "ann@school.example"},
    {"class_id": "7A", "staff_id": "ben", "channel": "slack", "address": "https://hooks.slack.com/services/T/B/secret"},
    {"class_id": "7B", "staff_id": "cem", "channel": None, "address": None},
    {"class_id": "7C", "staff_id": "dan", "channel": "fax", "address": "123"},
    {"class_id": "7C", "staff_id": "eva", "channel": "slack", "address": "http://[broken"},
    {"class_id": "7C", "staff_id": "fay", "channel": "email", "address": None},
]


def test_addresses_are_read_by_class_and_what_grafana_could_not_use_is_named(school: School) -> None:
    school.put(class_staff=ROWS)
    with psycopg.connect(school.url) as connection:
        found, unusable = staff(connection)
    ann, ben = Address("email", "ann@school.example"), Address("slack", ROWS[1]["address"])
    assert found == {"7A": {ann, ben}, "7B": set(), "7C": set()}
    assert [fault.split(":")[0] for fault in unusable] == ["7C / dan", "7C / eva", "7C / fay"]


def test_a_dry_run_shows_who_would_hear_of_what_and_no_secret(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.put(class_staff=ROWS)
    monkeypatch.setenv("DATABASE_URL", school.url)
    done = CliRunner().invoke(app, ["alerts", "route", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "7A: ann@school.example, a webhook of hooks.slack.com",
        "7B: the contact point of all teachers",
        "7C: the contact point of all teachers",
        "1 class(es) with staff of their own; all others go to the contact point of all teachers",
        "nothing was written",
    ]
    assert "note: 7C / dan: channel fax has no address that can be used" in done.stderr


def test_a_database_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/x")
    done = CliRunner().invoke(app, ["alerts", "route", "--dry-run"])
    assert (done.exit_code, "The database is unavailable: connection failed" in done.stderr) == (7, True), done.output
