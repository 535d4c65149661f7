"""The doctor asks real Prometheus and Alertmanager: targets, rules, and whether anybody is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from health import monitoring
from health.finding import Finding
from local.alertmanager import PROGRAMS
from local.prometheus import RULES
from tests.alerting.fakes import Way, Worker, way
from tests.parts import require
from tests.waiting import until


@pytest.fixture
def worker() -> Worker:
    return Worker("engagement")


@pytest.fixture
def here(tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    require("prometheus", shutil.which("prometheus") is not None, "prometheus is not installed")
    require("alertmanager", any(map(shutil.which, PROGRAMS)), "alertmanager is not installed")
    with way(tmp_path, [worker]) as found:
        monkeypatch.setenv("PROMETHEUS_URL", found.prometheus.url)
        monkeypatch.setenv("ALERTMANAGER_URL", found.alertmanager.url)
        monkeypatch.delenv("GRAFANA_URL", raising=False)
        yield found


def queried(check: str) -> Finding:
    return next(finding for finding in monitoring.check() if finding.check == check)


def test_the_doctor_sees_rules_and_who_is_told_and_names_what_fires(here: Way, worker: Worker) -> None:
    until(lambda: queried("targets").detail.endswith("1 targets, none down"))
    alerts = sum(path.read_text().count("- alert: ") for path in RULES.glob("*.yml"))
    assert queried("rules").detail == f"{alerts} alerts, none fires"
    assert queried("status").state == "ok"
    assert not [finding for finding in monitoring.check() if finding.check == "alertmanagers"]

    worker.silent = True
    until(lambda: "firing: " in queried("rules").detail and "WorkerDown" in queried("rules").detail)
    assert queried("rules").state == "note"
    assert queried("target").state == "wrong"
