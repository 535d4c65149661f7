"""`make install`: pip, with a bar instead of minutes of silence. Nothing but the standard library is there yet."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

BAR_CELLS: Final = 24
DRAWN_EVERY_S: Final = 0.25
LINE_EVERY_S: Final = 10.0
LAST_WORDS: Final = 15

_PINNED: Final = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==", re.MULTILINE)
_LEFT_OUT: Final = re.compile(r"^Ignoring ([A-Za-z0-9_.-]+):")
_FETCHED: Final = re.compile(r"^Collecting ([A-Za-z0-9_.-]+)|^Requirement already satisfied: ([A-Za-z0-9_.-]+)")


@dataclass(slots=True)
class Progress:
    """How far pip has come: every package is fetched, then every package is installed.

    Attributes:
        packages: How many this machine needs.
        before: How many were installed when it began.
        fetched: How many have been fetched, or were there.
        installed: How many are installed now.
        doing: What is going on.
    """

    packages: int
    before: int = 0
    fetched: int = 0
    installed: int = 0
    doing: str = "asking pip"

    def hear(self, line: str) -> None:
        """Takes a line of pip's.

        Example:
            >>> progress = Progress(packages=3)
            >>> for line in ("Ignoring colorama: markers …", "Collecting polars==1.2 (from -r …)"):
            ...     progress.hear(line)
            >>> progress.packages, progress.fetched, progress.doing
            (2, 1, 'fetching polars')
        """
        if _LEFT_OUT.match(line):
            self.packages -= 1
        elif found := _FETCHED.match(line):
            self.fetched = min(self.fetched + 1, self.packages)
            self.doing = f"fetching {found[1] or found[2]}"
        elif line.startswith("Installing collected packages"):
            self.fetched, self.doing = self.packages, "installing"

    @property
    def share(self) -> float:
        """From 0 to 1."""
        new = max(0, min(self.packages, self.installed - self.before))
        return (self.fetched + new) / max(1, 2 * self.packages)

    def __str__(self) -> str:
        """Returns it in words."""
        new = max(0, min(self.packages, self.installed - self.before))
        count = new if self.doing == "installing" else self.fetched
        return f"{self.doing}, {count} of {self.packages} packages"


def pinned(text: str) -> int:
    r"""Returns how many packages a lock file names.

    Example:
        >>> pinned("polars==1.2 \\\n    --hash=sha256:00\n# via polars==1\nrich==14.0\n")
        2
    """
    return len(_PINNED.findall(text))


def drawn(progress: Progress, seconds: float) -> str:
    """Returns a line of a terminal, in colour."""
    full = round(progress.share * BAR_CELLS)
    bar = f"\x1b[38;5;39m{'━' * full}\x1b[38;5;239m{'━' * (BAR_CELLS - full)}\x1b[0m"
    return f"\r\x1b[2K{bar} {str(progress)[:60]}  {seconds // 60:.0f}:{seconds % 60:02.0f}"


def run(lock: Path, screen: TextIO = sys.stderr) -> int:
    """Installs what a lock file names; returns pip's exit code, after its last words where it failed."""
    progress = Progress(pinned(lock.read_text(encoding="utf-8")), before=_installed())
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    with subprocess.Popen(  # noqa: S603 - our own pip
        [*command, "--require-hashes", "--requirement", str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as pip:
        heard: list[str] = []
        listener = threading.Thread(target=_listen, args=(pip.stdout or (), progress, heard), daemon=True)
        listener.start()
        _show(progress, listener, screen)
        code = pip.wait()
    if code:
        screen.write("\n".join(heard[-LAST_WORDS:]) + f"\npip could not install {lock} (exit code {code})\n")
    return code


def _listen(lines: Iterable[str], progress: Progress, heard: list[str]) -> None:
    for line in lines:
        heard.append(line.rstrip())
        progress.hear(line)


def _show(progress: Progress, listener: threading.Thread, screen: TextIO) -> None:
    """Draws until pip has said its last word: a bar on a terminal, else a line every ten seconds."""
    began = shown = time.monotonic()
    while listener.is_alive():
        listener.join(DRAWN_EVERY_S)
        progress.installed = _installed()
        now = time.monotonic()
        if screen.isatty():
            screen.write(drawn(progress, now - began))
        elif now - shown >= LINE_EVERY_S:
            shown = now
            screen.write(f"  {progress}\n")
        screen.flush()
    if screen.isatty():
        screen.write("\r\x1b[2K")


def _installed() -> int:
    return len(list(Path(sysconfig.get_path("purelib")).glob("*.dist-info")))


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
