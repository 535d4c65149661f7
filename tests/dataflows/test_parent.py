"""A worker whose parent is gone ends, whenever the parent went and whatever the worker waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dataflows.errors import Exit
from tests.waiting import until

ROOT = Path(__file__).parents[2]
DEAF = """
import signal, sys, time
from dataflows import parent
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
parent._ASK_EVERY_S, parent._GRACE_S = 0.05, float(sys.argv[2])
parent.end_with_parent(int(sys.argv[1]))
print("works", flush=True)
while True: time.sleep(0.1)
"""
STARTER = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {DEAF!r}, str(os.getpid()), "0.2"])
print(child.pid, flush=True)
time.sleep(600)
"""


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_who_asks_after_its_parent_has_died_ends_at_once() -> None:
    gone = python("pass")
    gone.wait(30)
    orphan = python(DEAF, str(gone.pid), "600")
    assert orphan.wait(30) == Exit.ORPHAN
    assert orphan.stdout is not None
    assert orphan.stdout.read() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
def test_who_does_not_come_to_its_end_is_ended_after_a_while() -> None:
    parent = python(STARTER)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "works\n"
    os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert "asked" in parent.stdout.read()
    parent.wait(30)
