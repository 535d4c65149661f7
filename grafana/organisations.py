"""An organisation of Grafana for each scope: its datasource, its boards, its viewers, and nothing of any other.

Who may query a datasource can send it any SQL, and a viewer may query every datasource of the organisation: so each
scope has an organisation, and its datasource logs in as the scope's own login. Files cannot make one; the API can.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from pydantic_settings import BaseSettings, SettingsConfigDict

from grafana.committed import boards, folder

PREFIX: Final = "ClassPulse: "
"""Begins the names of organisations that are ours, and may be pruned."""

BOARDS: Final = {
    "classes": ("live_class", "student"),
    "teacher": tuple(name for name in boards() if folder(name) == "Teaching"),
    "school": ("school",),
    "ops": (),
}
"""What a scope sees → its boards; operators stay in the first organisation, where the metrics are."""

SOURCES: Final = {
    "classes": ("classpulse-teachers", "ClassPulse (classes)"),
    "teacher": ("classpulse-teachers", "ClassPulse (teachers)"),
    "school": ("classpulse-school", "ClassPulse (school)"),
}
PLUGIN: Final = "grafana-postgresql-datasource"


class DatabaseSettings(BaseSettings):
    """The database as Grafana reaches it, by the variables that the provisioned datasources read too."""

    model_config = SettingsConfigDict(
        env_prefix="CLASSPULSE_GRAFANA_DB_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    host: str = ""
    name: str = ""
    sslmode: str = "require"


class OrganisationServer(Protocol):
    """A Grafana that can be asked, in one organisation (`alerting.server.Server`)."""

    def get(self, path: str) -> Any:
        """Returns the answer to a path."""

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Posts to a path and returns the answer."""

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Puts to a path and returns the answer."""

    def delete(self, path: str) -> Any:
        """Deletes what is at a path."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An organisation as it should be.

    Attributes:
        name: Without the prefix.
        sees: A key of `BOARDS`.
        login: Of the database.
        password: Of the login, where it is known; None where it was set before.
        viewers: Who may look into it.
    """

    name: str
    sees: str
    login: str
    password: str | None
    viewers: tuple[str, ...]


class Organisations:
    """The organisations of a running Grafana, as its administrator.

    Attributes:
        known: Id by name, of those that are ours.
    """

    def __init__(self, server: OrganisationServer, within: Callable[[int], OrganisationServer]) -> None:
        """Takes the server, and how to speak to one of its organisations; asks which there are."""
        self._server, self._within = server, within
        found = server.get("/orgs?perpage=10000")
        self.known = {
            str(each["name"]).removeprefix(PREFIX): int(each["id"]) for each in found if each["name"].startswith(PREFIX)
        }

    def has_source(self, name: str, sees: str) -> bool:
        """Says whether an organisation is there with its datasource: then it knows the login's password."""
        if name not in self.known:
            return False
        found = self._within(self.known[name]).get("/datasources")
        return any(each["uid"] == SOURCES[sees][0] for each in found)

    def apply(self, wanted: Wanted, database: DatabaseSettings) -> tuple[int, list[str]]:
        """Makes an organisation, or brings it to what is wanted.

        Returns:
            Its id, and what a person should know: viewers who are new, with their passwords, or who see too much.
        """
        if wanted.name not in self.known:
            made = self._server.post("/orgs", {"name": f"{PREFIX}{wanted.name}"})
            self.known[wanted.name] = int(made["orgId"])
        number = self.known[wanted.name]
        server = self._within(number)
        self._source(server, wanted, database)
        for board in BOARDS[wanted.sees]:
            body = {"dashboard": copy_of(board, number), "overwrite": True, "message": "classpulse access apply"}
            server.post("/dashboards/db", body)
        return number, self._viewers(server, number, wanted.viewers)

    def prune(self, kept: set[str]) -> list[str]:
        """Deletes the organisations of ours that are not to be kept; returns their names."""
        gone = sorted(set(self.known) - kept)
        for name in gone:
            self._server.delete(f"/orgs/{self.known.pop(name)}")
        return gone

    def _source(self, server: OrganisationServer, wanted: Wanted, database: DatabaseSettings) -> None:
        uid, title = SOURCES[wanted.sees]
        body: dict[str, Any] = {
            "uid": uid,
            "name": title,
            "type": PLUGIN,
            "access": "proxy",
            "isDefault": True,
            "url": database.host,
            "user": wanted.login,
            "jsonData": {
                "database": database.name,
                "sslmode": database.sslmode,
                "postgresVersion": 1500,
                "timescaledb": True,
                "timeInterval": "1m",
                "maxOpenConns": 5,
                "maxIdleConns": 1,
                "connMaxLifetime": 14400,
            },
        }
        if wanted.password is not None:
            body["secureJsonData"] = {"password": wanted.password}
        others = server.get("/datasources")
        if any(each["uid"] == uid for each in others):
            server.put(f"/datasources/uid/{uid}", body)
        else:
            server.post("/datasources", body)
        for each in others:  # a viewer may query whatever is there
            if each["uid"] != uid:
                server.delete(f"/datasources/uid/{each['uid']}")

    def _viewers(self, server: OrganisationServer, number: int, viewers: tuple[str, ...]) -> list[str]:
        """Lets these people look, and none else but Grafana's administrators."""
        notes = []
        members = {each["login"]: each for each in server.get(f"/orgs/{number}/users")}
        addresses = {each["email"]: login for login, each in members.items() if each["email"]}
        lowered = [viewer.lower() for viewer in viewers]  # as Grafana keeps them
        wanted = {addresses.get(viewer, viewer) for viewer in lowered}
        for viewer in sorted(wanted - set(members)):
            person = self._person(viewer)
            if person is None:
                notes.append(f"{viewer}: no such person in Grafana yet; after the first login, run this again")
                continue
            self._server.post(f"/orgs/{number}/users", {"loginOrEmail": viewer, "role": "Viewer"})
            elsewhere = {each["orgId"]: each["name"] for each in self._server.get(f"/users/{person}/orgs")}
            if 1 in elsewhere:
                notes.append(
                    f"{viewer}: is in {elsewhere[1]!r} too, the first organisation, whose datasources see every class:"
                    " take them out, and set auto_assign_org = false"
                )
        for login, member in members.items():
            if login not in wanted and member["role"] != "Admin":
                self._server.delete(f"/orgs/{number}/users/{member['userId']}")
        return notes

    def _person(self, viewer: str) -> int | None:
        found = self._server.get(f"/users/search?perpage=1000&query={quote(viewer)}")["users"]
        return next((int(each["id"]) for each in found if viewer in {each["login"], each.get("email")}), None)


def copy_of(board: str, organisation: int) -> dict[str, Any]:
    """Returns a committed board as it goes into an organisation.

    Its links carry the organisation's id, and "all classes" are those of the list: the scope `all` mixes classes.
    """
    copied: dict[str, Any] = json.loads(json.dumps(boards()[board]))
    _link(copied, organisation)
    copied["id"] = None
    for variable in copied["templating"]["list"]:
        if variable["name"] == "class":
            variable["allValue"] = None
    return copied


def _link(part: Any, organisation: int) -> None:  # noqa: ANN401 - whatever JSON holds
    """Puts the organisation into every link to a board of ours."""
    if isinstance(part, list):
        for each in part:
            _link(each, organisation)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "url" and isinstance(value, str) and value.startswith("/d/classpulse-"):
                address, _, query = value.partition("?")
                part[key] = f"{address}?orgId={organisation}&{query}"
            else:
                _link(value, organisation)
