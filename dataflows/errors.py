"""How our programs end, and the errors whose message is meant for the user."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Every exit code of `classpulse` and of its workers; docs/operations.md shows the same table."""

    DONE = 0
    """Ended well."""
    WRONG = 1
    """What was looked at is wrong (`doctor`, `build --check`, `rebuild --dry-run`), a part is missing, or a defect."""
    INPUT = 2
    """Called wrongly; or `run --until-caught-up` rejected more than half of what a flow read."""
    REFUSED = 3
    """Refused, and nothing was changed: settings, rights, files, the log or the database do not fit."""
    REPLACED = 4
    """Another worker has taken over."""
    PEER_GONE = 5
    """Another worker of the cluster is gone."""
    ORPHAN = 6
    """The command that started this worker is gone."""
    UNAVAILABLE = 7
    """The database, Kafka, a server, a port or disk space is not to be had now: the same command works later."""
    INTERRUPTED = 130
    """Ctrl-C."""


class UserError(Exception):
    """Something that the user can put right: the message says what to do, and no traceback is shown.

    Attributes:
        exit_code: With what a command ends for it.
    """

    exit_code: ClassVar[Exit] = Exit.REFUSED


class UnavailableError(UserError):
    """Something is not there now and may be later."""

    exit_code = Exit.UNAVAILABLE
