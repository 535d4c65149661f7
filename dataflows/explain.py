"""An error in one sentence that says what to do, and the exit code that goes with it.

One table for all commands and workers. Nothing is imported for it: an error of a library can only come where that
library has been imported already.
"""

from __future__ import annotations

import errno
import subprocess
import sys
import traceback
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from dataflows.errors import Exit, UserError

DOCTOR: Final = "`classpulse doctor` tells more."
_DISK: Final = {errno.ENOSPC, errno.EDQUOT}
_RIGHTS: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_PATHS: Final = {
    errno.ENOENT: "does not exist",
    errno.EISDIR: "is a directory, and a file is needed",
    errno.ENOTDIR: "lies below something that is no directory",
    errno.EEXIST: "exists already",
}
_START: Final = "Start it (`make services`, `make up`)"
_WHO_MAY: Final = "`run` needs the role classpulse_writer; `migrate`, `rebuild` and `nightly` the database's owner"
_NETWORK: Final = {errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person is told of an error.

    Attributes:
        text: What is wrong, and what to do.
        code: With what the program ends.
    """

    text: str
    code: Exit


def explain(error: BaseException) -> Explanation | None:
    """Returns what an operator can do about an error, or about what caused it; None for a defect of ours.

    Example:
        >>> explain(FileNotFoundError(2, "No such file or directory", "roster.csv")).text
        'roster.csv does not exist.'
        >>> explain(ZeroDivisionError()) is None
        True
    """
    for cause in _causes(error):
        for say in _KINDS:
            if found := say(cause):
                return found
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _ours(error: BaseException) -> Explanation | None:
    return Explanation(str(error).strip(), error.exit_code) if isinstance(error, UserError) else None


def _settings(error: BaseException) -> Explanation | None:
    if isinstance(error, ZoneInfoNotFoundError):
        name = str(error.args[0]).rpartition(" ")[2]
        return _refused(f"There is no time zone {name}. Set CLASSPULSE_TIMEZONE to a name like Europe/Berlin.")
    settings: Any = sys.modules.get("pydantic_settings")
    pydantic: Any = sys.modules.get("pydantic")
    if settings is None or pydantic is None:
        return None
    if isinstance(error, settings.exceptions.SettingsError):
        return _refused(f"A setting cannot be read: {error}. Correct it in the environment or in .env.")
    if not isinstance(error, pydantic.ValidationError):
        return None
    known = {model.__name__ for model in _below(settings.BaseSettings)}
    if error.title not in known:
        return None
    faults = [f"{setting_name(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
    return _refused(f"{'; '.join(faults)}. Correct it in the environment or in .env (.env.example explains each).")


def setting_name(location: tuple[int | str, ...]) -> str:
    """Returns the environment variable of a field, as pydantic names its place.

    Example:
        >>> setting_name(("school_hours",)), setting_name(("DATABASE_URL",))
        ('CLASSPULSE_SCHOOL_HOURS', 'DATABASE_URL')
    """
    name = str(location[0]) if location else "settings"
    return name if name.isupper() else f"CLASSPULSE_{name.upper()}"


def _below(model: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever pydantic-settings calls a class
    for each in model.__subclasses__():
        yield each
        yield from _below(each)


def _database(error: BaseException) -> Explanation | None:
    psycopg: Any = sys.modules.get("psycopg")
    if psycopg is None or not isinstance(error, psycopg.Error):
        return None
    from dataflows.sink.sqlstates import Verdict, remedy, sqlstate, verdict_of  # noqa: PLC0415 - it imports psycopg

    said, code = " ".join(str(error).split()), sqlstate(error)
    if type(error) is psycopg.ProgrammingError and code is None and _is_of_conninfo(error):
        # what libpq says of it may hold the password
        return _refused("DATABASE_URL cannot be read. It is like postgresql://user:password@host:5432/database.")
    if code == "42501":
        return _refused(f"{said}: set DATABASE_URL to a user who may: {_WHO_MAY}.")
    if advice := remedy(error):
        return _refused(f"{advice}.")
    if code == "53100":
        return _unavailable(f"The database's disk is full: {said}. Free some space there, then do the same again.")
    away = f"The database is unavailable: {said}. {_START}, or correct DATABASE_URL. {DOCTOR}"
    return _unavailable(away) if verdict_of(error) is Verdict.WAIT else None


def _is_of_conninfo(error: BaseException) -> bool:
    """Whether an error came from reading a connection's address: our own mistakes in SQL have the same class."""
    frames = [frame.f_globals.get("__name__") for frame, _line in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1] == "psycopg.conninfo"


def _kafka(error: BaseException) -> Explanation | None:
    kafka: Any = sys.modules.get("confluent_kafka")
    if kafka is None or not isinstance(error, kafka.KafkaException) or not error.args:
        return None
    fault = error.args[0]
    if not isinstance(fault, kafka.KafkaError):
        return None
    for names, say in _OF_KAFKA:
        if fault.code() in {getattr(kafka.KafkaError, name) for name in names}:
            return say(fault.str())
    return None


def _system(error: BaseException) -> Explanation | None:
    if isinstance(error, subprocess.CalledProcessError):
        said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
        last = (said.strip().splitlines() or ["it said nothing"])[-1]
        program = error.cmd if isinstance(error.cmd, str) else error.cmd[0]
        return _refused(f"{program} failed with exit code {error.returncode}: {last}")
    if isinstance(error, urllib.error.HTTPError) or not isinstance(error, OSError):
        return None
    if isinstance(error, urllib.error.URLError) or isinstance(error, TimeoutError) or error.errno in _NETWORK:
        return _unavailable(f"A server does not answer: {_words(error)}. {DOCTOR}")
    if type(error).__name__ == "gaierror":
        return _unavailable(f"A server's name is not known: {_words(error)}. Correct its address. {DOCTOR}")
    return _file(error)


def _file(error: OSError) -> Explanation | None:
    path = error.filename if isinstance(error.filename, str) else str(error.filename or "")
    if error.errno == errno.EADDRINUSE:
        return _unavailable("The port is taken by another program: choose another one, or end that program.")
    if error.errno == errno.EADDRNOTAVAIL:
        return _refused("This machine has no such address to listen at: choose 127.0.0.1, 0.0.0.0 or one of its own.")
    if error.errno in _DISK:
        where = f" for {path}" if path else ""
        return _unavailable(f"The disk is full: no space{where}. Free some, then do the same again.")
    if error.errno in _RIGHTS:
        what = path or "that"
        return _refused(f"No permission for {what}: give it to this user, or choose another place.")
    if error.errno in _PATHS and path:
        return _refused(f"{path} {_PATHS[error.errno]}.")
    return None


def _words(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or error)


def _refused(text: str) -> Explanation:
    return Explanation(text, Exit.REFUSED)


def _unavailable(text: str) -> Explanation:
    return Explanation(text, Exit.UNAVAILABLE)


_OF_KAFKA: Final[tuple[tuple[tuple[str, ...], Callable[[str], Explanation]], ...]] = (
    (
        ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE", "REQUEST_TIMED_OUT"),
        lambda said: _unavailable(
            f"Kafka is unavailable: {said}. {_START}, or correct KAFKA_BOOTSTRAP_SERVERS. {DOCTOR}"
        ),
    ),
    (
        ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "_SSL"),
        lambda said: _refused(f"Kafka does not let us in: {said}. Correct KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_*."),
    ),
    (
        ("CLUSTER_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"),
        lambda said: _refused(f"Kafka forbids it: {said}. Give the user of KAFKA_SASL_USERNAME the right to do it."),
    ),
    (("_INVALID_ARG",), lambda said: _refused(f"A setting of Kafka is not valid: {said}. Correct KAFKA_….")),
)
_KINDS: Final[tuple[Callable[[BaseException], Explanation | None], ...]] = (
    _ours,
    _settings,
    _database,
    _kafka,
    _system,
)
