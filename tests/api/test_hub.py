"""A stream: one question a second for a thousand listeners, the same messages for all, nothing for those who left."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from pydantic import BaseModel

from api.reads.hub import Hub
from tests.api.client import Client
from tests.api.conftest import Reading
from tests.waiting import until


class Said(BaseModel):
    number: int


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> Said:
        self.calls += 1
        return Said(number=self.calls)


async def heard(hub: Hub, ask: Source, messages: int, last: str | None = None) -> list[int]:
    """Listens for so many messages, then leaves."""
    numbers: list[int] = []
    async with hub.listening("7B", ask) as channel:
        number = channel.first_after(last)
        while len(numbers) < messages:
            numbers += [message.number for message in await channel.after(number)]
            number = numbers[-1]
    return numbers[:messages]


def test_a_thousand_listeners_hear_the_same_of_one_question_a_second_and_leave_nothing_behind() -> None:
    async def listen() -> tuple[list[list[int]], int, int]:
        hub, ask = Hub(), Source()
        found = await asyncio.gather(*(heard(hub, ask, 2) for _ in range(1000)))
        left = ask.calls
        await asyncio.sleep(1.2)
        return list(found), left, ask.calls - left + len(hub.channels)

    found, calls, after = asyncio.run(listen())
    assert {tuple(numbers) for numbers in found} == {tuple(found[0])} and found[0][1] > found[0][0]
    assert calls <= found[0][1] - found[0][0] + 1
    assert after == 0


def test_who_comes_back_hears_what_was_missed() -> None:
    async def listen() -> tuple[list[int], list[int]]:
        hub, ask = Hub(), Source()
        staying = asyncio.create_task(heard(hub, ask, 4))
        first = await heard(hub, ask, 1)
        await asyncio.sleep(2.1)  # away, while others listen
        return await heard(hub, ask, 3, str(first[0])), await staying

    back, all_of_it = asyncio.run(listen())
    assert back == all_of_it[1:4]


def test_a_question_that_fails_is_told_and_the_next_is_asked() -> None:
    async def listen() -> list[bytes]:
        hub, divisors = Hub(), iter((0, 1, 1))

        async def ask() -> Said:
            return Said(number=1 // next(divisors))

        async with hub.listening("7B", ask) as channel:
            [first] = await channel.after(0)
            return [first.text, (await channel.after(first.number))[0].text]

    first, second = asyncio.run(listen())
    assert b"event: problem" in first and b"event: kpis" in second


def questions(client: Client) -> float:
    """Returns how often the numbers were computed in the database."""
    found = re.search(r'gateway_questions_total\{query="headcount"\} (\S+)', client.get("/metrics").body.decode())
    return float(found[1]) if found else 0.0


def test_many_classes_share_one_question_a_second(reading: Reading) -> None:
    paths = [f"/engagement/stream?class_id={class_id}" for class_id in ("7B", "7C", "8A")] + ["/engagement/stream"]

    async def listen(path: str) -> list[dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", reading.server.port)
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {reading.tokens['everyone']}\r\n\r\n"
        writer.write(head.encode())
        found: list[dict[str, Any]] = []
        while len(found) < 4:
            line = await asyncio.wait_for(reader.readline(), 30)
            found += [json.loads(each) for each in re.findall(r"^data: (.*)", line.decode())]
        writer.close()
        return found

    async def every() -> list[list[dict[str, Any]]]:
        return list(await asyncio.gather(*map(listen, paths)))

    before, began = questions(reading.server), time.monotonic()
    found = asyncio.run(every())
    assert [last[-1]["enrolled"] for last in found] == [4, 1, 1, 6]
    assert [last[-1]["present"] for last in found] == [3, 1, 0, 5]
    # the first second may begin before all four listen
    after = questions(reading.server)
    assert after - before <= 4 + time.monotonic() - began + 1


def test_listeners_over_http_share_one_question_a_second_and_resume_by_id(reading: Reading) -> None:
    async def listen() -> list[str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", reading.server.port)
        token = reading.tokens["7B"]
        head = f"GET /engagement/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        ids: list[str] = []
        while len(ids) < 3:
            line = await asyncio.wait_for(reader.readline(), 30)
            assert line, ids
            ids += re.findall(r"^id: (\d+)", line.decode())
        writer.close()
        return ids

    async def thousand() -> list[list[str]]:
        return list(await asyncio.gather(*(listen() for _ in range(1000))))

    before, began = questions(reading.server), time.monotonic()
    found = asyncio.run(thousand())
    ids = sorted({each for numbers in found for each in numbers})
    assert all(ids.index(numbers[2]) - ids.index(numbers[0]) == 2 for numbers in found)  # nobody missed one
    after = questions(reading.server)
    assert after - before <= time.monotonic() - began + 2
    until(lambda: b"gateway_listeners 0.0" in reading.server.get("/metrics").body)
