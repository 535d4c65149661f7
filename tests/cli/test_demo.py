"""The demo runs on any machine, accounts for every event, and leaves no process behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.waiting import until

pytestmark = pytest.mark.timeout(420)

PATIENCE_S = 240.0  # a busy machine of two cores
KEYS = {
    "events_in",
    "events_rejected",
    "rows",
    "freshness_p50_s",
    "freshness_p99_s",
    "database",
    "broker",
}


class Demo:
    """A `classpulse demo` without a terminal, in a directory of its own."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "demo", *arguments],
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, words: str) -> bool:
        assert self.process.poll() is None or any(words in line for line in self.lines), "\n".join(self.lines)
        return any(words in line for line in self.lines)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def result(self) -> dict[str, Any]:
        assert self.process.wait(PATIENCE_S) == 0, "\n".join(self.lines)
        until(lambda: bool(self.lines) and self.lines[-1].startswith("{"))
        found: dict[str, Any] = json.loads(self.lines[-1])
        return found


@pytest.fixture
def place() -> Iterator[Path]:
    """A working directory that an account without rights can reach, which pytest's own are not for root."""
    directory = Path(tempfile.mkdtemp(prefix="classpulse-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def all_gone(family: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)


def test_off_a_terminal_it_ends_by_itself_and_every_event_is_accounted_for(place: Path) -> None:
    demo = Demo(place, "--seconds", "15", "--rate", "100", "--json")
    figures = demo.result()
    assert set(figures) >= KEYS
    rows = figures["rows"]
    repeats = figures["events_in"] - rows["events"] - rows["dead_letters"]
    assert 0 <= repeats < 0.03 * figures["events_in"]
    assert figures["events_in"] > figures["events_history"] > 0
    assert figures["events_rejected"] == rows["dead_letters"] > 0
    assert all(rows[table] > 0 for table in ("activity_windows", "student_state", "student_days", "engagement_scores"))
    assert figures["freshness_count"] > 0
    assert 0 < figures["freshness_p50_s"] <= figures["freshness_p99_s"]
    assert figures["database"] == "postgresql"
    assert "mock" in figures["broker"]
    assert any("active" in line and "events/s" in line for line in demo.lines)
    assert any("psql" in line for line in demo.lines)

    queried = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--psql"],
        cwd=place,
        input="\\t on\n\\a\nSELECT active_students > 0 FROM active_now WHERE scope = 'all';\n",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert queried.stdout.splitlines()[-1] == "t", "opened later, the clock stands where the demo ended"


@pytest.mark.long
def test_ctrl_c_ends_it_with_the_figures_and_leaves_no_process(place: Path) -> None:
    demo = Demo(place, "--seconds", "300", "--rate", "50", "--json")
    until(lambda: demo.said("live after"), PATIENCE_S)
    family = demo.family()
    assert len(family) > 3
    demo.process.send_signal(signal.SIGINT)
    assert demo.result()["events_in"] > 0
    until(lambda: all_gone(family))


@pytest.mark.long
@pytest.mark.parametrize("words", ["roster:", "live after"])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death")
def test_killed_at_any_stage_it_leaves_no_process(place: Path, words: str) -> None:
    demo = Demo(place, "--seconds", "300", "--rate", "50")
    until(lambda: demo.said(words), PATIENCE_S)
    family = demo.family()
    assert family
    demo.process.kill()
    demo.process.wait()
    until(lambda: all_gone(family), 60)


def test_stopped_during_the_back_fill_it_ends_in_order(place: Path) -> None:
    demo = Demo(place, "--rate", "50", "--json")
    until(lambda: demo.said("look into it"), PATIENCE_S)
    family = demo.family()
    demo.process.send_signal(signal.SIGTERM)
    assert demo.result()["freshness_count"] == 0
    until(lambda: all_gone(family))


def test_without_a_demo_psql_says_what_to_run(place: Path) -> None:
    queried = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--psql"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert queried.returncode == 1
    assert "classpulse demo" in queried.stderr
