"""When the scanner may be used: once its code is at hand, compiled here or before, and has been seen to be right.

Until then, and where it cannot be had, everything is decoded as it was before there was a scanner, by the same rules
and with the same result, and a line in the log says so.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import structlog

HERE: Final = Path(__file__).parent
_SOURCES: Final = (
    *(HERE / f"{name}.py" for name in ("fields", "interning", "kernel", "ordering", "sets", "values", "words")),
    *(HERE.parent / f"{name}.py" for name in ("detailed", "numbers", "rules", "spread")),
)
"""All that is compiled, and what is compiled into it."""

log = structlog.get_logger()

_lock = threading.Lock()
_thread: threading.Thread | None = None
_kernel: ModuleType | None = None


def kernel() -> ModuleType | None:
    """Returns the compiled loops; None while they are not at hand. Asked for each batch, never waits."""
    return _kernel


def prepare(folder: Path | None = None, *, wait: bool = False) -> None:
    """Begins to load the scanner, in a thread of its own; what is not compiled yet is compiled and kept.

    Args:
        folder: Where compiled code is kept; by default beside the packages, or where there is room.
        wait: Return when it is at hand, or is known not to be.
    """
    global _thread  # noqa: PLW0603 - one a process
    with _lock:
        if _thread is None:
            # Not a daemon: an interpreter that ends in the middle of a compilation would fall over it.
            _thread = threading.Thread(target=_load, args=(folder,), name="scanner", daemon=False)
            _thread.start()
    if wait:
        _thread.join()


def _load(folder: Path | None) -> None:
    global _kernel  # noqa: PLW0603 - set once, when it is right
    began_s = time.monotonic()
    try:
        from numba import config  # noqa: PLC0415 - takes a second, and is not everywhere

        how: Any = config
        if how.DISABLE_JIT:
            _explain("numba is told not to compile (NUMBA_DISABLE_JIT)")
            return
        kept = code_folder(folder)
        how.CACHE_DIR = str(kept)
        is_warm = any(kept.rglob("*.nbc"))
        if not is_warm:
            _tell("compiling the event scanner; events are decoded without it until it is ready", into=str(kept))
        from dataflows.events.scanner import kernel as compiled  # noqa: PLC0415 - compiled by numba
        from dataflows.events.scanner.proof import prove  # noqa: PLC0415

        prove(compiled)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, events are decoded
        _explain(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
        return
    _kernel = compiled
    if structlog.is_configured():
        log.debug("event scanner ready", seconds=round(time.monotonic() - began_s, 1), compiled=not is_warm)


def _explain(reason: str) -> None:
    _tell("events are decoded without the scanner, at twice the cost", reason=reason)


def _tell(event: str, **facts: str) -> None:
    """Logs in a worker; in a command, whose output is for people or for a pipe, writes a line to standard error."""
    if structlog.is_configured():
        log.warning(event, **facts)
    else:
        sys.stderr.write(f"{event}: {', '.join(f'{name} {fact}' for name, fact in facts.items())}\n")


def code_folder(given: Path | None = None) -> Path:
    """Returns the folder of the compiled code, which can be written to.

    What was compiled from other sources, or for other versions, lies in other folders. Where a container is read-only,
    the code that its image brings is copied to where there is room, for numba looks only where it may write.
    """
    name = f"scanner-{_digest()}"
    homes = [given] if given else [Path(sys.prefix) / "var", _user_cache()]
    brought = next((home / name for home in homes if any((home / name).rglob("*.nbc"))), None)
    folder = next((home / name for home in homes if _is_writable(home / name)), None)
    folder = folder or Path(tempfile.mkdtemp(prefix="classpulse-scanner-"))
    if brought is not None and brought != folder and not any(folder.rglob("*.nbc")):
        _copy(brought, folder)
    return folder


def _copy(brought: Path, folder: Path) -> None:
    """Copies compiled code so that nobody else ever sees half of it."""
    half = Path(tempfile.mkdtemp(dir=folder.parent, prefix="classpulse-scanner-"))
    shutil.copytree(brought, half, dirs_exist_ok=True)
    try:
        half.rename(folder)  # in place of the folder where it is empty
    except OSError:  # another worker was faster
        shutil.rmtree(half, ignore_errors=True)


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "classpulse"


def _digest() -> str:
    """Returns what the compiled code depends on, as a few letters: sources, versions, processor."""
    parts: list[Any] = [version("numba"), version("llvmlite"), version("numpy"), sys.version, platform.machine()]
    sources = b"\0".join(path.read_bytes() for path in _SOURCES)
    return hashlib.sha256(repr(parts).encode() + sources).hexdigest()[:12]
