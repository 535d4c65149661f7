"""Staff of two classes through a real Grafana: each hears of their own class, operators of the school."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from alerting.routing import FILE, PREFIX
from cli.main import app
from demo.grafana import find
from tests.alerting.test_learning_delivery import (
    PATIENCE_S,
    Here,
    evaluated_again,
    here,
    lessons_go_wrong,
    quiet,
    the_tracker_breaks,
)
from tests.grafana.test_real_grafana import PASSWORD, Grafana, environment, free_port
from tests.waiting import until

__all__ = ["here"]

ALWAYS = {"NIGHT": "", "HOLIDAYS": "", "DIGEST": "00:00-24:00", "SCHOOL_HOURS": "Mon-Sun 00:00-23:59"}


@pytest.fixture
def folder(here: Here, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a running Grafana, and the settings of `alerts route` for it: nothing is ever muted."""
    for name, value in ALWAYS.items():
        monkeypatch.setenv(f"CLASSPULSE_{name}", value)
    monkeypatch.setenv("DATABASE_URL", here.grafana.school.url)
    monkeypatch.setenv("GRAFANA_URL", here.grafana.address)
    monkeypatch.setenv("GRAFANA_PASSWORD", PASSWORD)
    return here.log.parent / "provisioning" / "alerting"


def route(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["alerts", "route", *map(str, arguments)])


def heard(here: Here, who: str) -> set[str]:
    """Returns the titles that came to an e-mail address or to a webhook's path."""
    mails = {str(mail["Subject"]) for mail in here.mail.messages if who in str(mail["To"])}
    posts = [one for message in here.slack.messages if message.path == who for one in message.body["attachments"]]
    return mails | {str(one["title"]) for one in posts}


def staff(here: Here, **addresses: tuple[str, str]) -> None:
    school = here.grafana.school
    school.empty("class_staff")
    rows = [
        {"class_id": class_id, "staff_id": f"t-{class_id}", "channel": channel, "address": address}
        for class_id, (channel, address) in addresses.items()
    ]
    if rows:
        school.put(class_staff=rows)


def test_each_class_is_told_to_its_own_staff_and_the_school_to_operators(here: Here, folder: Path) -> None:
    inbox = here.slack.messages
    webhook = f"http://127.0.0.1:{here.slack.server_address[1]}/ben"
    staff(here, idle=("email", "ann@school.example"), drop=("slack", webhook))
    quiet(here.grafana.school)
    done = route("--folder", folder)
    assert done.exit_code == 0, done.output
    assert "Grafana knows the routes: 2 contact point(s)" in done.output
    assert webhook not in done.output
    assert (folder / FILE).stat().st_mode & 0o777 == 0o640

    lessons_go_wrong(here.grafana.school)
    until(lambda: heard(here, "ann@") and heard(here, "/ben") and heard(here, "teachers@"), PATIENCE_S)
    the_tracker_breaks(here.grafana.school)
    until(lambda: any("classes" in title for title in heard(here, "operators@")), PATIENCE_S)
    assert all(re.search(r"\bidle\b", title) for title in heard(here, "ann@")), heard(here, "ann@")
    assert all(re.search(r"\bdrop\b", title) for title in heard(here, "/ben")), heard(here, "/ben")
    assert not [title for title in heard(here, "teachers@") if re.search(r"\b(idle|drop),", title)]
    assert not [title for title in heard(here, "operators@") if re.search(r"\b(idle|drop),", title)]
    assert {message.path for message in inbox} == {"/slack", "/ben"}

    again = route("--folder", folder)
    assert (again.exit_code, "as before" in again.output) == (0, True)

    staff(here)
    gone = route("--folder", folder)
    assert gone.exit_code == 0, gone.output
    points = here.grafana.call("/api/v1/provisioning/contact-points/export?format=json")["contactPoints"]
    assert [point["name"] for point in points if point["name"].startswith(PREFIX)] == []
    assert json.loads((folder / FILE).read_text())["contactPoints"] == []


def test_another_classs_new_staff_hear_what_holds_and_nobody_else_hears_it_again(here: Here, folder: Path) -> None:
    staff(here, idle=("email", "ann@school.example"))
    quiet(here.grafana.school)
    assert route("--folder", folder).exit_code == 0
    lessons_go_wrong(here.grafana.school)
    until(lambda: heard(here, "ann@") and heard(here, "teachers@"), PATIENCE_S)
    evaluated_again(here, "idle_share", times=4)
    before = [mail["To"] for mail in here.mail.messages].count("ann@school.example")
    staff(here, idle=("email", "ann@school.example"), drop=("email", "ben@school.example"))
    assert route("--folder", folder).exit_code == 0
    until(lambda: heard(here, "ben@"), PATIENCE_S)
    evaluated_again(here, "idle_share", times=4)
    assert [mail["To"] for mail in here.mail.messages].count("ann@school.example") == before


def test_hostile_class_ids_and_addresses_are_taken_as_they_are(here: Here, folder: Path) -> None:
    hostile = "7\"B|.*\\$HOME é'{}"
    staff(here, **{hostile: ("email", "ann+7b@school.example"), "$x": ("slack", "#7-b")})
    done = route("--folder", folder)
    assert done.exit_code == 0, done.output
    tree = here.grafana.call("/api/v1/provisioning/policies")
    ids = {m[2] for route_ in tree["routes"] for child in route_.get("routes", []) for m in child["object_matchers"]}
    assert ids == {hostile, "$x"}


def test_another_folder_than_grafanas_is_noticed(here: Here, folder: Path, tmp_path: Path) -> None:
    staff(here, idle=("email", "ann@school.example"))
    other = tmp_path / "other"
    other.mkdir()
    done = route("--folder", other)
    assert done.exit_code == 3
    assert "must be its provisioning/alerting" in done.stderr
    assert folder != other


def test_an_empty_grafana_starts_on_a_finished_folder_and_knows_the_routes(
    here: Here, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff(here, idle=("email", "ann@school.example"))
    files = tmp_path / "finished"
    shutil.copytree(folder.parent, files, ignore=lambda where, _: ["alerting"] if Path(where) == folder.parent else [])
    (files / "alerting").mkdir()
    monkeypatch.setenv("GRAFANA_URL", "http://127.0.0.1:9")
    assert "does not answer yet" in route("--folder", files / "alerting", "--complete", "--starting").output
    refused = route("--folder", files / "alerting")
    assert (refused.exit_code, "does not answer; start it" in refused.stderr) == (1, True)

    found, port, home = find(), free_port(), tmp_path / "fresh"
    assert found
    home.mkdir()
    login = str(conninfo_to_dict(here.grafana.school.url)["dbname"])
    settings = environment(here.grafana.school.url, login, home, port) | {"GF_PATHS_PROVISIONING": str(files)}
    with (home / "out.log").open("wb") as log:
        command = ["nice", *found[0], "--homepath", str(found[1])]
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log, cwd=home)
    fresh = Grafana(f"http://127.0.0.1:{port}", here.grafana.school)

    def is_routed() -> bool:
        assert process.poll() is None, (home / "out.log").read_text()[-3000:]
        try:
            tree = fresh.call("/api/v1/provisioning/policies")
        except OSError:
            return False
        return any("routes" in route_ for route_ in tree.get("routes", []))

    try:
        until(is_routed, PATIENCE_S)
    finally:
        process.terminate()
        process.wait(30)
