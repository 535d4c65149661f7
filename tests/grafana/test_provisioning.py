"""The files that Grafana reads at its start: it does not complain about misspelt keys, so we do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from grafana import postgres

FOLDER = Path(__file__).parents[2] / "grafana" / "provisioning"


def parsed(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))


def test_each_datasource_has_the_type_the_boards_use_and_no_secret() -> None:
    [source] = parsed("datasources/classpulse.yml")["datasources"]
    assert (source["type"], source["uid"]) == (postgres.PLUGIN, postgres.TEACHERS.uid)
    assert source["jsonData"]["timescaledb"] is True
    for value in (source["url"], source["user"], source["secureJsonData"]["password"], source["jsonData"]["database"]):
        assert value.startswith("$CLASSPULSE_GRAFANA_")


def test_datasource_keys_are_those_that_grafana_reads() -> None:
    known = {"uid", "name", "type", "access", "isDefault", "editable", "url", "user", "secureJsonData", "jsonData"}
    for source in parsed("datasources/classpulse.yml")["datasources"]:
        assert set(source) <= known


def test_the_dashboard_provider_follows_the_folders_and_names_none() -> None:
    [provider] = parsed("dashboards/classpulse.yml")["providers"]
    assert provider["options"] == {"path": "$CLASSPULSE_GRAFANA_DASHBOARDS", "foldersFromFilesStructure": True}
    assert "folderUid" not in provider
    assert "folder" not in provider


def test_every_environment_name_is_explained_to_who_runs_grafana() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.yml"))
    guide = (FOLDER.parents[1] / "docs" / "dashboards.md").read_text(encoding="utf-8")
    names = {word.strip("\"',") for word in text.split() if word.startswith("$CLASSPULSE_")}
    assert names
    assert {name for name in names if name[1:] not in guide} == set()
