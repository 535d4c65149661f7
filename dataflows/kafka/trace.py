"""Where a batch went, for the test that tasks stay at home: off unless `CLASSPULSE_TRACE_BATCHES` names a file."""

from __future__ import annotations

import os
from typing import Final

_FILE: Final = os.environ.get("CLASSPULSE_TRACE_BATCHES")


def trace(step: str, task: int) -> None:
    """Appends `<step> <task> <process id>`; one short write, so that processes may share the file."""
    if _FILE:
        with open(_FILE, "a", encoding="ascii") as file:
            file.write(f"{step} {task} {os.getpid()}\n")
