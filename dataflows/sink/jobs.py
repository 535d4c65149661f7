"""What runs by the clock, asked once a minute: jobs of TimescaleDB, `classpulse nightly`, verdicts of `verify`.

A job whose runs fail is put off by up to five intervals and the aggregates that it refreshes grow old, and where no
night comes late events stay out of their days, while workers, boards and the database itself look well. So a worker
asks, beside its work and on a connection of its own.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Final

import psycopg

from dataflows import metrics
from dataflows.sink.connection import APPLICATION, connect

EVERY_S: Final = 60.0


class JobWatch(threading.Thread):
    """Asks `database_jobs` once a minute until the process ends; a database that is away is told of elsewhere.

    Example:
        >>> watch = JobWatch("postgresql://classpulse_writer@127.0.0.1/classpulse")
        >>> watch.daemon  # it never keeps a worker alive
        True
    """

    def __init__(self, database_url: str) -> None:
        """Keeps the libpq URL; nothing is asked before `start`."""
        super().__init__(name="job-watch", daemon=True)
        self._url, self._ended = database_url, threading.Event()

    def run(self) -> None:
        """Asks, and asks again."""
        while not self._ended.wait(EVERY_S):
            with contextlib.suppress(psycopg.Error):
                note_jobs(self._url)
                note_night(self._url)
                note_verdicts(self._url)

    def stop(self) -> None:
        """Ends the thread after what it is asking."""
        self._ended.set()


def note_jobs(database_url: str) -> None:
    """Sets the gauges of every job; those of a job that is gone disappear.

    Raises:
        psycopg.Error: Where the database cannot tell.
    """
    with connect(database_url, f"{APPLICATION}-jobs") as connection:
        rows = connection.execute("SELECT name, status = 'failing', late_seconds FROM database_jobs").fetchall()
    metrics.JOB_FAILING.clear()
    metrics.JOB_LATE.clear()
    for name, failing, late_s in rows:
        metrics.JOB_FAILING.labels(name).set(failing)
        metrics.JOB_LATE.labels(name).set(late_s)


def note_night(database_url: str) -> None:
    """Sets the gauges of the nightly run.

    Raises:
        psycopg.Error: Where the database cannot tell.
    """
    with connect(database_url, f"{APPLICATION}-jobs") as connection:
        row = connection.execute(
            "SELECT (SELECT extract(epoch FROM succeeded_at) FROM nightly_runs),"
            " (SELECT extract(epoch FROM now() - min(came_at)) FROM late_waiting)"
        ).fetchone()
    succeeded, waits = row or (None, None)
    metrics.NIGHT.set(succeeded or 0)
    metrics.LATE_WAIT.set(max(0, waits or 0))


def note_verdicts(database_url: str) -> None:
    """Sets the gauge of what `classpulse verify` last found.

    Raises:
        psycopg.Error: Where the database cannot tell.
    """
    with connect(database_url, f"{APPLICATION}-jobs") as connection:
        row = connection.execute("SELECT coalesce(sum(differing), 0) FROM verifications").fetchone()
    metrics.VERIFY_DIFFERS.set(row[0] if row else 0)
