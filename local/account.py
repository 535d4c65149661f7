"""Who runs PostgreSQL: we ourselves, or, since it refuses root, an existing account without rights."""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from dataflows.errors import UserError

UNPRIVILEGED = ("postgres", "nobody")


class NoAccountError(UserError):
    """Root without any unprivileged account to run PostgreSQL as."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the server process; both ids are `None` when it is our own.

    Attributes:
        user: Its user id.
        group: Its group id.
    """

    user: int | None = None
    group: int | None = None

    @classmethod
    def choose(cls) -> Account:
        """Returns our own account, or, as root, the first of `UNPRIVILEGED`; no account is ever added.

        Raises:
            NoAccountError: As root on a machine that has none of them.
        """
        if os.geteuid() != 0:
            return cls()
        for name in UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        names = " nor ".join(UNPRIVILEGED)
        message = f"PostgreSQL refuses to run as root, and neither {names} exists: run as another user."
        raise NoAccountError(message)

    def can_enter(self, directory: Path) -> bool:
        """Tells whether the account may walk down to `directory`, which we may always do ourselves."""
        if self.user is None:
            return True
        existing = [folder for folder in directory.resolve().parents if folder.exists()]
        return all(folder.stat().st_mode & 0o001 or folder.stat().st_uid == self.user for folder in existing)

    def own(self, directory: Path) -> None:
        """Makes `directory` the account's own and closes it to everybody else."""
        directory.chmod(0o700)
        if self.user is not None:
            shutil.chown(directory, self.user, self.group)
