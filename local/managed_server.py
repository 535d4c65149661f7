"""A part: one server process with a folder of its own, started detached and found again through a state file."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from dataflows.errors import UnavailableError, UserError

Say = Callable[[str], None]
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 20.0
REPORT_EVERY_S = 5.0
STARTS = 3


class PartMissingError(UserError):
    """The part cannot be had on this machine; the message says why and what would help."""


class PartFailedError(UnavailableError):
    """The part was started and did not come to answer; the message names its log file."""


def quiet(_line: str) -> None:
    """Says nothing: the listener of those who only want the result."""


@dataclass
class ManagedServer:
    """The process of one part; `Kafka` and `Postgres` say how it is prepared, run and asked.

    Attributes:
        directory: The folder of all parts of one set; several sets may run at once.
        say: Gets one line for each step of progress.
    """

    directory: Path
    say: Say = quiet
    name: str = field(default="part", init=False)
    stop_signal: signal.Signals = field(default=signal.SIGTERM, init=False)
    abandon_signal: signal.Signals = field(default=signal.SIGKILL, init=False)

    def __post_init__(self) -> None:
        """Makes the folder's name hold wherever the process is started from."""
        self.directory = self.directory.resolve()

    @property
    def log_file(self) -> Path:
        """Where the server's own output goes."""
        return self.directory / "logs" / f"{self.name}.log"

    @property
    def state_file(self) -> Path:
        """Where a later call finds the running process."""
        return self.directory / f"{self.name}.json"

    def state(self) -> dict[str, Any]:
        """Returns what is known of the part: pid, ports, folders; empty before its first start."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return state

    def remember(self, **facts: Any) -> None:
        """Adds facts to the state file, readable for its owner only."""
        self.directory.mkdir(parents=True, exist_ok=True)
        draft = self.state_file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.state() | facts))
        draft.replace(self.state_file)

    def process(self) -> psutil.Process | None:
        """Returns the running server, or None; a pid that now belongs to somebody else does not count."""
        state = self.state()
        if "pid" not in state:
            return None
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(state["pid"])
            if process.status() != psutil.STATUS_ZOMBIE and any(state["marker"] in arg for arg in _arguments(process)):
                return process
        return None

    def spawn(
        self,
        command: Sequence[str],
        marker: Path,
        *,
        user: int | None = None,
        group: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Starts the server in a session of its own, so that it outlives this command and its terminal.

        Args:
            command: The program and its arguments; one of them contains `marker`.
            marker: A path of this set only, by which the process is known again.
            user: Numeric user to become, if we are root.
            group: Numeric group to become.
            env: Variables added to ours.
        """
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                env={**os.environ, **(env or {})},
            )
        self.remember(pid=process.pid, marker=str(marker))

    def wait_until(self, answers: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
        """Waits until `answers()` is true.

        Raises:
            PartFailedError: The process ended, or `timeout_s` passed.
        """
        began = reported = time.monotonic()
        while not answers():
            now = time.monotonic()
            if self.process() is None:
                message = f"{self.name} ended while starting; its last words: {self.last_words()} (see {self.log_file})"
                raise PartFailedError(message)
            if now - began > timeout_s:
                message = f"{self.name} did not answer within {timeout_s:.0f} s (see {self.log_file})"
                raise PartFailedError(message)
            if now - reported > REPORT_EVERY_S:
                self.say(f"{self.name}: waiting for an answer, {now - began:.0f} s so far")
                reported = now
            time.sleep(0.05)  # the pace of asking; what ends the wait is the answer
        self.say(f"{self.name}: ready after {time.monotonic() - began:.1f} s")

    def start_new(self, launch: Callable[[], None], answers: Callable[[], bool], timeout_s: float) -> None:
        """Launches a server that has no port yet; where another has taken its port meanwhile, on another one.

        Args:
            launch: Chooses a port and spawns.
            answers: Says whether it answers.
            timeout_s: For how long each start is waited for.

        Raises:
            PartFailedError: It does not come to answer.
        """
        for left in reversed(range(STARTS)):
            launch()
            try:
                self.wait_until(answers, timeout_s)
                return
            except PartFailedError:
                if not left or self.process() is not None:
                    raise

    def last_words(self) -> str:
        """Returns the last lines of the log, on one line."""
        if not self.log_file.exists():
            return "none"
        return " | ".join(self.log_file.read_text(errors="replace").strip().splitlines()[-3:]) or "none"

    def stop(self) -> bool:
        """Ends the process and keeps its data; returns whether there was one."""
        return self._end(self.stop_signal)

    def _end(self, by: signal.Signals) -> bool:
        process = self.process()
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(by)
            try:
                process.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                self.say(f"{self.name}: did not stop in time and was killed")
                process.kill()
                process.wait(STOP_TIMEOUT_S)
        return True

    def destroy(self) -> bool:
        """Ends the process at once and removes its data; returns whether there was a process."""
        was_running = self._end(self.abandon_signal)
        for folder in (self.directory / self.name, *self.state().get("folders", [])):
            shutil.rmtree(folder, ignore_errors=True)
        self.state_file.unlink(missing_ok=True)
        return was_running


def _arguments(process: psutil.Process) -> list[str]:
    """Returns the command line; for a moment in exec a process shows none, so it is asked more than once."""
    for _ in range(20):
        if found := process.cmdline():
            return found
        time.sleep(0.005)
    return []


def is_ready(url: str) -> bool:
    """Says whether a server of Prometheus' family is ready at a loopback address."""
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Holds the lock of a set of parts, so that two callers at once start it once."""
    import fcntl

    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
