"""Database connections: who we are, and patience while the database is away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final, TypeVar

import psycopg
import structlog

from dataflows.backoff import delay_s
from dataflows.sink.sqlstates import Verdict, verdict_of

APPLICATION: Final = "classpulse"
_CONNECT_TIMEOUT_S: Final = 10
_BACKOFF_S: Final = (0.1, 5.0)

log = structlog.get_logger()

T = TypeVar("T")


def connect(database_url: str, application: str, schema: str = "public") -> psycopg.Connection[Any]:
    """Returns an autocommit connection; transactions are explicit.

    Args:
        database_url: libpq URL.
        application: What `pg_stat_activity` shows.
        schema: Where unqualified tables are looked for first (a plain identifier of ours).

    Raises:
        psycopg.OperationalError: Where the server does not answer.
    """
    return psycopg.connect(
        database_url,
        autocommit=True,
        application_name=application,
        connect_timeout=_CONNECT_TIMEOUT_S,
        # A writer that freezes in a transaction must not hold its locks for ever; keepalives notice a dead host.
        options=(
            "-c idle_in_transaction_session_timeout=15s -c timezone=UTC -c client_min_messages=warning "
            f"-c search_path={schema},public"
        ),
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )


def retry_while_unavailable(action: Callable[[], T], what: str, give_up: Callable[[], bool]) -> T:
    """Runs `action` until it succeeds, with exponential backoff and jitter while the database is away.

    Away is whatever passes by itself (`dataflows.sink.sqlstates`): no answer, starting up, read-only. Nothing upstream
    moves meanwhile: that is the back-pressure. `action` must connect anew after such an error, since another server
    may answer then.

    Raises:
        psycopg.Error: One that does not pass; or the last one, when `give_up` says so (a signal to stop).
    """
    for attempt in count():
        try:
            return action()
        except psycopg.Error as error:
            if verdict_of(error) is not Verdict.WAIT or give_up():
                raise
            delay = delay_s(attempt, *_BACKOFF_S)
            log.warning("database unavailable, retrying", what=what, in_s=round(delay, 1), error=str(error).strip())
            time.sleep(delay * random.uniform(0.7, 1.3))  # noqa: S311
    raise AssertionError  # attempts do not end
