"""Where the machine has no Prometheus, Grafana is told that nothing is measured, which is no error."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from demo import metrics
from tests.parts import require
from tests.waiting import until


def ask(address: str, path: str, form: bytes | None = None) -> Any:
    with urllib.request.urlopen(f"{address}{path}", data=form, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def test_without_a_prometheus_every_question_has_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with metrics.beside(tmp_path / "prometheus", range(9, 10)) as found:
        assert not found.measures
        ranged = ask(found.address, "/api/v1/query_range", b"query=up&start=0&end=1&step=1")
        assert ranged == {"status": "success", "data": {"resultType": "matrix", "result": []}}
        assert ask(found.address, "/api/v1/query?query=up")["data"]["resultType"] == "vector"
        assert ask(found.address, "/api/v1/labels")["data"] == []


def test_prometheus_is_told_where_the_workers_are_and_ends_with_the_demo(tmp_path: Path) -> None:
    require("prometheus", shutil.which("prometheus") is not None, "prometheus is not installed")
    ports = metrics.free_ports(4)
    with metrics.beside(tmp_path / "prometheus", ports) as found:
        assert found.measures
        until(lambda: _targets(found.address) == {f"127.0.0.1:{port}" for port in ports}, 60)
    with pytest.raises(OSError, match="refused"):
        ask(found.address, "/-/ready")


def _targets(address: str) -> set[str]:
    try:
        active = ask(address, "/api/v1/targets")["data"]["activeTargets"]
    except OSError:
        return set()
    return {target["labels"]["instance"] for target in active}
