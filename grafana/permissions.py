"""Who sees which folder: teams, told to a running Grafana, since files cannot say it."""

from __future__ import annotations

from typing import Any, Final, Protocol

TEAMS: Final = {
    "Teaching": ("Teachers",),
    "School": ("Administrators",),
    "Operations": ("Operators",),
    "Alerts": ("Teachers", "Operators"),
}
"""Folder -> the teams that may look into it; Grafana's own administrators always may."""

VIEW: Final = 1


class TeamsServer(Protocol):
    """A Grafana that can be asked (`alerting.server.Server`)."""

    def get(self, path: str) -> Any:
        """Returns the answer to a path."""

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Posts to a path and returns the answer."""


def permit(server: TeamsServer) -> list[str]:
    """Makes the teams where they are missing and gives each folder to its own teams alone.

    What a folder allowed before (viewers and editors of the organisation, by default) ends; members of teams stay.

    Returns:
        A line a folder; folders that are not there are named too.
    """
    folders = {folder["title"]: folder["uid"] for folder in server.get("/folders?limit=1000")}
    said = []
    for title, teams in TEAMS.items():
        if title not in folders:
            said.append(f"{title}: no such folder; Grafana makes it when it reads the provisioned files")
            continue
        items = [{"teamId": _team(server, team), "permission": VIEW} for team in teams]
        server.post(f"/folders/{folders[title]}/permissions", {"items": items})
        said.append(f"{title}: {' and '.join(teams)} may look, nobody else but Grafana's administrators")
    return said


def _team(server: TeamsServer, name: str) -> int:
    found = [team for team in server.get(f"/teams/search?name={name}")["teams"] if team["name"] == name]
    return int(found[0]["id"] if found else server.post("/teams", {"name": name})["teamId"])
