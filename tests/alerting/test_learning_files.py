"""What Grafana reads is what the list says; it does not complain about a misspelt key or a missing uid, so we do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerting import queries, render
from alerting.rules import RULES
from alerting.times import Times
from tests.alerting.lessons import LIMITS

ROOT = Path(__file__).parents[2]
TIMES = Times(_env_file=None)
KNOWN = {"uid", "title", "condition", "data", "for", "keepFiringFor", "noDataState", "execErrState", "labels"}


def parsed(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / render.FOLDER / name).read_text(encoding="utf-8")))


def provisioned() -> list[dict[str, Any]]:
    return [rule for group in parsed("rules.yml")["groups"] for rule in group["rules"]]


def test_the_files_are_what_the_list_says() -> None:
    assert render.outdated(LIMITS, TIMES) == []


def test_a_changed_threshold_shows_as_outdated(tmp_path: Path) -> None:
    render.write(LIMITS, TIMES, tmp_path)
    assert render.outdated(LIMITS, TIMES, tmp_path) == []
    other = LIMITS.model_copy(update={"idle_share_high": 0.4})
    assert render.outdated(other, TIMES, tmp_path) == [render.FOLDER / "rules.yml"]


def test_every_rule_is_there_once_under_its_own_id_and_title() -> None:
    assert sorted(rule["uid"] for rule in provisioned()) == sorted(rule.uid for rule in RULES)
    assert len({rule.uid for rule in RULES}) == len({rule.title for rule in RULES}) == len(RULES)


def test_a_rule_has_known_keys_only_and_a_condition_that_it_computes() -> None:
    for rule in provisioned():
        assert set(rule) == KNOWN | {"annotations", "isPaused"}
        assert rule["condition"] in {query["refId"] for query in rule["data"]}


def test_no_rule_asks_the_wall_clock() -> None:
    for rule in provisioned():
        for query in rule["data"]:
            statement = query["model"].get("rawSql", "")
            assert not re.search(r"\$__|(?<!classpulse_)\bnow\(\)|current_(date|timestamp)", statement)


def test_every_query_of_the_folder_has_its_rule() -> None:
    files = {path.stem for path in queries.HERE.glob("[!_]*.sql")}
    assert files == {rule.name for rule in RULES}


def test_datasources_and_boards_exist() -> None:
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/classpulse.yml").read_text())["datasources"]
    known = {source["uid"] for source in sources} | {"__expr__"}
    for rule in provisioned():
        assert {query["datasourceUid"] for query in rule["data"]} <= known
        uid = rule["annotations"]["__dashboardUid__"]
        assert any(f'"uid": "{uid}"' in path.read_text() for path in (ROOT / "grafana/dashboards").rglob("*.json"))


def test_policies_name_receivers_times_and_rules_that_exist() -> None:
    receivers = {point["name"] for point in parsed("contact-points.yml")["contactPoints"]}
    times = {mute["name"] for mute in parsed("mute-times.yml")["muteTimes"]}
    [policy] = parsed("policies.yml")["policies"]
    digests = [m[2] for route in policy["routes"] for m in route["object_matchers"] if m[0] == "rule"]
    assert {policy["receiver"]} | {route["receiver"] for route in policy["routes"]} <= receivers
    assert {name for route in policy["routes"] for name in route.get("mute_time_intervals", [])} <= times
    wanted = sorted(rule.name for rule in RULES if rule.severity == "digest")
    assert sorted("|".join(digests).split("|")) == wanted


def test_what_is_told_once_in_days_is_not_told_again_with_another() -> None:
    [policy] = parsed("policies.yml")["policies"]
    groups = {
        route["repeat_interval"]: route["group_by"]
        for route in policy["routes"]
        if "group_by" in route and "repeat_interval" in route
    }
    assert groups["20h"] == ["class_id"]
    assert groups["28d"] == groups["14d"] == ["class_id", "rule", "module"]
    assert groups["7d"] == ["class_id", "rule"]


def test_every_environment_name_of_the_contact_points_is_explained() -> None:
    text = (ROOT / render.FOLDER / "contact-points.yml").read_text()
    guide = (ROOT / "docs/dashboards.md").read_text()
    names = set(re.findall(r"\$(CLASSPULSE_\w+)", text))
    assert names
    assert {name for name in names if name not in guide} == set()


def test_words_that_name_no_column_are_refused() -> None:
    with pytest.raises(ValueError, match="is no column"):
        RULES[0].words("[nobody]")
