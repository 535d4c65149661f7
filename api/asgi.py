"""The little of ASGI that the hot routes need: a bounded body in, one answer out."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from api.problems import CONTENT_TYPE, ProblemError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

IDLE_S: Final = 20.0
"""How long a client may be silent in the middle of its body."""
MOST_RATIO: Final = 200
"""Bytes that a byte of gzip may become; events of a class repeat themselves 30 times, a bomb a thousand times."""
DISCARDED: Final = 64 << 20
DISCARD_S: Final = 5.0
"""How much of a body, and for how long, is let pass before it is refused."""
_FREE: Final = 65_536
"""Small bodies may repeat themselves as they like."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class GoneError(Exception):
    """The client went away before its body was whole: nobody waits for an answer."""


def header(scope: Scope, name: bytes) -> str:
    """Returns a request header's value, empty where it is absent; `name` in lower case."""
    for each, value in scope["headers"]:
        if each == name:
            text: str = value.decode("latin-1")
            return text
    return ""


async def read_body(scope: Scope, receive: Receive, most: int, timeout_s: float) -> bytes:
    """Returns the whole body, unpacked where it is gzip; never holds more than `most` bytes of it.

    Raises:
        ProblemError: 413 for too much, 415 for another encoding, 400 for broken gzip, 408 for a slow client.
        GoneError: The client went away.
    """
    length = header(scope, b"content-length")
    if length.isdigit() and int(length[:20]) > most:
        raise too_large(most)
    unpack = _unpacker(header(scope, b"content-encoding").strip().lower(), most)
    try:
        async with asyncio.timeout(timeout_s) as whole:
            return await _read(receive, unpack, most, whole)
    except TimeoutError:
        raise ProblemError(408, "slow", "The body did not come in time: send less at once.", retry_after_s=1) from None


async def _read(receive: Receive, unpack: Unpacker | None, most: int, _whole: asyncio.Timeout) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        async with asyncio.timeout(IDLE_S):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        part: bytes = message.get("body") or b""
        if unpack:
            part = unpack.feed(part)
        size += len(part)
        if size > most:
            raise too_large(most)
        parts.append(part)
        if not message.get("more_body"):
            if unpack:
                unpack.end()
            return parts[0] if len(parts) == 1 else b"".join(parts)


class Unpacker:
    """Gzip as it comes, bounded in size and in ratio."""

    def __init__(self, most: int) -> None:
        """Unpacks at most `most` bytes."""
        self._zip = zlib.decompressobj(_GZIP)
        self._most, self._in, self._out = most, 0, 0

    def feed(self, part: bytes) -> bytes:
        """Returns what a part unpacks to.

        Raises:
            ProblemError: 413 for a bomb, 400 for what is no gzip.
        """
        self._in += len(part)
        allowed = min(self._most, max(_FREE, self._in * MOST_RATIO)) - self._out
        try:
            out = self._zip.decompress(part, max(0, allowed) + 1)
        except zlib.error as error:
            raise ProblemError(400, "bad-gzip", f"The body is no gzip: {error}.") from error
        self._out += len(out)
        if len(out) > allowed:
            raise too_large(self._most)
        if self._zip.eof and self._zip.unused_data:
            raise ProblemError(400, "bad-gzip", "Something follows the end of the gzip body.")
        return out

    def end(self) -> None:
        """Checks that it was whole.

        Raises:
            ProblemError: 400, it was not.
        """
        if not self._zip.eof:
            raise ProblemError(400, "bad-gzip", "The gzip body is not whole.")


class Incoming:
    """A request's messages, of which is known whether its body has ended."""

    def __init__(self, receive: Receive) -> None:
        """Nothing has come yet."""
        self._receive = receive
        self.ended = False

    async def receive(self) -> MutableMapping[str, Any]:
        """Returns the next message."""
        message = await self._receive()
        self.ended = message["type"] != "http.request" or not message.get("more_body")
        return message

    async def discard(self) -> None:
        """Lets the rest of the body pass, for a while: who is cut off while it sends does not hear the answer."""
        left = DISCARDED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_S):
                while not self.ended and left > 0:
                    left -= len((await self.receive()).get("body") or b"")


def _unpacker(encoding: str, most: int) -> Unpacker | None:
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip"}:
        return Unpacker(most)
    raise ProblemError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not read: send gzip, or none.")


def too_large(most: int) -> ProblemError:
    """Returns the answer to a body that is too large."""
    return ProblemError(413, "too-large", f"The body is larger than {most} bytes: send fewer events at once.")


async def answer(
    send: Send,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    headers: Iterable[tuple[str, str]] = (),
) -> None:
    """Sends one whole answer."""
    more = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    start = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, problem: ProblemError, headers: Iterable[tuple[str, str]] = ()) -> None:
    """Sends a problem."""
    await answer(send, problem.status, problem.body(), CONTENT_TYPE, (*problem.headers().items(), *headers))
