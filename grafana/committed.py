"""The committed boards, as Grafana reads them; needs nothing but the files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDERS: Final = Path(__file__).parent / "dashboards"
READERS: Final = {
    "Teaching": "classpulse_reader_teacher",
    "School": "classpulse_reader_school",
    "Operations": "classpulse_reader_ops",
}
"""The role that each folder's datasource asks as."""


@cache
def boards() -> dict[str, dict[str, Any]]:
    """Returns every committed board by the name of its file; not to be changed."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDERS.rglob("*.json"))}


@cache
def folder(board: str) -> str:
    """Returns the folder that a board lies in."""
    [path] = FOLDERS.rglob(f"{board}.json")
    return path.parent.name


def panel(board: str, title: str) -> dict[str, Any]:
    """Returns the panel with that title."""
    [found] = [panel for panel in boards()[board]["panels"] if panel["title"] == title]
    return dict(found)


def statement(board: str, title: str) -> str:
    """Returns the SQL of the panel with that title, also where it shows another panel's answer."""
    [target] = panel(board, title)["targets"]
    if "panelId" in target:
        [target] = next(p["targets"] for p in boards()[board]["panels"] if p["id"] == target["panelId"])
    return str(target["rawSql"])


def statements(board: str) -> dict[str, str]:
    """Returns the SQL of every panel that asks the database itself, by its title."""
    found = {panel["title"]: panel["targets"][0] for panel in boards()[board]["panels"]}
    return {title: str(target["rawSql"]) for title, target in found.items() if "rawSql" in target}


def variable(board: str, name: str) -> dict[str, Any]:
    """Returns the variable of that name."""
    [found] = [each for each in boards()[board]["templating"]["list"] if each["name"] == name]
    return dict(found)
