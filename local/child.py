"""Child processes that end with their parent, whatever ends it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def _die_with_parent(sent: signal.Signals) -> Callable[[], None] | None:
    """Returns what makes the kernel send `sent` to a child when its parent is gone, where the kernel can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: the child must not load libraries
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(sent))
        if os.getppid() != parent:  # it died before the asking, so the signal would come to nobody
            os._exit(1)

    return ask_kernel


def spawn(  # noqa: PLR0913 - the keywords of Popen, fewer
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    on_orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Starts a process in a group of its own, so that a terminal's Ctrl-C reaches only us.

    Args:
        command: The program and its arguments.
        env: Variables set on top of our own environment.
        output: Where its output and errors go.
        cwd: Its working directory.
        user: The user id that it runs as (needs root).
        group: The group id that it runs as (needs root).
        on_orphaned: What the kernel sends to it when we die without having ended it (Linux).
    """
    return subprocess.Popen(  # noqa: S603 - our own programs
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        start_new_session=True,
        preexec_fn=_die_with_parent(on_orphaned),  # noqa: PLW1509 - it calls prctl and nothing else
    )


def end(process: subprocess.Popen[bytes], first: signal.Signals, patience_s: float) -> int:
    """Ends a child: `first` to the process, then SIGKILL to its whole group; returns its exit code."""
    if process.poll() is None:
        process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
