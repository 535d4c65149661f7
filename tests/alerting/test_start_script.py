"""Addresses and secrets from the environment or from files stand in Alertmanager's configuration as they were given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alerting.times import Times
from local.alertmanager import FILES
from tests.parts import require

HOSTILE = 'it\'s|a & b\\1 "c" # d'


def start(tmp_path: Path, shell: str = "sh", **given: str) -> dict[str, str]:
    """Runs the script with a program that does nothing, and returns the files that it made."""
    path = os.environ["PATH"]
    env = {
        "PATH": path,
        "CLASSPULSE_ALERTMANAGER": "true",
        "CLASSPULSE_ALERTMANAGER_RUN": str(tmp_path / "run"),
        **given,
    }
    command = [shell, "sh"] if shell == "busybox" else [shell]
    subprocess.run([*command, FILES / "start.sh"], env=env, check=True, capture_output=True, timeout=20)
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


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"timezone": "Asia/Kolkata", "school_hours": "Mon-Thu 08:00-15:30; Sun 08:00-13:00; Sat 08:00-09:00"},
        {"night": "00:00-06:00", "school_hours": "Mon-Sun 08:00-15:00", "holidays": ""},
        {"night": "", "holidays": "05-01; 2026-12-08..2027-02-09 ;10-30..11-02; 2028-08-09..2028-08-09"},
    ],
)
@pytest.mark.parametrize("shell", ["dash", "busybox", "bash"])
def test_times_are_those_of_grafana(tmp_path: Path, given: dict[str, str], shell: str) -> None:
    require(shell, shutil.which(shell) is not None, f"{shell} is not installed")
    variables = {f"CLASSPULSE_{name.upper()}": value for name, value in given.items()}
    made = yaml.safe_load(start(tmp_path, shell, **variables)["alertmanager.yml"])
    times = {named["name"]: named["time_intervals"] for named in made["time_intervals"]}
    ours = Times(_env_file=None, **given).named()  # type: ignore[arg-type]
    assert times == {name: ours[name] for name in ("nights", "weekends", "holidays")}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLASSPULSE_HOLIDAYS", "2027-03-01..2026-03-05", "ends before it begins"),
        ("CLASSPULSE_SCHOOL_HOURS", "Montag 08:00-15:00", "no day like Mon"),
    ],
)
def test_a_time_that_is_none_is_refused_at_the_start(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        start(tmp_path, **{name: value})
    assert said in error.value.stderr.decode()


def test_a_secret_in_a_file_wins_and_is_readable_for_nobody_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://hooks.example/T/B/x")
    made = start(tmp_path, CLASSPULSE_SLACK_URL_FILE=str(secret), CLASSPULSE_SLACK_URL="http://not.this")
    assert made["slack_url"] == "https://hooks.example/T/B/x"
    assert (tmp_path / "run" / "slack_url").stat().st_mode & 0o077 == 0
    assert "hooks.example" not in made["alertmanager.yml"]


@pytest.mark.parametrize(
    "given", [{}, {"CLASSPULSE_SMTP_USER": HOSTILE, "CLASSPULSE_TIMEZONE": "Asia/Kolkata", "CLASSPULSE_HOLIDAYS": ""}]
)
def test_alertmanager_accepts_what_is_made(tmp_path: Path, given: dict[str, str]) -> None:
    amtool = shutil.which("amtool")
    require("alertmanager", amtool is not None, "amtool is not installed")
    start(tmp_path, **given)
    said = subprocess.run(
        [str(amtool), "check-config", tmp_path / "run" / "alertmanager.yml"], check=False, capture_output=True
    )
    assert said.returncode == 0, said.stderr
