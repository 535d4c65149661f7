"""How far the workers of `run --until-caught-up` are: each writes it to a small file, the command shows the sum."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import msgspec

_WRITE_EVERY_S: Final = 0.5


class CatchingUp(msgspec.Struct):
    """Records of a process's tasks.

    Attributes:
        flow: The flow.
        read: How many are read.
        goal: How many there were to read when the worker started.
    """

    flow: str
    read: int = 0
    goal: int = 0


class Journal:
    """What one worker process notes of its tasks; without a file it keeps silent."""

    def __init__(self) -> None:
        """Starts without tasks."""
        self._file: Path | None = None
        self._flow = ""
        self._tasks: dict[int, tuple[int, int]] = {}
        self._written_s = 0.0

    def open(self, folder: Path, flow: str, process: int) -> None:
        """Writes to a file of this process from now on."""
        self._file, self._flow = folder / f"{flow}.{process}.progress", flow

    def note(self, task: int, read: int, goal: int) -> None:
        """Notes how far a task is; called for each batch."""
        if self._file is None:
            return
        self._tasks[task] = (min(read, goal), goal)
        if time.monotonic() - self._written_s >= _WRITE_EVERY_S:
            self._written_s = time.monotonic()
            read, goal = (sum(column) for column in zip(*self._tasks.values(), strict=True))
            draft = self._file.with_suffix(".draft")
            draft.write_bytes(msgspec.json.encode(CatchingUp(self._flow, read, goal)))
            draft.replace(self._file)


journal: Final = Journal()
"""This process's."""


def read_all(folder: Path) -> dict[str, CatchingUp]:
    """Returns how far each flow is whose workers have begun."""
    found: dict[str, CatchingUp] = {}
    for path in sorted(folder.glob("*.progress")):
        part = msgspec.json.decode(path.read_bytes(), type=CatchingUp)
        whole = found.setdefault(part.flow, CatchingUp(part.flow))
        whole.read += part.read
        whole.goal += part.goal
    return found
