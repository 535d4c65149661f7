"""Keeps what the gateway knows of its tokens current: from the database, and over a restart without it from a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import Final

import msgspec
import psycopg
import structlog

from api import tokens
from api.access import Access
from api.tokens import Token
from dataflows.sink.connection import APPLICATION, connect

EVERY_S: Final = 5.0
"""A revoked token works for so long at most while the database answers."""
AGAIN_S: Final = 1.0
"""How often the database is asked at most for the sake of a token that is not known."""

log = structlog.get_logger()


class _Kept(msgspec.Struct):
    tokens: list[Token]
    any_was_made: bool


class TokenBook:
    """The tokens as the database last told them."""

    def __init__(self, access: Access, database_url: str, path: Path) -> None:
        """Takes what an earlier run has kept.

        Args:
            access: Is told the tokens.
            database_url: Where they are.
            path: Where their hashes are kept for a start without the database.
        """
        self._access, self._url, self._path = access, database_url, path
        self._asked_s = float("-inf")
        self._connection: psycopg.Connection[object] | None = None
        self._lock = asyncio.Lock()
        self._said = ""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
            access.learn(kept.tokens, any_was_made=kept.any_was_made)

    async def run(self) -> None:
        """Asks again and again, until it is cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(EVERY_S)

    async def refresh_for_unknown(self) -> None:
        """Asks because of a token that is not known and may be new; those who come within a second share the answer."""
        came_s = time.monotonic()
        await asyncio.sleep(max(0.0, self._asked_s + AGAIN_S - came_s))
        await self.refresh(came_s)

    async def refresh(self, since_s: float = float("inf")) -> None:
        """Asks the database once; what was known stays where it does not answer.

        Args:
            since_s: Whoever has asked since then, by the monotonic clock, has asked for this caller too.
        """
        async with self._lock:
            if self._asked_s >= since_s:
                return
            self._asked_s = time.monotonic()
            try:
                found, any_was_made = await asyncio.to_thread(self._read)
            except psycopg.Error as error:
                self._tell(str(error).strip())
                return
            self._tell("")
            self._access.learn(found, any_was_made=any_was_made)

    def _read(self) -> tuple[list[Token], bool]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, f"{APPLICATION}-tokens")
        try:
            found = tokens.valid(self._connection), tokens.any_was_made(self._connection)
        except psycopg.Error:
            self._connection.close()
            raise
        self._keep(*found)
        return found

    def _keep(self, found: list[Token], any_was_made: bool) -> None:  # noqa: FBT001
        content = msgspec.msgpack.encode(_Kept(found, any_was_made))
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.read_bytes() == content:
                return
            beside = self._path.with_suffix(".new")
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            beside.replace(self._path)

    def _tell(self, reason: str) -> None:
        if bool(reason) != bool(self._said):
            if reason:
                log.warning("database unavailable: tokens stay as they were", reason=reason)
            else:
                log.info("tokens are read from the database again")
        self._said = reason

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
