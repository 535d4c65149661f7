"""A real Grafana, where one is installed, reads the provisioned files and gives the panels the known day's answers."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, sql
from typer.testing import CliRunner

from cli import marks
from cli.main import app
from dataflows.settings import Settings
from db.migrate import migrate
from demo.grafana import find
from grafana.committed import boards, folder, panel
from grafana.macros import choices_filled
from grafana.permissions import TEAMS
from grafana.postgres import OPERATORS, SCHOOL, TEACHERS
from health import monitoring
from tests.grafana import known_day, known_term
from tests.grafana.conftest import ROLES, School
from tests.parts import require
from tests.waiting import until

ROOT = Path(__file__).parents[2] / "grafana"
Span = tuple[datetime, datetime]
HOUR = (known_day.NOW - timedelta(hours=1), known_day.NOW)
SETTINGS = Settings(small_group_students=0)  # a few students are the whole school
LOGINS = {"": ROLES["Teaching"], "_school": ROLES["School"], "_ops": ROLES["Operations"]}
PASSWORD = secrets.token_urlsafe(12)


@dataclass
class Grafana:
    """A running server."""

    address: str
    school: School
    log: Path = Path()

    def call(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        who: tuple[str, str] = ("admin", PASSWORD),
        organisation: int | None = None,
    ) -> Any:
        """Returns the JSON answer of the API, as its administrator or somebody else."""
        token = base64.b64encode(":".join(who).encode()).decode()
        within = {} if organisation is None else {"X-Grafana-Org-Id": str(organisation)}
        request = urllib.request.Request(
            self.address + path,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json", **within},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def rows(self, statement_: str, source: str, span: Span) -> list[tuple[Any, ...]]:
        """Returns what a datasource answers to a statement whose macros Grafana expands."""
        query = {
            "refId": "A",
            "datasource": {"uid": source},
            "format": "table",
            "rawSql": statement_,
            "intervalMs": 60_000,
        }
        start, end = (str(round(moment.timestamp() * 1000)) for moment in span)
        answer = self.call("/api/ds/query", {"queries": [query], "from": start, "to": end})
        frames = answer["results"]["A"]["frames"]
        return list(zip(*frames[0]["data"]["values"], strict=True)) if frames else []


@pytest.fixture(scope="module")
def grafana(timescale_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    found = find()
    require(
        "grafana",
        found is not None,
        "no Grafana at GRAFANA_HOME or on PATH",
    )
    assert found
    name = f"grafana_{secrets.token_hex(6)}"
    owner = timescale_server.url("postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("ALTER DATABASE {} SET classpulse.clock = 'data'").format(sql.Identifier(name)))
    school = School(timescale_server.url(name))
    migrate(school.url, settings=SETTINGS)
    school.put(**known_term.TERM)
    school.settle()
    with psycopg.connect(owner, autocommit=True) as connection:
        for suffix, role in LOGINS.items():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                    sql.Identifier(name + suffix), sql.Literal(PASSWORD), sql.Identifier(role)
                )
            )
    migrate(school.url, settings=SETTINGS)  # gives logins what is theirs
    folder = tmp_path_factory.mktemp("grafana")
    port = free_port()
    with (folder / "out.log").open("wb") as log:
        process = subprocess.Popen(
            [*found[0], "--homepath", str(found[1])],
            env={**os.environ, **environment(school.url, name, folder, port)},
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    server = Grafana(f"http://127.0.0.1:{port}", school, folder / "out.log")
    try:
        wait_until_it_answers(server, process, folder / "out.log")
        yield server
    finally:
        process.terminate()
        process.wait(30)
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for suffix in LOGINS:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name + suffix)))


def environment(url: str, login: str, folder: Path, port: int) -> dict[str, str]:
    parts = conninfo.conninfo_to_dict(url)
    host = str(parts["host"])
    return {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_SECURITY_ADMIN_PASSWORD": PASSWORD,
        "GF_PATHS_DATA": str(folder / "data"),
        "GF_PATHS_LOGS": str(folder / "logs"),
        "GF_PATHS_PLUGINS": str(folder / "plugins"),
        "GF_PATHS_PROVISIONING": str(ROOT / "provisioning"),
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "CLASSPULSE_GRAFANA_DASHBOARDS": str(ROOT / "dashboards"),
        "CLASSPULSE_GRAFANA_DB_HOST": host if host.startswith("/") else f"{host}:{parts.get('port', 5432)}",
        "CLASSPULSE_GRAFANA_DB_NAME": str(parts["dbname"]),
        "CLASSPULSE_GRAFANA_DB_SSLMODE": "disable",
        "CLASSPULSE_GRAFANA_TEACHER_USER": login,
        "CLASSPULSE_GRAFANA_TEACHER_PASSWORD": PASSWORD,
        "CLASSPULSE_GRAFANA_SCHOOL_USER": f"{login}_school",
        "CLASSPULSE_GRAFANA_SCHOOL_PASSWORD": PASSWORD,
        "CLASSPULSE_GRAFANA_OPS_USER": f"{login}_ops",
        "CLASSPULSE_GRAFANA_OPS_PASSWORD": PASSWORD,
        "CLASSPULSE_GRAFANA_PROMETHEUS_URL": "http://127.0.0.1:9",
        "CLASSPULSE_GRAFANA_SLACK_URL": "http://127.0.0.1:9/slack",
        "CLASSPULSE_GRAFANA_TEACHERS_EMAIL": "teachers@localhost",
        "CLASSPULSE_GRAFANA_OPERATORS_EMAIL": "operators@localhost",
    }


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(server: Grafana, process: subprocess.Popen[bytes], log: Path) -> None:
    def board_is_there() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            return bool(server.call(f"/api/dashboards/uid/{boards()['live_class']['uid']}"))
        except OSError:
            return False

    until(board_is_there, 120)


def test_every_provisioned_file_loads_without_an_error_line(grafana: Grafana) -> None:
    lines = grafana.log.read_text(encoding="utf-8").splitlines()
    assert any("finished to provision dashboards" in line for line in lines)
    about = re.compile(r"logger=provisioning|logger=ngalert|logger=dashboard|provision")
    assert [line for line in lines if "level=error" in line and about.search(line)] == []
    assert [line for line in lines if "level=warn" in line and "logger=provisioning" in line] == []


@pytest.mark.parametrize("uid", [TEACHERS.uid, SCHOOL.uid, OPERATORS.uid])
def test_each_datasource_reaches_the_database_as_its_own_reader(grafana: Grafana, uid: str) -> None:
    health = grafana.call(f"/api/datasources/uid/{uid}/health")
    assert health["status"] == "OK", health


def test_every_board_is_provisioned_into_its_folder_and_converts(grafana: Grafana) -> None:
    for name, board in boards().items():
        stored = grafana.call(f"/apis/dashboard.grafana.app/v1beta1/namespaces/default/dashboards/{board['uid']}")
        assert not stored.get("status", {}).get("conversion", {}).get("failed", False)
        meta = grafana.call(f"/api/dashboards/uid/{board['uid']}")["meta"]
        assert (meta["provisioned"], meta["folderTitle"]) == (True, folder(name))


ASKING = [
    (name, panel["title"])
    for name, board in boards().items()
    for panel in board["panels"]
    if "rawSql" in panel["targets"][0]
]


@pytest.mark.parametrize(("board", "title"), ASKING)
def test_grafana_answers_each_panel_as_our_own_expansion_does(grafana: Grafana, board: str, title: str) -> None:
    [target] = panel(board, title)["targets"]
    chosen = {"student": ["ann"]}
    span = HOUR if board == "live_class" else known_term.MONTH
    ours = grafana.school.answer(target["rawSql"], ROLES[folder(board)], chosen=chosen, time_range=span)[1]
    theirs = grafana.rows(choices_filled(target["rawSql"], chosen), target["datasource"]["uid"], span)
    assert len(theirs) == len(ours)
    if board != "pipeline":  # its lags go on by the wall clock
        assert [tuple(map(plain, row)) for row in theirs] == [tuple(map(plain, row)) for row in ours]


def as_administrator(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets our commands ask this Grafana."""
    monkeypatch.setenv("GRAFANA_URL", grafana.address)
    monkeypatch.setenv("GRAFANA_USER", "admin")
    monkeypatch.setenv("GRAFANA_PASSWORD", PASSWORD)


def test_doctor_asks_grafana_for_each_database(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    as_administrator(grafana, monkeypatch)
    found = {(one.check, one.state) for one in monitoring.check() if one.part == "grafana"}
    assert found == {("health", "ok"), ("datasources", "ok")}
    monkeypatch.setattr(monitoring, "DATASOURCES", ("no-such-source",))
    [missing] = [one for one in monitoring.check() if one.state == "wrong" and one.part == "grafana"]
    assert "no-such-source" in missing.detail


def test_each_team_sees_its_own_folder_and_no_other(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    as_administrator(grafana, monkeypatch)
    for _ in range(2):  # again: it changes nothing
        result = CliRunner().invoke(app, ["dashboards", "permit"])
        assert result.exit_code == 0, result.output
    for title, [team] in {title: teams for title, teams in TEAMS.items() if title != "Alerts"}.items():
        login, password = f"{team.lower()}-one", secrets.token_urlsafe(12)
        made = grafana.call("/api/admin/users", {"login": login, "password": password, "OrgId": 1})
        [found] = grafana.call(f"/api/teams/search?name={team}")["teams"]
        grafana.call(f"/api/teams/{found['id']}/members", {"userId": made["id"]})
        seen = grafana.call("/api/search?type=dash-db", who=(login, password))
        assert {each["folderTitle"] for each in seen} == {title}
        assert len(seen) == sum(folder(board) == title for board in boards())


def test_deploys_and_rebuilds_are_marked_once_each(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    as_administrator(grafana, monkeypatch)
    for release in ("1.0", "1.0", "1.1"):
        monkeypatch.setenv("CLASSPULSE_VERSION", release)
        marks.deployed()
    with marks.rebuilding("content"):
        pass
    with suppress(ZeroDivisionError), marks.rebuilding("memory"):
        1 / 0  # noqa: B018
    [target] = [each["target"] for each in boards()["pipeline"]["annotations"]["list"] if "target" in each]
    found = grafana.call(f"/api/annotations?type=annotation&limit={target['limit']}&tags={target['tags'][0]}")
    texts = ["ClassPulse 1.0 deployed", "ClassPulse 1.1 deployed", "content rebuilt"]
    assert sorted(mark["text"] for mark in found) == texts
    [rebuilt] = [mark for mark in found if "rebuild" in mark["tags"]]
    assert rebuilt["timeEnd"] >= rebuilt["time"]


def plain(value: Any) -> Any:
    """Returns times as Grafana sends them (epoch milliseconds) and numbers as floats."""
    if isinstance(value, datetime):
        return float(round(value.timestamp() * 1000))
    return float(value) if isinstance(value, int | float) else value


def test_each_scope_has_an_organisation_that_sees_its_own_classes_and_no_other(
    grafana: Grafana, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_administrator(grafana, monkeypatch)
    parts = conninfo.conninfo_to_dict(grafana.school.url)
    monkeypatch.setenv("DATABASE_URL", grafana.school.url)
    monkeypatch.setenv("CLASSPULSE_GRAFANA_DB_SSLMODE", "disable")
    file, logins = tmp_path / "access.yaml", {name: f"{parts['dbname']}_{name.lower()}" for name in ("7B", "7C", "8A")}

    def applied(*names: str, prune: bool = False) -> str:
        scopes = [
            {"name": name, "login": logins[name], "classes": [name], "viewers": [f"teacher-{name}"]} for name in names
        ]
        file.write_text(json.dumps({"scopes": scopes}))
        result = CliRunner().invoke(app, ["access", "apply", str(file), *["--prune"] * prune])
        assert result.exit_code == 0, result.output
        return result.output

    first = applied(*logins)
    ours = {each["name"]: each["id"] for each in grafana.call("/api/orgs?perpage=1000") if each["name"] != "Main Org."}
    organisations = {name.removeprefix("ClassPulse: "): number for name, number in ours.items()}
    assert set(organisations) == set(logins)
    assert [line for line in first.splitlines() if line.startswith(logins["7B"])]  # its password, once
    for name, number in organisations.items():
        person = {"login": f"teacher-{name}", "password": PASSWORD, "OrgId": number}
        grafana.call("/api/admin/users", person)
    again = applied(*logins)
    assert "no such person" not in again
    assert again.count("login as it was; classes +0 -0") == 3

    def values(name: str, statement_: str, organisation: int | None = None) -> list[list[Any]]:
        query = {"refId": "A", "datasource": {"uid": TEACHERS.uid}, "format": "table", "rawSql": statement_}
        body = {"queries": [query], "from": "0", "to": "1"}
        answer = grafana.call("/api/ds/query", body, (f"teacher-{name}", PASSWORD), organisation)
        frames = answer["results"]["A"]["frames"]
        return frames[0]["data"]["values"] if frames else []

    for name in logins:
        assert values(name, "SELECT DISTINCT class_id FROM class_students") == [[name]]
        assert values(name, "SELECT class_id FROM class_list") == [[name]]
        for other in set(logins) - {name}:
            assert values(name, f"SELECT 1 FROM class_students WHERE class_id = '{other}'") in ([], [[]])
            with pytest.raises(urllib.error.HTTPError):  # and the other's datasource is not to be asked
                values(name, "SELECT class_id FROM class_list", organisations[other])
        with pytest.raises(urllib.error.HTTPError):
            values(name, "SELECT * FROM public.class_students")
        with pytest.raises(urllib.error.HTTPError):
            values(name, "SELECT class_id FROM class_list", 1)
        board = grafana.call("/api/dashboards/uid/classpulse-live-class", who=(f"teacher-{name}", PASSWORD))
        assert f"classpulse-student?orgId={organisations[name]}&var-student" in json.dumps(board)
        assert (
            grafana.call(f"/api/datasources/uid/{TEACHERS.uid}/health", organisation=organisations[name])["status"]
            == "OK"
        )

    assert "login dropped" in applied("7B", prune=True)
    left = [each["name"] for each in grafana.call("/api/orgs?perpage=1000")]
    assert sorted(left) == ["ClassPulse: 7B", "Main Org."]
    with psycopg.connect(grafana.school.url, autocommit=True) as owner:
        mine = "SELECT rolname FROM pg_roles WHERE rolname LIKE %s ORDER BY 1"
        [(kept,)] = owner.execute(mine, (f"{parts['dbname']}_7_",)).fetchall()
        assert kept == logins["7B"]
        assert owner.execute("SELECT DISTINCT login FROM class_access").fetchall() == [(kept,)]
        owner.execute("DELETE FROM class_access")
        owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(kept)))
