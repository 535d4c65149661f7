"""Grafana, Prometheus and Alertmanager, where their addresses are set."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from alerting.server import Server, ServerError, ServerSettings
from health.finding import Finding, note, ok, wrong

TIMEOUT_S = 5.0
DATASOURCES = ("classpulse-teachers", "classpulse-school", "classpulse-operators")


def check() -> list[Finding]:
    """Returns findings on what `GRAFANA_URL` and the like name; an unset address is no fault."""
    return [
        *_grafana(os.environ.get("GRAFANA_URL", "")),
        *_prometheus(os.environ.get("PROMETHEUS_URL", "")),
        *_alertmanager(os.environ.get("ALERTMANAGER_URL", "")),
    ]


def _grafana(url: str) -> list[Finding]:
    if not url:
        return [note("grafana", "address", "GRAFANA_URL is not set, so it was not asked")]
    try:
        health = _get(f"{url.rstrip('/')}/api/health")
    except (OSError, ValueError) as error:
        return [wrong("grafana", "address", f"{url}: {_words(error)}", "Start it (`make up`), or correct GRAFANA_URL.")]
    if health.get("database") != "ok":
        return [
            wrong("grafana", "health", f"{url}: its own database is {health.get('database')}", "Read Grafana's log.")
        ]
    return [ok("grafana", "health", f"{url}: version {health.get('version', '?')}"), *_datasources()]


def _datasources() -> list[Finding]:
    """Returns whether each database that boards ask answers Grafana; nothing where it was not told who we are."""
    settings = ServerSettings()
    if not (settings.token.get_secret_value() or settings.password.get_secret_value()):
        return [note("grafana", "datasources", "neither GRAFANA_TOKEN nor GRAFANA_PASSWORD is set: not asked")]
    server, found = Server(settings, timeout_s=TIMEOUT_S), []
    for uid in DATASOURCES:
        try:
            answer = server.get(f"/datasources/uid/{uid}/health")
        except ServerError as error:
            answer = {"message": str(error)}
        if answer.get("status") != "OK":
            advice = "Check its CLASSPULSE_GRAFANA_… variables (docs/dashboards.md)."
            found.append(wrong("grafana", "datasource", f"{uid}: {answer.get('message', 'no answer')}", advice))
    return found or [ok("grafana", "datasources", f"{len(DATASOURCES)} answer")]


def _prometheus(url: str) -> list[Finding]:
    if not url:
        return [note("prometheus", "address", "PROMETHEUS_URL is not set, so it was not asked")]
    try:
        answer = _get(f"{url.rstrip('/')}/api/v1/targets?state=active")
    except (OSError, ValueError) as error:
        advice = "Start it (`make up`), or correct PROMETHEUS_URL."
        return [wrong("prometheus", "address", f"{url}: {_words(error)}", advice)]
    targets = answer.get("data", {}).get("activeTargets", [])
    down = [target for target in targets if target.get("health") == "down"]
    found = [
        wrong(
            "prometheus",
            "target",
            f"{target['scrapeUrl']}: {target.get('lastError', 'down')}",
            "Start what it scrapes.",
        )
        for target in down
    ]
    found = found or [ok("prometheus", "targets", f"{url}: {len(targets)} targets, none down")]
    return [*found, *_rules(url)]


def _rules(url: str) -> list[Finding]:
    """Returns whether our alerts are loaded, and whether somebody is told of them."""
    try:
        groups = _get(f"{url.rstrip('/')}/api/v1/rules?type=alert").get("data", {}).get("groups", [])
        managers = _get(f"{url.rstrip('/')}/api/v1/alertmanagers").get("data", {}).get("activeAlertmanagers", [])
    except (OSError, ValueError) as error:
        return [wrong("prometheus", "rules", f"{url}: {_words(error)}", "Read Prometheus' log.")]
    rules = [rule for group in groups if group["name"].startswith("classpulse-") for rule in group["rules"]]
    if not rules:
        return [wrong("prometheus", "rules", "none of our alerts is loaded", "Name prometheus/rules in rule_files.")]
    sick = [rule["name"] for rule in rules if rule.get("health") == "err"]
    if sick:
        return [wrong("prometheus", "rules", f"cannot be evaluated: {', '.join(sick)}", "Read Prometheus' log.")]
    firing = sorted({rule["name"] for rule in rules if rule.get("state") == "firing"})
    said = f"{len(rules)} alerts, " + (f"firing: {', '.join(firing)}" if firing else "none fires")
    found = (
        note("prometheus", "rules", said, "docs/runbooks says what to do.")
        if firing
        else ok("prometheus", "rules", said)
    )
    if managers:
        return [found]
    advice = "Name an Alertmanager in its configuration (`alerting`)."
    return [found, note("prometheus", "alertmanagers", "it tells nobody of alerts", advice)]


def _alertmanager(url: str) -> list[Finding]:
    if not url:
        return [note("alertmanager", "address", "ALERTMANAGER_URL is not set, so it was not asked")]
    try:
        status = _get(f"{url.rstrip('/')}/api/v2/status")
    except (OSError, ValueError) as error:
        advice = "Start it (`make up`), or correct ALERTMANAGER_URL."
        return [wrong("alertmanager", "address", f"{url}: {_words(error)}", advice)]
    return [ok("alertmanager", "status", f"{url}: version {status.get('versionInfo', {}).get('version', '?')}")]


def _get(url: str) -> dict[str, Any]:
    """Returns a JSON object.

    Raises:
        OSError: Nothing answers, or with an error status.
        ValueError: The address is no http address, or the answer no JSON object.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        message = "not an http(s) address"
        raise ValueError(message)
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the scheme was checked
        found = json.load(answer)
    if not isinstance(found, dict):
        message = "the answer is no JSON object"
        raise ValueError(message)
    return found


def _words(error: Exception) -> str:
    return str(error.reason) if isinstance(error, urllib.error.URLError) else str(error)
