"""PostgreSQL 18 from a wheel, on a Unix socket in a directory of its own: no root, no Docker, no port."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from dataflows.errors import UnavailableError
from local import child
from local.account import Account
from local.binaries import wheel
from local.managed_server import PartMissingError
from local.postgres_cluster import Cluster, ClusterError, reachable

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


class PostgresError(UnavailableError):
    """The server could not be made or started; the message carries its own words."""


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
        try:
            self._cluster = Cluster(self.data, wheel(), Account.choose())
        except PartMissingError as error:
            raise PostgresError(str(error)) from error
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
        return self._cluster.programs / "psql"

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
            self._cluster.account.own(directory)
        account = self._cluster.account
        self._cluster = Cluster(self.data, reachable(wheel(), account, self.home / "programs"), account)
        try:
            self.end_leftover()
            if not (self.data / "PG_VERSION").exists():
                self._cluster.init("-U", SUPERUSER, "--auth=trust", "--locale-provider=builtin", "--locale=C.UTF-8")
        except ClusterError as error:
            raise PostgresError(str(error)) from error
        settings = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        with (self.home / "postgres.log").open("ab") as log:
            self._process = child.spawn(
                [self._cluster.programs / "postgres", "-D", self.data, "-k", self.socket_dir, *settings],
                output=log,
                cwd=self.home,
                user=account.user,
                group=account.group,
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
            self._cluster.run("pg_ctl", "stop", "--mode=fast", "--wait", "-D", str(self.data))

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
