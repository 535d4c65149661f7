"""A process on one core: what it has used, and what it says of its progress."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Returns the user and system seconds of a process, all its threads together.

    Raises:
        ProcessLookupError: It has ended.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def peak_mb(pid: int) -> float:
    """Returns the most memory that a process has had, in MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def pin(pid: int, core: int) -> None:
    """Keeps all threads of a running process on a core."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core})


@dataclass
class Measured:
    """A process of a measurement.

    Attributes:
        process: The process.
        said: What it writes to standard output.
        used_s: The CPU seconds that it had used when last looked at.
        most_mb: The most memory that it was seen with.
    """

    process: subprocess.Popen[bytes]
    said: Path
    used_s: float = 0.0
    most_mb: float = 0.0
    _read: int = field(default=0, init=False)
    _rest: bytes = field(default=b"", init=False)

    def look(self) -> bool:
        """Reads CPU and memory; returns whether the process still runs."""
        pid = self.process.pid
        with contextlib.suppress(ProcessLookupError):
            self.used_s = max(self.used_s, cpu_s(pid))
        self.most_mb = max(self.most_mb, peak_mb(pid))
        # A zombie still has its times in /proc, so they are read before it is waited for.
        return self.process.poll() is None

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yields what it has reported since the last call."""
        with self.said.open("rb") as file:
            file.seek(self._read)
            text = self._rest + file.read()
            self._read = file.tell()
        *whole, self._rest = text.split(b"\n")
        for line in whole:
            if line.startswith(b"{"):
                yield json.loads(line)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends the process and waits for it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start(command: list[str], env: dict[str, str], folder: Path, core: int) -> Measured:
    """Starts a process on a core; its standard output and errors go to files in a folder."""
    said, errors = folder / "said", folder / "errors"
    out: IO[bytes]
    with said.open("wb") as out, errors.open("ab") as err:
        process = subprocess.Popen(  # noqa: S603
            command,
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 (no threads hold locks here)
        )
    return Measured(process, said)
