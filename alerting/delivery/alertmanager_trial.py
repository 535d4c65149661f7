"""A critical alert, a warning and their end through Alertmanager; its own counters say whether they got out."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from alerting.delivery.trial import not_taken
from health.finding import Finding, ok, wrong

PART: Final = "alertmanager"
SEVERITIES: Final = ("critical", "warning")
TIMEOUT_S: Final = 10.0
_CONFIGURED: Final = {"slack": "slack_configs:", "email": "email_configs:"}
_COUNTER: Final = re.compile(
    r'^alertmanager_notification_requests(_failed)?_total\{[^}]*integration="(\w+)"[^}]*\} (\S+)$', re.MULTILINE
)


def alertmanager_trial(url: str, patience_s: float) -> list[Finding]:
    """Sends two alerts and ends them; returns for each place whether all four messages left."""
    try:
        kinds = [kind for kind, word in _CONFIGURED.items() if word in _configuration(url)]
        before, run = _counts(url), uuid4().hex[:8]
        found = []
        for place, (what, ended) in enumerate((("critical and warning", False), ("resolved", True)), 1):
            _post(url, run, ended=ended)
            wanted = place * len(SEVERITIES)
            taken, failed = _settled(url, before, kinds, wanted, patience_s)
            found += [_finding(kind, what, taken[kind] >= wanted, failed[kind]) for kind in kinds]
    except (OSError, ValueError) as error:
        return [wrong(PART, "address", f"{url}: {error}", "Start it (`make up`), or correct ALERTMANAGER_URL.")]
    return found or [
        wrong(PART, "receivers", "sends to neither Slack nor e-mail", "Start it by alertmanager/start.sh.")
    ]


def _finding(kind: str, what: str, delivered: bool, failures: int) -> Finding:  # noqa: FBT001
    if delivered:
        return ok(PART, f"{kind} ({what})", "accepted")
    reason = f"{failures} attempt(s) failed; Alertmanager's log says why" if failures else "nothing left it in time"
    return not_taken(PART, f"{kind} ({what})", kind, reason)


def _settled(
    url: str, before: tuple[Counter[str], Counter[str]], kinds: list[str], wanted: int, patience_s: float
) -> tuple[Counter[str], Counter[str]]:
    """Waits until each place took as many as wanted, or cannot; returns what was taken and what failed since."""
    gives_up = time.monotonic() + patience_s
    while True:
        sent, failed = (now - then for now, then in zip(_counts(url), before, strict=True))
        taken = sent - failed
        if all(taken[kind] >= wanted or failed[kind] > 1 for kind in kinds) or time.monotonic() > gives_up:
            return taken, failed
        time.sleep(0.5)


def _post(url: str, run: str, *, ended: bool) -> None:
    now = datetime.now(UTC)
    alerts = [
        {
            "labels": {
                "alertname": "TestOfClassPulse",
                "service": "classpulse",
                "severity": severity,
                "test": "true",
                "run": run,
            },
            "annotations": {
                "summary": f"Test of ClassPulse: a {severity} alert",
                "description": "Somebody ran `classpulse alerts test`. Nothing is wrong.",
                "action": "Nothing.",
                "runbook_url": "docs/alerts.md",
            },
            "startsAt": (now - timedelta(seconds=1)).isoformat(),
            "endsAt": (now if ended else now + timedelta(minutes=5)).isoformat(),
        }
        for severity in SEVERITIES
    ]
    _ask(f"{url}/api/v2/alerts", json.dumps(alerts).encode())


def _configuration(url: str) -> str:
    status: dict[str, Any] = json.loads(_ask(f"{url}/api/v2/status"))
    return str(status["config"]["original"])


def _counts(url: str) -> tuple[Counter[str], Counter[str]]:
    """Returns how many messages each kind of place was asked to take so far, and how many it did not."""
    sent: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for failure, kind, number in _COUNTER.findall(_ask(f"{url}/metrics")):
        (failed if failure else sent)[kind] += round(float(number))
    return sent, failed


def _ask(url: str, body: bytes | None = None) -> str:
    """Returns the answer to a request.

    Raises:
        OSError: Nothing answers, or with an error.
        ValueError: The address is none.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        message = "not an http(s) address"
        raise ValueError(message)
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - the scheme was checked
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return str(answer.read().decode())
