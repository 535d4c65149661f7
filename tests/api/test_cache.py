"""An answer is computed once a second however many ask, and nobody's leaving or failing is kept."""

from __future__ import annotations

import asyncio

import pytest

from api.reads.answers import LiveUsers
from api.reads.cache import Answer, Kept


def test_who_asks_meanwhile_gets_the_same_and_the_next_second_asks_again() -> None:
    async def asking() -> tuple[list[int], int]:
        now, made = 0.0, iter(range(9))
        kept = Kept[int](clock=lambda: now)

        async def make() -> int:
            await asyncio.sleep(0.01)
            return next(made)

        first = await asyncio.gather(*(kept.get("a", make) for _ in range(100)))
        now = 1.5
        return list(first), await kept.get("a", make)

    assert asyncio.run(asking()) == ([0] * 100, 1)


def test_who_leaves_takes_no_answer_along_and_an_error_is_not_kept() -> None:
    async def asking() -> str:
        kept, fails = Kept[str](), iter((False, True, False))

        async def make() -> str:
            await asyncio.sleep(0.05)
            if next(fails):
                raise RuntimeError
            return "answer"

        leaving = asyncio.create_task(kept.get("a", make))
        await asyncio.sleep(0.01)
        leaving.cancel()
        assert await kept.get("a", make) == "answer"
        with pytest.raises(RuntimeError):
            await kept.get("b", make)
        return await kept.get("b", make)

    assert asyncio.run(asking()) == "answer"


def test_the_validator_stays_while_only_the_clock_goes_on() -> None:
    def etag(lag: float, users: int) -> str:
        return Answer.of(
            LiveUsers(as_of=None, lag_seconds=lag, live_users=users, present=9, devices=[], browsers=[])
        ).etag

    assert etag(1, 5) == etag(2, 5) != etag(2, 6)
