"""The rules: tested by promtool, whole, each with its runbook and its place in the documents."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts import require

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
TESTS = sorted((ROOT / "prometheus" / "tests").glob("*.yml"))
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for path in RULES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGE = ROOT / "docs" / "alerts.md"
# An edge of each threshold, moved a little to the wrong side; promtool must notice each.
EDGES = [
    ("lag.yml", "seconds:max > 5\n", "seconds:max >= 5\n"),
    ("lag.yml", "seconds:max > 5\n", "seconds:max > 5.2\n"),
    ("lag.yml", "seconds:max > 60\n", "seconds:max >= 60\n"),
    ("lag.yml", "seconds:max > 60\n", "seconds:max > 60.2\n"),
    ("lag.yml", "sum > 1000", "sum > 900"),
    ("lag.yml", "sum > 1000", "sum > 3000"),
    ("lag.yml", "[10m]) > 1", "[10m]) > -1"),
    ("lag.yml", "seconds:p99 > 5", "seconds:p99 >= 5"),
    ("lag.yml", "seconds:p99 > 5", "seconds:p99 > 8"),
    ("lag.yml", "> 120", ">= 120"),
    ("lag.yml", "> 120", "> 122"),
    ("data.yml", "> 0.01", "> 0.0099"),
    ("data.yml", "> 0.01", "> 0.011"),
    ("data.yml", ">= 10\n", ">= 8\n"),
    ("data.yml", ">= 10\n", ">= 12\n"),
    ("data.yml", "[15m])) > 0", "[15m])) >= 0"),
    ("data.yml", "[15m])) > 0", "[15m])) > 2"),
    ("storage.yml", "[2m])) > 0", "[2m])) >= 0"),
    ("storage.yml", "ms:p99 > 1000", "ms:p99 > 990"),
    ("storage.yml", "ms:p99 > 1000", "ms:p99 > 1600"),
    ("storage.yml", "ratio < 0.1\n", "ratio <= 0.1\n"),
    ("storage.yml", "ratio < 0.1\n", "ratio < 0.099\n"),
    ("storage.yml", "ratio < 0.25", "ratio < 0.31"),
    ("storage.yml", "24 * 3600", "6 * 3600"),
    ("storage.yml", "ratio < 0.05", "ratio <= 0.05"),
    ("storage.yml", "ratio < 0.05", "ratio < 0.049"),
    ("storage.yml", "[5m])) > 0", "[5m])) >= 0"),
    ("storage.yml", "[3m])) > 0", "[3m])) >= 0"),
    ("workers.yml", "[15m]) > 3", "[15m]) >= 3"),
    ("workers.yml", "[15m]) > 3", "[15m]) > 4"),
    ("workers.yml", "< 60\n", "<= 60\n"),
    ("workers.yml", "< 60\n", "< 59\n"),
    ("workers.yml", "]))) < 1\n", "]))) < 100\n"),
    (
        "workers.yml",
        "max(classpulse:watermark_lag_seconds:max) < 30",
        "max(classpulse:watermark_lag_seconds:max) < 3000",
    ),
    ("workers.yml", "min_over_time(school_hours", "max_over_time(school_hours"),
]


def promtool(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    require("promtool", program is not None, "promtool is not installed")
    return subprocess.run([str(program), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_promtool_passes_every_rule_on_both_sides_of_its_threshold() -> None:
    said = promtool("test", "rules", *map(str, TESTS))
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(("file", "edge", "moved"), EDGES)
def test_a_threshold_that_moves_is_noticed(tmp_path: Path, file: str, edge: str, moved: str) -> None:
    shutil.copytree(ROOT / "prometheus" / "rules", tmp_path / "rules")
    shutil.copytree(ROOT / "prometheus" / "tests", tmp_path / "tests")
    text = (tmp_path / "rules" / file).read_text()
    assert edge in text
    (tmp_path / "rules" / file).write_text(text.replace(edge, moved))
    assert promtool("test", "rules", f"tests/{file}", cwd=tmp_path).returncode != 0


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"] == {"severity": rule["labels"]["severity"], "service": "classpulse"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "action", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    assert rule["keep_firing_for"]
    assert len(rule["annotations"]["summary"]) < 100


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested(name: str) -> None:
    assert any(f'"{name}"' in path.read_text() for path in TESTS)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_says_what_it_means_what_to_look_at_what_to_do_and_whom_to_call(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["What it means", "Look at", "Do", "Escalate"]
    assert "```" in text


def test_the_page_lists_every_alert_with_its_severity() -> None:
    listed = dict(re.findall(r"^\| \[(\w+)\]\(runbooks/\w+\.md\) \| (\w+) \|", PAGE.read_text(), re.MULTILINE))
    assert listed == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}


def test_the_chart_carries_these_very_files() -> None:
    carried = {path.name: path.read_text() for path in (ROOT / "helm" / "classpulse" / "files" / "rules").glob("*.yml")}
    assert carried == {path.name: path.read_text() for path in RULES}


def test_amtool_accepts_the_configuration_of_alertmanager() -> None:
    amtool = shutil.which("amtool")
    require("alertmanager", amtool is not None, "amtool is not installed")
    said = subprocess.run(
        [str(amtool), "check-config", "alerting/alertmanager/alertmanager.yml"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
