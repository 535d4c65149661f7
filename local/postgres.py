"""PostgreSQL on loopback, with TimescaleDB preloaded where its extension is installed."""

from __future__ import annotations

import secrets
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from dataflows.ports import free_port
from local.account import Account, NoAccountError
from local.binaries import Binaries, choose
from local.managed_server import START_TIMEOUT_S, ManagedServer, PartFailedError, PartMissingError
from local.postgres_cluster import Cluster, ClusterError, reachable

USER = "classpulse"
DATABASE = "classpulse"
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
            if again:
                self._launch()
                self.wait_until(self.answers, timeout_s)
            else:
                self._prepare(choose(self.timescaledb))
                self.start_new(self._launch_on_free_port, self.answers, timeout_s)
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
        account = _account()
        folders: list[str] = []
        home = self.directory / self.name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        if not account.can_enter(home):
            home = Path(tempfile.mkdtemp(prefix="classpulse-postgres-"))
            folders.append(str(home))
        copy = Path(tempfile.gettempdir()) / f"classpulse-postgres-programs-{secrets.token_hex(4)}"
        programs = reachable(binaries.folder, account, copy)
        if programs != binaries.folder:
            folders.append(str(copy))
        password = secrets.token_urlsafe(18)
        self.remember(
            data=str(home / "data"),
            folders=folders,
            password=password,
            programs=str(programs),
            timescaledb=binaries.timescaledb,
            title=binaries.title,
        )
        self._init(Cluster(home / "data", programs, account), password)

    def _init(self, cluster: Cluster, password: str) -> None:
        home = cluster.data.parent
        secret = home / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if cluster.account.user is not None:
            shutil.chown(secret, cluster.account.user, cluster.account.group)
        cluster.account.own(home)
        try:
            cluster.init("--username", USER, "--auth", "scram-sha-256", "--pwfile", str(secret), "--locale", "C")
        except ClusterError as error:
            message = f"{self.name}: {error}"
            raise PartFailedError(message) from error
        finally:
            secret.unlink()

    def _launch_on_free_port(self) -> None:
        self.remember(port=free_port())
        self._launch()

    def _launch(self) -> None:
        state = self.state()
        self.say(f"{self.name}: starting {state['title']} on 127.0.0.1:{state['port']}")
        settings = SETTINGS | (WITH_TIMESCALEDB if state["timescaledb"] else {})
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        account = _account()
        self.spawn(
            [f"{state['programs']}/postgres", "-D", state["data"], "-p", str(state["port"]), *options],
            Path(state["data"]),
            user=account.user,
            group=account.group,
        )


def _account() -> Account:
    try:
        return Account.choose()
    except NoAccountError as error:
        raise PartMissingError(str(error)) from error
