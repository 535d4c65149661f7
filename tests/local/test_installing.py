"""`make install` shows how far pip is: every package counts when it is fetched and when it is installed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from local import installing
from local.installing import Progress, drawn, pinned, run

SAID = """\
Ignoring colorama: markers 'sys_platform == "win32"' don't match your environment
Collecting polars==1.34.0 (from -r requirements.lock (line 10))
  Downloading polars-1.34.0-cp39-abi3-manylinux_2_17_x86_64.whl (40.1 MB)
Requirement already satisfied: rich==14.2.0 in .venv/lib (from -r requirements.lock (line 20))
"""


def test_what_pip_says_becomes_a_share() -> None:
    progress = Progress(packages=3, before=7, installed=7)
    for line in SAID.splitlines():
        progress.hear(line)
    assert (str(progress), progress.share) == ("fetching rich, 2 of 2 packages", 0.5)
    progress.hear("Installing collected packages: polars")
    progress.installed = 8
    assert (str(progress), progress.share) == ("installing, 1 of 2 packages", 0.75)


def test_both_lock_files_name_their_packages() -> None:
    root = Path(installing.__file__).parents[1]
    assert 30 < pinned((root / "requirements.lock").read_text()) < pinned((root / "requirements-dev.lock").read_text())


def test_a_line_of_a_terminal_fits_into_eighty_columns() -> None:
    progress = Progress(packages=99, doing="fetching " + "a-package-with-quite-a-long-name-" * 2)
    plain = drawn(progress, 754.2).split("\x1b[0m")[1]
    assert len(plain) + installing.BAR_CELLS <= 100
    assert plain.endswith("12:34")


def test_a_failure_ends_with_what_pip_said(tmp_path: Path) -> None:
    lock = tmp_path / "broken.lock"
    lock.write_text("no-such-thing @ file:///nowhere/at/all\n")
    screen = StringIO()
    assert run(lock, screen) != 0
    assert "ERROR" in screen.getvalue()
    assert f"pip could not install {lock}" in screen.getvalue()
