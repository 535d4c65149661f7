"""A page printed to PDF by a headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from reports.queries import ReportError

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE: Final = (
    "Install it (Debian: apt-get install chromium), name it in CLASSPULSE_CHROMIUM,"
    " or write the page itself with --html and print that from any browser."
)
TIMEOUT_S: Final = 120.0


def chromium() -> str | None:
    """Returns the Chromium that `CLASSPULSE_CHROMIUM` names, else one on PATH, else None."""
    if named := os.environ.get("CLASSPULSE_CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def print_to_pdf(html: str, target: Path) -> None:
    """Writes a page as PDF; an older file stays where that fails.

    Raises:
        ReportError: There is no Chromium, or it made no PDF.
    """
    program = chromium()
    if program is None:
        message = f"there is no Chromium here. {ADVICE}"
        raise ReportError(message)
    with tempfile.TemporaryDirectory(prefix="classpulse-report-") as name:
        folder = Path(name)
        (folder / "page.html").write_text(html, encoding="utf-8")
        done = _run(program, folder)
        if not (folder / "page.pdf").exists():
            message = f"{program} made no PDF: {done.strip()[-300:] or 'it said nothing'}. {ADVICE}"
            raise ReportError(message)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "page.pdf", target)


def _run(program: str, folder: Path) -> str:
    arguments = ["--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # it refuses to run as root with one
    arguments += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'page.pdf'}"]
    try:
        done = subprocess.run(  # noqa: S603 (a program found on PATH or named by the operator)
            [program, *arguments, (folder / "page.html").as_uri()],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{program}: {error}. {ADVICE}"
        raise ReportError(message) from error
    return done.stderr
