"""Addresses and secrets from the environment or from files stand in Alertmanager's configuration as they were given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.services_parts.alertmanager import FILES
from tests.parts import require

HOSTILE = 'it\'s|a & b\\1 "c" # d'


def start(tmp_path: Path, **given: str) -> dict[str, str]:
    """Runs the script with a program that does nothing, and returns the files that it made."""
    path = os.environ["PATH"]
    env = {
        "PATH": path,
        "CLASSPULSE_ALERTMANAGER": "true",
        "CLASSPULSE_ALERTMANAGER_RUN": str(tmp_path / "run"),
        **given,
    }
    subprocess.run(["/bin/sh", FILES / "start.sh"], env=env, check=True)
    return {file.name: file.read_text() for file in (tmp_path / "run").rglob("*") if file.is_file()}


def test_without_any_variable_messages_go_to_the_local_inboxes(tmp_path: Path) -> None:
    made = start(tmp_path)
    config = yaml.safe_load(made["alertmanager.yml"])
    assert config["global"]["smtp_smarthost"] == "mailpit:1025"
    assert made["slack_url"] == "http://inbox:8025/slack"
    shipped = yaml.safe_load((FILES / "alertmanager.yml").read_text())
    for found in (config, shipped):
        del found["global"]["slack_api_url_file"], found["global"]["smtp_auth_password_file"]
    assert config == shipped


def test_values_arrive_whatever_characters_they_have(tmp_path: Path) -> None:
    made = start(
        tmp_path,
        CLASSPULSE_SMTP_HOST="mail.school.example:587",
        CLASSPULSE_SMTP_USER=HOSTILE,
        CLASSPULSE_SMTP_PASSWORD=HOSTILE,
        CLASSPULSE_SMTP_TLS="true",
        CLASSPULSE_OPERATORS_EMAIL="a&b@school.example, c@school.example",
        CLASSPULSE_TIMEZONE="Europe/Berlin",
        CLASSPULSE_GRAFANA_URL="https://boards.example/a&b/",
    )
    config = yaml.safe_load(made["alertmanager.yml"])
    assert config["global"]["smtp_smarthost"] == "mail.school.example:587"
    assert config["global"]["smtp_auth_username"] == HOSTILE
    assert config["global"]["smtp_require_tls"] is True
    assert made["smtp_password"] == HOSTILE
    assert config["receivers"][0]["email_configs"][0]["to"] == "a&b@school.example, c@school.example"
    zones = {part["location"] for named in config["time_intervals"] for part in named["time_intervals"]}
    assert zones == {"Europe/Berlin"}
    assert 'define "classpulse.grafana" }}https://boards.example/a&b{{ end' in made["links.tmpl"]
    assert HOSTILE not in made["alertmanager.yml"].replace("''", "'").replace(f"'{HOSTILE}'", "")


def test_a_secret_in_a_file_wins_and_is_readable_for_nobody_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://hooks.example/T/B/x")
    made = start(tmp_path, CLASSPULSE_SLACK_URL_FILE=str(secret), CLASSPULSE_SLACK_URL="http://not.this")
    assert made["slack_url"] == "https://hooks.example/T/B/x"
    assert (tmp_path / "run" / "slack_url").stat().st_mode & 0o077 == 0
    assert "hooks.example" not in made["alertmanager.yml"]


@pytest.mark.parametrize("given", [{}, {"CLASSPULSE_SMTP_USER": HOSTILE, "CLASSPULSE_TIMEZONE": "Asia/Kolkata"}])
def test_alertmanager_accepts_what_is_made(tmp_path: Path, given: dict[str, str]) -> None:
    amtool = shutil.which("amtool")
    require("alertmanager", amtool is not None, "amtool is not installed")
    start(tmp_path, **given)
    said = subprocess.run(
        [str(amtool), "check-config", tmp_path / "run" / "alertmanager.yml"], check=False, capture_output=True
    )
    assert said.returncode == 0, said.stderr
