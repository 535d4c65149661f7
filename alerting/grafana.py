"""Grafana's rules, as its provisioning files have them."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from alerting.limits import Limits
from alerting.rules import RULES
from alerting.rules.rule import WORDS, Rule
from grafana import committed
from grafana.links import BOARDS
from grafana.postgres import TEACHERS

FOLDER: Final = "Alerts"  # not a folder of boards: alerting would make a second one of the same title
EXPRESSION: Final = "__expr__"


def rule_file(limits: Limits, rules: tuple[Rule, ...] = RULES) -> dict[str, Any]:
    """Returns the file of all rules, those evaluated equally often in one group."""
    ordered = sorted(rules, key=lambda rule: rule.every_s)
    groups = [
        {
            "orgId": 1,
            "name": f"classpulse-{every_s}s",
            "folder": FOLDER,
            "interval": f"{every_s}s",
            "rules": [provisioned(rule, limits) for rule in members],
        }
        for every_s, members in groupby(ordered, key=lambda rule: rule.every_s)
    ]
    return {"apiVersion": 1, "groups": groups}


def provisioned(rule: Rule, limits: Limits) -> dict[str, Any]:
    """Returns one rule: the query of its condition, that of its words, and a threshold on the first."""
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "fires",
        "data": [
            _query("firing", rule.condition(limits)),
            _query(WORDS, rule.wording(limits)),
            _threshold("firing"),
        ],
        "for": f"{rule.for_s}s",
        "keepFiringFor": f"{rule.keep_s}s",
        # No data or an error says nothing of the class, and operators hear of it from Prometheus.
        "noDataState": "KeepLast",
        "execErrState": "KeepLast",
        "labels": {"severity": rule.severity, "audience": rule.audience, "rule": rule.name},
        "annotations": _annotations(rule),
        "isPaused": False,
    }


def _annotations(rule: Rule) -> dict[str, str]:
    uid, of_class = BOARDS[rule.board], "class_id" in rule.ids
    chosen = f"?var-{rule.variable}={{{{ $labels.class_id }}}}" if rule.variable and of_class else ""
    ids = ", ".join(f"[{name}]" for name in rule.ids) if of_class else ""
    return {
        "summary": rule.worded_or(rule.summary, f"{ids}: {rule.title}" if ids else rule.title),
        "description": rule.worded_or(rule.description),
        "about": rule.worded_or(rule.about, ids),
        "class": rule.worded_or("[class]", "[class_id]") if of_class else "",
        "over": rule.over(),
        "board": f"/d/{uid}{chosen}",
        "__dashboardUid__": uid,
        "__panelId__": str(committed.panel(rule.board, rule.panel)["id"]),
    }


def _query(name: str, sql: str) -> dict[str, Any]:
    return {
        "refId": name,
        "datasourceUid": TEACHERS.uid,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {
            "refId": name,
            "datasource": {"type": TEACHERS.type_val, "uid": TEACHERS.uid},
            "format": "table",
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": sql,
        },
    }


def _threshold(name: str) -> dict[str, Any]:
    return {
        "refId": "fires",
        "datasourceUid": EXPRESSION,
        "model": {
            "refId": "fires",
            "type": "threshold",
            "datasource": {"type": EXPRESSION, "uid": EXPRESSION},
            "expression": name,
            "conditions": [{"evaluator": {"type": "gt", "params": [0.5]}}],
        },
    }
