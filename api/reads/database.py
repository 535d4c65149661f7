"""Questions to the database, by the name of their file, as a reader."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.metrics import QUESTIONS
from api.problems import ProblemError
from api.reads.queries import load
from dataflows.sink.connection import APPLICATION

CONNECTIONS: Final = 4
WAIT_S: Final = 5.0
TIMEOUT_MS: Final = 10_000
Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Any]


class Database:
    """The readers' connections."""

    def __init__(self, url: str) -> None:
        """Prepares connections to the database at `url`; none is made yet."""
        options = f"-c default_transaction_read_only=on -c statement_timeout={TIMEOUT_MS} -c TimeZone=UTC"
        self._pool = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "application_name": f"{APPLICATION}-reads", "options": options},
            configure=as_reader,
            min_size=1,
            max_size=CONNECTIONS,
            open=False,
        )

    async def open(self) -> None:
        """Begins to connect; the database need not answer yet."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Ends all connections."""
        await self._pool.close()

    async def rows(self, query: str, **parameters: object) -> list[Row]:
        """Returns the rows of the query in `<query>.sql`.

        Raises:
            ProblemError: The database is away or too slow (503).
        """
        QUESTIONS.labels(query).inc()
        try:
            async with self._pool.connection(timeout=WAIT_S) as connection:
                async with connection.cursor(row_factory=dict_row) as cursor:
                    await cursor.execute(load(query), parameters)
                    return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            detail = "The database does not answer. Events go on being taken; ask again shortly."
            raise ProblemError(503, "database", detail, retry_after_s=2) from error

    async def note(  # noqa: PLR0913, PLR0917 - a row of the audit
        self,
        reader: str,
        via: str,
        what: str,
        students: tuple[str, ...],
        classes: tuple[str, ...],
        was_theirs: bool | None,  # noqa: FBT001
    ) -> None:
        """Writes a row of `access_audit`: all that a reader may write.

        Raises:
            ProblemError: The database is away or too slow (503).
        """
        try:
            async with self._pool.connection(timeout=WAIT_S) as connection, connection.transaction():
                await connection.execute("SET TRANSACTION READ WRITE")
                await connection.execute(
                    "SELECT record_access(%s, %s, %s, %s::text[], %s::text[], %s)",
                    (reader, via, what, list(students), list(classes), was_theirs),
                )
        except (psycopg.OperationalError, PoolTimeout) as error:
            detail = "The database does not answer, so it cannot be noted who reads what. Ask again shortly."
            raise ProblemError(503, "database", detail, retry_after_s=2) from error

    async def dismiss(self, *said: str) -> bool:
        """Keeps that a prediction was set aside: kind, student, course, class, who, why. False where there is none.

        Readers may not: it is the gateway's own right, who knows who asks.

        Raises:
            ProblemError: The database is away, too slow or refuses it (503).
        """
        try:
            async with self._pool.connection(timeout=WAIT_S) as connection, connection.transaction():
                await connection.execute("SET TRANSACTION READ WRITE")
                await connection.execute("SET LOCAL ROLE NONE")
                found = await connection.execute("SELECT dismiss_prediction(%s, %s, %s, %s, %s, %s)", said)
                row = await found.fetchone()
                return bool(row and row[0])
        except psycopg.errors.InsufficientPrivilege as error:
            detail = "The gateway's login may not keep this: grant it the role classpulse_gateway."
            raise ProblemError(503, "database", detail) from error
        except (psycopg.OperationalError, PoolTimeout) as error:
            detail = "The database does not answer, so it cannot be kept. Try again shortly."
            raise ProblemError(503, "database", detail, retry_after_s=2) from error

    async def row(self, query: str, **parameters: object) -> Row:
        """Returns the one row of a query."""
        [row] = await self.rows(query, **parameters)
        return row


async def as_reader(connection: Connection) -> None:
    """Gives up every right but a teacher's reader's, where the login has more."""
    await connection.execute(
        "SELECT set_config('role', rolname, false) FROM pg_roles"
        " WHERE rolname = 'classpulse_reader_teacher' AND pg_has_role(current_user, oid, 'MEMBER')"
    )
