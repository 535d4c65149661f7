"""Answers kept for a second, each computed once however many ask for it meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")
KEPT_S: Final = 1.0
MOST: Final = 4096
OF_THE_CLOCK: Final = {"as_of", "now", "lag_seconds"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A body and its validator.

    Attributes:
        body: JSON.
        etag: A weak one: it stays while nothing but the clock has gone on.
    """

    body: bytes
    etag: str

    @classmethod
    def of(cls, model: BaseModel) -> Answer:
        """Returns a model as it is sent."""
        lasting = model.model_dump_json(exclude=OF_THE_CLOCK).encode()
        return cls(model.model_dump_json().encode(), f'W/"{hashlib.blake2b(lasting, digest_size=12).hexdigest()}"')


class Kept(Generic[T]):
    """What was computed in the last second, each once however many ask for it meanwhile.

    A client that leaves takes nobody's result along; an error is not kept.
    """

    def __init__(self, kept_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic) -> None:
        """Keeps results for `kept_s` seconds of `clock`."""
        self._kept_s, self._clock = kept_s, clock
        self._tasks: dict[Hashable, tuple[float, asyncio.Task[T]]] = {}

    async def get(self, key: Hashable, make: Callable[[], Coroutine[None, None, T]]) -> T:
        """Returns the result of a key, at most a second old."""
        kept = self._tasks.get(key)
        if kept is None or kept[0] <= self._clock() or (kept[1].done() and kept[1].exception() is not None):
            self._forget_old()
            kept = (self._clock() + self._kept_s, asyncio.create_task(make()))
            self._tasks[key] = kept
        return await asyncio.shield(kept[1])

    def _forget_old(self) -> None:
        if len(self._tasks) >= MOST:
            now = self._clock()
            self._tasks = {key: kept for key, kept in self._tasks.items() if kept[0] > now or not kept[1].done()}


class Answers(Kept[Answer]):
    """The answers of the last second."""

    async def to(self, key: Hashable, make: Callable[[], Awaitable[BaseModel]]) -> Answer:
        """Returns the answer to a question."""

        async def made() -> Answer:
            return Answer.of(await make())

        return await self.get(key, made)
