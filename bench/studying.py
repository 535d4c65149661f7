"""The load of the `content` flow: a school that studies in shifts, with pages, lessons and videos.

A quarter of the students works for half an hour, then the next: so sessions end, and what is settled is forgotten, as
on a day of school.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from bench.load import STUDENTS, Stamps, Template, templates
from dataflows.batch import Records, TaskBatch

CLICKS: Final = "clickstream_events"
SHIFTS: Final = 4
SHIFT_MS: Final = 1_800_000
_COUNT: Final = 1 << 15


class Shifts:
    """Gives out events of the shift that is at work; see `Stamps`."""

    def __init__(self, students: int = STUDENTS, seed: int = 0) -> None:
        """The students of a shift are every fourth; `seed` decides order, ids, delays and repeats."""
        self._shifts = [
            Stamps(_rich(templates(students, _COUNT, seed=shift), shift), seed=SHIFTS * seed + shift)
            for shift in range(SHIFTS)
        ]

    def next(self, now_ms: int) -> tuple[bytes, bytes]:
        """Returns key and value of an event."""
        return self._shifts[now_ms // SHIFT_MS % SHIFTS].next(now_ms)

    @property
    def repeats(self) -> int:
        """Events that were given out a second time."""
        return sum(stamps.repeats for stamps in self._shifts)

    @property
    def bytes(self) -> int:
        """Bytes of all values given out."""
        return sum(stamps.bytes for stamps in self._shifts)


def _rich(events: list[Template], shift: int) -> list[Template]:
    """Moves events to students of a shift and adds what the engagement flow does not read."""
    rng, out = random.Random(shift), []  # noqa: S311 (a fixed seed for a measurement)
    for event in events:
        body: dict[str, Any] = json.loads(b"{" + event.tail[1:])
        student = int(body["student_id"][3:]) // SHIFTS * SHIFTS + shift
        body["student_id"] = f"p1_{student:06d}"
        body["lesson_id"] = f"{body['chapter_id']}.{rng.randrange(5)}"
        if body["event_name"].startswith("video_"):
            body["video_id"] = f"{body['chapter_id']}.v{rng.randrange(3)}"
        if body["event_name"] in {"page_view", "scroll"}:
            body["page_url"] = f"/courses/{body['course_id']}/{body['lesson_id']}"
        out.append(Template(body["student_id"].encode(), b"," + json.dumps(body, separators=(",", ":")).encode()[1:]))
    return out


def batches(events: int, *, per_s: float, batch_records: int, flush_every: int, tasks: int = 4) -> Iterator[TaskBatch]:
    """Yields the batches of one of `tasks` tasks; see `bench.batches`."""
    stamps = Shifts(STUDENTS // tasks)
    start_ms = int(time.time() * 1000) - int(events * tasks / per_s * 1000)
    step_ms = 1000 * tasks / per_s
    for number, first in enumerate(range(0, events, batch_records), 1):
        times = [start_ms + int((first + i) * step_ms) for i in range(min(batch_records, events - first))]
        pairs = [stamps.next(now_ms) for now_ms in times]
        offsets = list(range(first, first + len(pairs)))
        keys, values = [key for key, _value in pairs], [value for _key, value in pairs]
        yield TaskBatch(
            task=0,
            generation=1,
            floor={},
            records=[Records(CLICKS, 0, offsets, times, list(keys), list(values))],
            offsets={CLICKS: first + len(pairs)},
            flush=number % flush_every == 0,
            topic_ids={},
            cluster_id="",
            live_from_ms=0,
        )
