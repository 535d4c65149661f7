"""The live page beside the demo: `classpulse serve` on a free loopback port, as in production, and a token for it."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from api import tokens
from dataflows.ports import free_port
from local import child

SCOPES = ("read:school", "read:class:*")
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class LivePage:
    """Where the page is.

    Attributes:
        address: With a token behind the `#`, which a browser tells nobody: who opens it is logged in.
    """

    address: str


@contextlib.contextmanager
def beside(url: str, folder: Path, environment: Mapping[str, str]) -> Iterator[LivePage]:
    """Yields the page of the database at `url`; it needs some seconds until it answers.

    The feed ticks, and at first in the past: this gateway must not.
    """
    folder.mkdir()
    port = free_port()
    with psycopg.connect(url, autocommit=True) as connection:
        token = tokens.create(connection, SCOPES, "demo")
    ours = {
        **environment,
        "CLASSPULSE_API_HOST": "127.0.0.1",
        "CLASSPULSE_API_PORT": str(port),
        "CLASSPULSE_API_TICKS": "false",
        "CLASSPULSE_SPOOL_DIR": str(folder / "spool"),
    }
    with (folder / "serve.log").open("ab") as log:
        process = child.spawn([sys.executable, "-m", "cli.main", "serve"], env=ours, output=log)
    try:
        yield LivePage(f"http://127.0.0.1:{port}/#token={token}")
    finally:
        child.end(process, signal.SIGTERM, STOP_TIMEOUT_S)
