"""What an error of the database asks for: patience, a remedy or an end. Every SQLSTATE is sorted once, here."""

from __future__ import annotations

from enum import Enum
from typing import Final

import psycopg


class Verdict(Enum):
    """What to do about an error."""

    WAIT = "wait"
    """It passes: connect anew and try again."""
    REFUSE = "refuse"
    """Nothing passes before somebody does what `remedy` says."""
    DIE = "die"
    """A defect of ours, or of the data: the error is raised as it is."""


_CLASSES: Final = {
    "08": Verdict.WAIT,  # the connection broke
    "40": Verdict.WAIT,  # rolled back for another transaction's sake
    "53": Verdict.WAIT,  # disk full, out of memory, too many connections
    "57": Verdict.WAIT,  # shutting down, starting up, cancelled by an operator
    "58": Verdict.WAIT,  # the server's own disk or system
    "28": Verdict.REFUSE,  # who we are
    "3D": Verdict.REFUSE,  # no such database
    "3F": Verdict.REFUSE,  # no such schema
}
_CODES: Final = {
    "25006": Verdict.WAIT,  # read-only: a standby, until it is promoted or the address leads to the primary
    "25P03": Verdict.WAIT,  # the session was ended for idling in a transaction
    "25P04": Verdict.WAIT,  # a transaction took longer than the server allows
    "55006": Verdict.WAIT,  # in use
    "55P03": Verdict.WAIT,  # a lock was not to be had in time
    "72000": Verdict.WAIT,  # the snapshot is too old: a new transaction has a new one
    "42501": Verdict.REFUSE,
    "42P01": Verdict.REFUSE,
    "42703": Verdict.REFUSE,
    "42704": Verdict.REFUSE,
    "42883": Verdict.REFUSE,
    "42P10": Verdict.REFUSE,
    "53400": Verdict.REFUSE,
    "57P04": Verdict.REFUSE,
}
_SCHEMA: Final = "the database has not our schema: run `classpulse migrate` with the version that runs here"
_REMEDIES: Final = {
    "28P01": "wrong user or password: correct DATABASE_URL",
    "28": "the server does not let this user in: correct DATABASE_URL, or the server's roles and pg_hba.conf",
    "3D": "there is no such database: correct DATABASE_URL, or create it and run `classpulse migrate`",
    "57P04": "the database was dropped: restore or create it, then run `classpulse migrate`",
    "42501": "DATABASE_URL needs the role classpulse_writer",
    "53400": "a limit of the server's configuration: `classpulse migrate` sets those that the writer's role needs",
    "3F": _SCHEMA,
    "42": _SCHEMA,
}
_SAID: Final = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("authentication failed", "28000"),
    ("is not permitted to log in", "28000"),
    ("too many connections", "53300"),
    ("too many clients", "53300"),
    ("connection slots are reserved", "53300"),
    ("the database system is", "57P03"),
    ("permission denied for database", "42501"),
)
"""What a server says that turns a connection away: libpq tells its words, and not its SQLSTATE."""


def verdict_of(error: psycopg.Error) -> Verdict:
    """Returns what an error asks for.

    Example:
        >>> verdict_of(psycopg.errors.ReadOnlySqlTransaction()), verdict_of(psycopg.errors.UndefinedTable())
        (<Verdict.WAIT: 'wait'>, <Verdict.REFUSE: 'refuse'>)
        >>> verdict_of(psycopg.OperationalError("connection failed: Connection refused"))
        <Verdict.WAIT: 'wait'>
    """
    code = sqlstate(error)
    if code is not None:
        return _CODES.get(code, _CLASSES.get(code[:2], Verdict.DIE))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Verdict.WAIT
    return Verdict.DIE


def sqlstate(error: psycopg.Error) -> str | None:
    """Returns the SQLSTATE of an error; of a connection that was turned away, the one that its words stand for."""
    if error.sqlstate is not None or not isinstance(error, psycopg.OperationalError):
        return error.sqlstate
    said = str(error)
    if "FATAL" not in said and "no password supplied" not in said:
        return None
    if 'database "' in said and "does not exist" in said:
        return "3D000"
    if 'role "' in said and "does not exist" in said:
        return "28000"
    return next((code for words, code in _SAID if words in said), None)


def remedy(error: psycopg.Error) -> str | None:
    """Returns in words what must be done about an error; None where nothing of the kind helps."""
    code = sqlstate(error)
    if code is None or verdict_of(error) is not Verdict.REFUSE:
        return None
    return f"{str(error).strip().splitlines()[-1].strip()}: {_REMEDIES.get(code) or _REMEDIES[code[:2]]}"
