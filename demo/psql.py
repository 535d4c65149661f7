"""psql on the database that the last demo left, or that a running one has."""

from __future__ import annotations

import signal
import subprocess

from dataflows.errors import Exit, UserError
from demo.home import default_root, kept_database


class NoDemoError(UserError):
    """No demo has left a database."""

    exit_code = Exit.WRONG


def open_kept() -> int:
    """Opens it with the wheel's psql, fed from our own input; returns psql's exit code.

    Raises:
        NoDemoError: No demo has left one.
    """
    with kept_database() as server:
        if server is None:
            message = f"No demo has left a database in {default_root()}. Run `classpulse demo` first."
            raise NoDemoError(message)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C cancels a query of psql's, not us
        return subprocess.run([server.psql, server.url], check=False).returncode  # noqa: S603 (the wheel's psql)
