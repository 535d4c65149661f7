"""Grafana and Prometheus, where their addresses are set."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from cli.checks.finding import Finding, note, ok, wrong

TIMEOUT_S = 5.0


def check() -> list[Finding]:
    """Returns findings on `GRAFANA_URL` and `PROMETHEUS_URL`; an unset address is no fault."""
    return [*_grafana(os.environ.get("GRAFANA_URL", "")), *_prometheus(os.environ.get("PROMETHEUS_URL", ""))]


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
    return [ok("grafana", "health", f"{url}: version {health.get('version', '?')}")]


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
    return found or [ok("prometheus", "targets", f"{url}: {len(targets)} targets, none down")]


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
