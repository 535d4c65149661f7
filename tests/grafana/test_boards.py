"""The committed boards: equal to their source, and fit for people."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.dashboards import app
from grafana import catalogue
from grafana.boards.live_class.answer import COLUMNS, HEADLINE_ID
from grafana.committed import boards, folder
from grafana.links import BOARDS
from grafana.postgres import OPERATORS, SCHOOL, TEACHERS
from grafana.prometheus import METRICS
from grafana.thresholds import Thresholds

NAMES = sorted(boards())
# whoever may open a folder may ask its datasources, so a folder has those of its readers only
READERS = {"Teaching": {TEACHERS.uid}, "School": {SCHOOL.uid}, "Operations": {OPERATORS.uid, METRICS.uid}}
PANELS = [(name, panel) for name in NAMES for panel in boards()[name]["panels"]]


@pytest.fixture
def limits() -> Thresholds:
    return Thresholds(_env_file=None)


def test_the_committed_json_equals_its_source(limits: Thresholds) -> None:
    assert catalogue.outdated(limits) == []


def test_building_twice_gives_the_same_text(limits: Thresholds) -> None:
    assert catalogue.rendered(limits) == catalogue.rendered(limits)


def test_build_writes_what_is_missing_and_removes_what_has_no_source(tmp_path: Path, limits: Thresholds) -> None:
    orphan = tmp_path / "Teaching" / "gone.json"
    orphan.parent.mkdir()
    orphan.write_text("{}")
    changed = catalogue.write(limits, tmp_path)
    assert orphan.relative_to(tmp_path) in changed
    assert not orphan.exists()
    assert catalogue.outdated(limits, tmp_path) == []


def test_check_fails_and_names_the_file_when_a_threshold_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(app, ["build", "--check"]).exit_code == 0
    monkeypatch.setenv("CLASSPULSE_IDLE_SHARE_HIGH", "0.5")
    result = CliRunner().invoke(app, ["build", "--check"])
    assert result.exit_code == 1
    assert "live_class.json" in result.output


def test_uids_and_titles_are_unique_and_links_know_the_uids() -> None:
    assert max(Counter(board["uid"] for board in boards().values()).values()) == 1
    assert max(Counter(board["title"] for board in boards().values()).values()) == 1
    assert {name: board["uid"] for name, board in boards().items()} == BOARDS


@pytest.mark.parametrize("name", NAMES)
def test_panel_ids_and_titles_are_unique_within_a_board(name: str) -> None:
    panels = boards()[name]["panels"]
    for key in ("id", "title"):
        assert max(Counter(panel[key] for panel in panels).values()) == 1


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_every_panel_says_what_it_shows_and_asks_one_thing(board: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    [target] = panel["targets"]
    if "panelId" in target:
        shared = next(other for other in boards()[board]["panels"] if other["id"] == target["panelId"])
        assert "rawSql" in shared["targets"][0]
    else:
        assert target["datasource"]["uid"] in READERS[folder(board)]
        assert "now()" not in target.get("rawSql", "").replace("classpulse_now()", "")


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_every_chart_has_a_unit(board: str, panel: dict[str, Any]) -> None:
    if panel["type"] in {"timeseries", "barchart", "gauge"}:
        assert panel["fieldConfig"]["defaults"].get("unit"), board


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_boards_with_the_variables_that_they_set(name: str) -> None:
    known = {board["uid"]: board for board in boards().values()}
    for url in re.findall(r'"url": "(/d/[^"]+)"', json.dumps(boards()[name])):
        uid, query = re.fullmatch(r"/d/([\w-]+)\?(.*)", url).groups()  # type: ignore[union-attr]
        have = {variable["name"] for variable in known[uid].get("templating", {}).get("list", [])}
        assert set(re.findall(r"var-(\w+)=", query)) <= have


@pytest.mark.parametrize("name", NAMES)
def test_a_board_begins_with_what_one_is_looking_at_and_the_as_of_time(name: str) -> None:
    first, second = boards()[name]["panels"][:2]
    assert (first["title"], second["title"]) == ("What you are looking at", "As of")


@pytest.mark.parametrize("name", NAMES)
def test_panels_do_not_overlap(name: str) -> None:
    cells: Counter[tuple[int, int]] = Counter()
    for panel in boards()[name]["panels"]:
        at = panel["gridPos"]
        cells.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("name", NAMES)
def test_boards_are_read_only_and_refresh_by_themselves(name: str) -> None:
    board = boards()[name]
    assert board["editable"] is False
    assert board["refresh"] in {"5s", "10s", "1m", "5m"}
    assert (board["refresh"] in {"5s", "10s"}) is ("live" in board["tags"])


def test_all_is_one_value_whatever_the_schools_size() -> None:
    variables = [each for board in boards().values() for each in board.get("templating", {}).get("list", [])]
    for variable in variables:
        if variable["name"] == "student":  # exactly one
            assert not variable["includeAll"]
            continue
        assert variable["multi"]
        assert variable["includeAll"]
        assert variable["allValue"] == "'__all'"


def test_the_shared_answer_has_the_columns_that_the_panels_pick_from() -> None:
    [asking] = [panel for panel in boards()["live_class"]["panels"] if panel["id"] == HEADLINE_ID]
    sql = asking["targets"][0]["rawSql"]
    final = sql[sql.rindex("SELECT kind,") :]
    assert [name for name in COLUMNS if f'"{name}"' not in final and not re.search(rf"\b{name},", final)] == []
