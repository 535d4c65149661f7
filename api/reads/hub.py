"""Streams: one question a scope and second, however many listen."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog
from pydantic import BaseModel

from api.metrics import LISTENERS
from api.problems import ProblemError

KEPT: Final = 60
"""Messages that a listener who was away for a moment gets after all."""
LOG: Final = structlog.get_logger()
Ask = Callable[[], Awaitable[BaseModel]]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to all listeners of a scope.

    Attributes:
        number: The second of it since 1970: later ones are higher, on every instance of the gateway.
        text: As it goes over the wire.
    """

    number: int
    text: bytes


@dataclass(slots=True)
class Channel:
    """A scope and those who listen to it."""

    kept: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: int = 0
    asking: asyncio.Task[None] | None = None

    def put(self, message: Message) -> None:
        """Wakes everybody."""
        self.kept.append(message)
        waiting, self.changed = self.changed, asyncio.Event()
        waiting.set()

    async def after(self, number: int) -> list[Message]:
        """Returns the messages later than one, waiting for the first."""
        while not self.kept or self.kept[-1].number <= number:
            await self.changed.wait()
        return [message for message in self.kept if message.number > number]

    def first_after(self, last_event_id: str | None) -> int:
        """Returns after which number to send: what was not heard, or the newest alone.

        Example:
            >>> channel = Channel(); channel.put(Message(7, b"")); channel.put(Message(8, b""))
            >>> channel.first_after("7"), channel.first_after(None), channel.first_after("3"), channel.first_after("99")
            (7, 7, 3, 8)
        """
        newest = self.kept[-1].number if self.kept else 0
        said = last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit()
        heard = int(str(last_event_id)[:18]) if said else newest - 1
        return min(heard, newest)  # who heard another clock, ahead of ours, waits for the next


class Hub:
    """The channels that somebody listens to.

    A channel asks while it has listeners and not a moment longer; who comes back finds what was sent meanwhile to
    others. All live in one event loop.
    """

    def __init__(self, every_s: int = 1, clock: Callable[[], float] = time.time) -> None:
        """Asks at every second of `clock` that `every_s` divides."""
        self.channels: dict[Hashable, Channel] = {}
        self._every_s, self._clock = every_s, clock

    @asynccontextmanager
    async def listening(self, scope: Hashable, ask: Ask) -> AsyncIterator[Channel]:
        """Yields the channel of a scope, in which `ask` is asked each second."""
        channel = self.channels.setdefault(scope, Channel())
        channel.listeners += 1
        LISTENERS.inc()
        if channel.asking is None:
            channel.asking = asyncio.create_task(self._ask(channel, ask))
        try:
            yield channel
        finally:
            channel.listeners -= 1
            LISTENERS.dec()
            if channel.listeners == 0:
                channel.asking.cancel()
                self.channels.pop(scope, None)

    def close(self) -> None:
        """Asks no more."""
        for channel in self.channels.values():
            if channel.asking is not None:
                channel.asking.cancel()

    async def _ask(self, channel: Channel, ask: Ask) -> None:
        while True:
            number = int(self._clock()) // self._every_s * self._every_s
            text = await _asked(number, ask)
            if not channel.kept or channel.kept[-1].number < number:
                channel.put(Message(number, text))
            await asyncio.sleep(self._every_s - self._clock() % self._every_s)


async def _asked(number: int, ask: Ask) -> bytes:
    """Returns the second's message. One that fails says so; the next second is another."""
    try:
        return _event(number, "kpis", (await ask()).model_dump_json())
    except ProblemError as problem:
        return _event(number, "problem", json.dumps({"status": problem.status, "detail": problem.detail}))
    except Exception:
        LOG.exception("the numbers of a stream could not be computed")
        return _event(number, "problem", json.dumps({"status": 500, "detail": "The numbers could not be computed."}))


def _event(number: int, name: str, data: str) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n".encode()
