"""Time of decode alone, CPU microseconds an event: `POLARS_MAX_THREADS=1 python -m bench.decode`.

Prints one JSON object: the floor (msgspec walks the JSON and keeps nothing), and the best of many runs over one batch
for each decoder and kind of input, with the scanner and without it. Take it on an idle machine:
neighbours cost more than any change worth seeing.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from dataflows.batch import Records
from dataflows.events.coded import decode_coded
from dataflows.events.full import decode_full
from dataflows.events.scanner import loading
from dataflows.events.studied import decode_studied


class _Nothing(msgspec.Struct, gc=False):
    """Decoding into it is the floor: the JSON is walked, nothing is kept."""


BATCH = 16_384
RUNS = 25
_NOW_MS = 1_760_000_000_000
_NAMES = ["page_view", "button_click", "scroll", "time_ping", "video_play", "video_pause", "quiz_answer"]
_DEVICES = [
    {"type": "mobile", "os": "Android", "browser": "Chrome"},
    {"type": "desktop", "os": "Windows", "browser": "Edge"},
]


def events(students: int, rng: random.Random) -> list[dict[str, Any]]:
    """Returns a batch of events of about 330 bytes, of students drawn evenly."""
    return [_event(i, rng.randrange(students), rng) for i in range(BATCH)]


def _event(i: int, student: int, rng: random.Random) -> dict[str, Any]:
    name, group = rng.choice(_NAMES), student % 400
    metadata = {"scroll_depth": rng.randrange(100)}
    if name.startswith("video_"):
        metadata = {"position_s": rng.randrange(300), "video_duration_s": 300}
    return {
        "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "student_id": f"p1_{student:06d}",
        "event_name": name,
        "timestamp": _NOW_MS + i,
        "session_id": f"s-{student * 7919:012d}",
        "class_id": f"{group // 4}{'ABCD'[group % 4]}",
        "grade": str(group % 12),
        "subject_id": "MATH",
        "course_id": f"math-{group % 12}",
        "chapter_id": f"ch{group % 12 if rng.random() < 0.8 else rng.randrange(12)}",  # most are where the class is
        "device": _DEVICES[student % 2],
        "metadata": metadata,
    }


def records(documents: list[dict[str, Any]]) -> Records:
    """Returns documents as one partition's records."""
    values: list[bytes | None] = [json.dumps(document, separators=(",", ":")).encode() for document in documents]
    total = len(values)
    return Records(
        "clickstream_events", 0, list(range(total)), [_NOW_MS + i for i in range(total)], [None] * total, values
    )


def _iso(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"timestamp": "2025-10-09T08:53:20.250Z"}


def _nested(document: dict[str, Any]) -> dict[str, Any]:
    """The spelling of requirement 003: context and payload."""
    nested = {name: value for name, value in document.items() if name not in {"class_id", "course_id", "metadata"}}
    context = {"class_id": document["class_id"], "course_id": document["course_id"]}
    return nested | {"context": context, "payload": document["metadata"]}


def _micros(run: Callable[[], object], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return round(best / BATCH * 1e6, 2)


def _costs(batch: Records, runs: int) -> dict[str, float]:
    return {
        "coded_us": _micros(lambda: decode_coded(batch), runs),
        "studied_us": _micros(lambda: decode_studied(batch), runs),
        "full_us": _micros(lambda: decode_full(batch), runs),
    }


def main() -> None:
    """Measures and prints."""
    rng = random.Random(7)  # noqa: S311 (a fixed seed for a measurement)
    documents = events(5_000, rng)
    inputs = {
        "plain, 5,000 students (one of four partitions)": records(documents),
        "plain, 20,000 students": records(events(20_000, rng)),
        "ISO 8601 timestamps": records([_iso(document) for document in documents]),
        "one in a hundred rejected": records(
            [d if i % 100 else d | {"timestamp": "never"} for i, d in enumerate(documents)]
        ),
        "context and payload": records([_nested(document) for document in documents]),
    }
    plain = [value for value in next(iter(inputs.values())).values if value is not None]
    skip = msgspec.json.Decoder(_Nothing).decode
    report: dict[str, Any] = {
        "bytes_an_event": round(sum(map(len, plain)) / BATCH),
        "floor_us": _micros(lambda: [skip(value) for value in plain], RUNS),
    }
    for name, batch in inputs.items():
        report[name] = _costs(batch, RUNS // 4)
    loading.prepare(wait=True)
    for name, batch in inputs.items():
        report[name] |= {f"{cost}, scanned": value for cost, value in _costs(batch, RUNS).items()}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
