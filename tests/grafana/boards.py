"""The committed boards, as Grafana reads them."""

from __future__ import annotations

import json
from typing import Any

from grafana import catalogue


def boards() -> dict[str, dict[str, Any]]:
    """Returns every committed board by the name of its file."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(catalogue.FOLDERS.rglob("*.json"))
    }


def folder(board: str) -> str:
    """Returns the folder that a board lies in."""
    [path] = catalogue.FOLDERS.rglob(f"{board}.json")
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


def variable(board: str, name: str) -> dict[str, Any]:
    """Returns the variable of that name."""
    [found] = [each for each in boards()[board]["templating"]["list"] if each["name"] == name]
    return dict(found)
