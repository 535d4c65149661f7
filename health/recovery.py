"""The recovery store: where a worker's snapshots lie."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dataflows.settings import Settings
from health.finding import Finding, note, ok, wrong

PART = "recovery"
OLD_SNAPSHOT_S = 600


def check(settings: Settings) -> list[Finding]:
    """Returns whether snapshots can be written, and how old each flow's newest one is."""
    root = settings.recovery_dir
    if not root.exists():
        if _writable(_first_existing(root)):
            return [note(PART, "directory", f"{root} does not exist yet; the first `classpulse run` makes it")]
        return [wrong(PART, "directory", f"{root} cannot be made", "Set CLASSPULSE_RECOVERY_DIR to a writable place.")]
    if not _writable(root):
        return [wrong(PART, "directory", f"{root} is not writable", "Give it to the user that runs the workers.")]
    flows = sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    return [_flow(folder) for folder in flows] or [ok(PART, "directory", f"{root}, empty")]


def _flow(folder: Path) -> Finding:
    stores = [file.stat() for file in folder.rglob("*.sqlite3*")]
    if not stores:
        return note(
            PART, folder.name, f"{folder} holds no store", f"Delete the folder, then `classpulse run {folder.name}`."
        )
    age = int(time.time() - max(stat.st_mtime for stat in stores))
    detail = f"{sum(stat.st_size for stat in stores) / 1e6:.1f} MB, last written {age} s ago"
    if age > OLD_SNAPSHOT_S:
        return note(PART, folder.name, detail, "No worker snapshots here now; a resume reads the log from there on.")
    return ok(PART, folder.name, detail)


def _first_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
