"""Grafana beside the demo, where a `grafana` program is found: the provisioned dashboards on the embedded database."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg

from dataflows.ports import free_port
from db.access.logins import limit_logins
from demo.metrics import Metrics
from local import child
from local.embedded_postgres import DATABASE, Postgres

FILES = Path(__file__).resolve().parents[1] / "grafana"
HOMES = ("/usr/share/grafana", "/usr/local/share/grafana", "/opt/homebrew/opt/grafana/share/grafana")
SCOPES = ("teacher", "school", "ops")
LOGIN = "demo_grafana"  # not classpulse_…: those are roles of the schema
STOP_TIMEOUT_S = 10.0


def find() -> tuple[list[str], Path] | None:
    """Returns the command that starts Grafana and its home (which holds `conf/defaults.ini`), or `None`.

    `GRAFANA_HOME` decides where it is set; else the program is looked for on PATH and its home where packages put it.
    """
    named = os.environ.get("GRAFANA_HOME")
    for command in (["grafana", "server"], ["grafana-server"]):
        program = shutil.which(command[0], path=f"{named}/bin") if named else None
        if program := program or shutil.which(command[0]):
            homes = [Path(named)] if named else [Path(program).resolve().parents[1], *map(Path, HOMES)]
            if found := [home for home in homes if (home / "conf" / "defaults.ini").exists()]:
                return [program, *command[1:]], found[0]
    return None


class Grafana:
    """A Grafana server on a free loopback port; everybody who can reach it may look.

    Attributes:
        address: Where it is.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        """Takes a server that was started; it needs some seconds until it answers."""
        self.address = f"http://127.0.0.1:{port}"
        self._process = process

    @property
    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/health", timeout=1) as answer:  # noqa: S310 (our own)
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def failed(self) -> bool:
        """Whether it ended by itself; the demo goes on without it."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ends it."""
        child.end(self._process, signal.SIGTERM, STOP_TIMEOUT_S)


@contextlib.contextmanager
def beside(server: Postgres, folder: Path, metrics: Metrics) -> Iterator[Grafana | None]:
    """Yields a Grafana, or `None` where there is no program.

    Args:
        server: Whose database its boards read.
        folder: Where its own files lie.
        metrics: Where the board of the pipeline asks what the workers measure.
    """
    found = find()
    if found is None:
        yield None
        return
    command, home = found
    folder.mkdir()
    with psycopg.connect(server.url, autocommit=True) as connection:  # what teachers may read, and nothing else
        for scope in SCOPES:
            connection.execute(f"CREATE ROLE {LOGIN}_{scope} LOGIN IN ROLE classpulse_reader_{scope}")
        limit_logins(connection)
    port = free_port()
    with (folder / "grafana.log").open("ab") as log:
        # its first start is busy for a while, and the numbers go first
        process = child.spawn(
            ["nice", *command, "--homepath", home],
            env=_environment(server, folder, port, metrics),
            output=log,
            cwd=folder,
        )
    grafana = Grafana(process, port)
    try:
        yield grafana
    finally:
        grafana.stop()


def _environment(server: Postgres, folder: Path, port: int, metrics: Metrics) -> dict[str, str]:
    return {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_PATHS_DATA": str(folder / "data"),
        "GF_PATHS_LOGS": str(folder / "logs"),
        "GF_PATHS_PLUGINS": str(folder / "plugins"),
        "GF_PATHS_PROVISIONING": str(FILES / "provisioning"),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_UNIFIED_ALERTING_EXECUTE_ALERTS": "false",  # whom would the demo call? Addresses are read all the same
        "CLASSPULSE_GRAFANA_SLACK_URL": "http://127.0.0.1:9/slack",
        "CLASSPULSE_GRAFANA_TEACHERS_EMAIL": "nobody@localhost",
        "CLASSPULSE_GRAFANA_OPERATORS_EMAIL": "nobody@localhost",
        "CLASSPULSE_GRAFANA_DASHBOARDS": str(FILES / "dashboards"),
        "CLASSPULSE_GRAFANA_DB_HOST": str(server.socket_dir),
        "CLASSPULSE_GRAFANA_DB_NAME": DATABASE,
        "CLASSPULSE_GRAFANA_DB_SSLMODE": "disable",
        "CLASSPULSE_GRAFANA_PROMETHEUS_URL": metrics.address,
        **{f"CLASSPULSE_GRAFANA_{scope.upper()}_USER": f"{LOGIN}_{scope}" for scope in SCOPES},
        **{f"CLASSPULSE_GRAFANA_{scope.upper()}_PASSWORD": "" for scope in SCOPES},
    }
