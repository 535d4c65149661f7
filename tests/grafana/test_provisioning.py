"""The files that Grafana reads at its start: it does not complain about misspelt keys, so we do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from grafana import postgres, prometheus

FOLDER = Path(__file__).parents[2] / "grafana" / "provisioning"


def parsed(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))


def test_each_datasource_has_the_type_the_boards_use_and_no_secret() -> None:
    *databases, metrics = parsed("datasources/classpulse.yml")["datasources"]
    wanted = [postgres.TEACHERS, postgres.SCHOOL, postgres.OPERATORS]
    assert [(each["type"], each["uid"]) for each in databases] == [(each.type_val, each.uid) for each in wanted]
    for source in databases:
        assert source["jsonData"]["timescaledb"] is True
        secrets = (source["url"], source["user"], source["secureJsonData"]["password"], source["jsonData"]["database"])
        assert all(value.startswith("$CLASSPULSE_GRAFANA_") for value in secrets)
    assert len({source["user"] for source in databases}) == len(databases)
    assert (metrics["type"], metrics["uid"]) == (prometheus.METRICS.type_val, prometheus.METRICS.uid)
    assert [each["uid"] for each in (*databases, metrics) if each["isDefault"]] == [postgres.TEACHERS.uid]


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
    guides = [FOLDER.parents[1] / "docs" / name for name in ("dashboards.md", "alerts.md")]
    guide = "".join(path.read_text(encoding="utf-8") for path in guides if path.exists())
    names = {word.strip("\"',") for word in text.split() if word.startswith("$CLASSPULSE_")}
    assert names
    assert {name for name in names if name[1:] not in guide} == set()
