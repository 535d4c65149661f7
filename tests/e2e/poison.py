"""Records that somebody might send: broken, huge, deep, of strange characters, of impossible numbers and times."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

NOW = 1_709_283_600_000
CONTROL = (
    "a\nb", "\n\\.\n", "a\n\\.\nb", "a\n\\.", "a\r\nb", "a\tb", "\\N", "\\.", '"', "'", '","', "\x01\x02", "a\x7f",
    "\u202eabc", "~other", "%2F/",
)  # fmt: skip
IDS = (
    "class_id", "grade", "subject_id", "course_id", "chapter_id", "session_id", "lesson_id", "video_id",
    "assessment_id",
)  # fmt: skip


def zoo(seed: int = 0) -> Iterator[bytes]:
    """Yields values of clickstream records; some are events, most are not."""
    rng = random.Random(seed)
    yield from _broken()
    for text in CONTROL:
        yield event(student_id=text)
        yield event(**dict.fromkeys(IDS, text), page_url=text, event_name=text, device_type=text, metadata={text: text})
    widest = {name: _wide(rng, 128) for name in ("student_id", "event_name", *IDS)}
    yield event(chapter_id=_wide(rng, 129))
    yield event(**widest, metadata={"module": _wide(rng, 128), "score": 85})
    yield event(**widest | {"event_name": "video_play"}, metadata={"position_s": 1, "video_duration_s": 60})
    yield event(**widest | {"event_name": "quiz_submit"}, metadata={"module": _wide(rng, 128), "score": 85})
    yield event(**widest | {"event_name": "course_enroll"})
    yield event(student_id="x" * 100_000)
    for number in ("1e400", "-1e400", "1e308", "1" * 400, "-0.0", "1e-400", "0.1e1", "NaN", "-1", "true"):
        for field in ("score", "position_s", "scroll_depth", "anything"):
            yield event(metadata={field: 4711}).replace(b"4711", number.encode())
        yield event(timestamp=4711).replace(b"4711", number.encode())
        yield event(student_id=4711).replace(b"4711", number.encode())
    for time in (0, -1, NOW * 1000, 4_102_444_799_999, 946_684_800_000, "2024-13-45T99:99:99Z", "-1", ""):
        yield event(timestamp=time)
    for depth in (10, 400, 508, 509, 510, 511, 512, 600, 3_000):
        yield event(metadata=json.loads("4711")).replace(b"4711", b'{"a":' * depth + b"1" + b"}" * depth)
        yield event(unknown=4711).replace(b"4711", b"[" * depth + b"]" * depth)
    yield event(metadata={"": "", "a" * 10_000: "b", "top.a": 1}, context={"": 1}, payload={"": 2})
    yield event(page_url="https://x/" + "é" * 20_000, metadata={"note": "é" * 9_000})
    yield event(metadata={"note": "x" * 2_000_000})


def event(**fields: Any) -> bytes:
    """Returns an event with some fields of its own."""
    body = {"event_id": str(uuid.uuid4()), "student_id": "mallory", "event_name": "page_view", "timestamp": NOW}
    return json.dumps(body | fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _broken() -> Iterator[bytes]:
    yield from (b"", b" ", b"null", b"[]", b"{", b"\xff\xfe\x00", b'{"student_id": "\xff"}', b"\x00" * 1_000)
    yield b"[" * 200_000
    yield event().replace(b"mallory", b"mal\\u0000lory")
    yield event().replace(b"mallory", b"mal\\ud800lory")
    yield event().replace(b"mallory", "\ud800".encode("utf-8", "surrogatepass"))
    yield event(metadata={"a": "b"}).replace(b'"b"', b'"\\u0000"')
    yield event(metadata={"a": "b"}).replace(b'"a"', b'"\\u0000"')
    yield event(metadata={"a": "b"}).replace(b'"b"', b'"\\udfff"')
    yield event()[:-1] + b', "student_id": "twice"}'
    yield random.Random(4).randbytes(4_000)


def _wide(rng: random.Random, length: int) -> str:
    """Returns a text of four bytes a character that nothing compresses."""
    return "".join(chr(rng.randrange(0x10000, 0x1FFFF)) for _ in range(length))
