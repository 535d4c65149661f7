"""Events as text, spelt in every way and gone wrong in every way that the scanner has to see, from a seed."""

from __future__ import annotations

import random
from typing import Final

from dataflows.batch import Records
from tests.dataflows.events.batches import NOW_MS

_AGENT: Final = '"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"'
_WORDS: Final = [
    "page_view",
    "video_play",
    "video_seek",
    "time_ping",
    "quiz_submit",
    "idle",
    "odd name",
    "course_enroll",
]
_IDS: Final = ["session_id", "class_id", "grade", "subject_id", "course_id", "chapter_id", "lesson_id", "video_id"]
_MORE: Final = ["assessment_id", "page_url", "country_code"]
_NUMBERS: Final = [
    "position_s",
    "video_duration_s",
    "playback_rate",
    "scroll_depth",
    "score",
    "price",
    "from_s",
    "to_s",
]
_VALUES: Final = [
    "null", "true", "false", "tru", "nul", "NaN", "[]", "[1]", "{}", '{"a":1}', '{"type":"mobile"}',
    '{"user_agent":"curl/8.0"}', "[[[[]]]]",
    # numbers at the edges
    "0", "-0", "-0.0", "-1", "1.5", "0.1", "12.50", "1e3", "1E-2", "0.00001", "0.0001", "00", "01", "1.", ".5", "+1",
    "-",
    "123456789012345", "1234567890123456", "123456789012345678", "12345678901234567890", "1e400", "0.123456789012345",
    "0.1234567890123456", "999999999999999.0", "9007199254740993", "3.141592653589793", "5e-324",
    "1.7976931348623157e308",
    # texts at the edges
    '""', '" "', '"7B"', '" 7B"', '"7B "', '"85"', '" 49.90"', '"1e5"', f'"{"x" * 256}"', f'"{"x" * 257}"', '"\\""',
    '"x\\u0000y"', '"\\n"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\\q"', '"é"', '"e\u0301"', '"\ufeff7B"', '"\t"',
    '"\x7f"', '"7B\xa0"', '"\u200b"', _AGENT,
    # times
    *[f'"2025-10-09{t}"' for t in ("T08:53:20Z", "t08:53:20z", " 08:53:20Z", "T24:00:00Z", "T08:53:60Z", "T08:53Z")],
    *[f'"2025-10-09T08:53:20{t}"' for t in (".1Z", ".123456Z", ".1234567Z", ".Z", ",5Z", "", "+05:30", "-00:00")],
    *[f'"2025-10-09T08:53:20{t}"' for t in ("-11:59", "+24:00", "+0530", "+05", "+05:60", "Z ", "ZZ")],
    '"2025-02-29T08:53:20Z"', '"2024-02-29T08:53:20Z"', '"2000-02-29T00:00:00Z"', '"2100-02-29T00:00:00Z"',
    '"2099-12-31T23:59:59.999Z"', '"2100-01-01T00:00:00Z"', '"1999-12-31T23:59:59Z"', '"2000-01-01T00:00:00Z"',
    '"2100-01-01T00:30:00+01:00"', '"0000-01-01T00:00:00Z"', '"2025-13-01T00:00:00Z"', '"2025-04-31T00:00:00Z"',
    "946684800000", "946684799999", "4102444800000", str(NOW_MS), str(NOW_MS + 300_000), str(NOW_MS + 300_001),
    str(NOW_MS + 400_000), f"{NOW_MS}.5", f"{NOW_MS}.0", f'"{NOW_MS}"', f"{NOW_MS}0000", f"{NOW_MS / 1e12}e12",
    # ids
    '"6f9619ff-8b86-4011-b42d-00c04fc964ff"', '"6F9619FF-8B86-4011-B42D-00C04FC964FF"',
    '"6F9619FF8B864011B42D00C04FC964FF"', '"6f9619ff-8b86-4011-b42d-00c04fc964fg"',
]  # fmt: skip
_NAMES: Final = [
    "event_id", "student_id", "user_id", "event_name", "event_type", "timestamp", "event_timestamp", "role", *_IDS,
    *_MORE, "os", "device_type", "browser", "device", "metadata", "context", "payload", "event_data", "hidden",
    *_NUMBERS, "start_time", "course", "type", "location", "ip", "user_agent", "userAgent", "duration", "time_taken",
    "module", "domain", "end_time", "", "note", "x", "student\\u005fid", "é", "a_name_that_is_longer_than_24_bytes",
]  # fmt: skip
_BYTES: Final = [
    b"\\", b'"', b"\0", b"\x1f", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"{", b"}", b",", b":", b" ",
    b"\n",
]  # fmt: skip

Items = list[tuple[str, str]]


class Mutator:
    """Makes records; equal seeds make equal ones."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def records(self, count: int) -> Records:
        """A batch of records, some of them ticks, some replayed, some from the archive."""
        rng = self.rng
        values = [self.value() for _ in range(count)]
        ticks: list[int | None] = []
        if rng.random() < 0.3:
            ticks = [NOW_MS + i if v is None and rng.random() < 0.8 else None for i, v in enumerate(values)]
        topic = rng.choice([*["clickstream_events"] * 6, "lms_clickstream", "chapter_view_events"])
        replayed = [rng.random() < 0.5 for _ in values] if rng.random() < 0.2 else []
        append_ms = [NOW_MS + rng.randrange(-1000, 1000) for _ in values]
        keys: list[bytes | None] = [None] * count
        return Records(topic, 0, list(range(count)), append_ms, keys, values, ticks, rng.random() < 0.1, replayed)

    def value(self) -> bytes | None:
        """A record's value."""
        rng, items = self.rng, self.plain()
        if rng.random() < 0.01:
            return None
        if rng.random() < 0.6:
            for _ in range(rng.randrange(1, 3)):
                self._change(items)
            if rng.random() < 0.5:  # as a rule no name comes twice
                items = list(dict(items).items())
        value = (self._blank() + self._object(items) + self._blank()).encode("utf-8", "surrogatepass")
        if rng.random() < 0.12:
            value = self._damaged(value)
        return value + b" " * 70_000 if rng.random() < 0.002 else value

    def plain(self) -> Items:
        """The fields of an event that is nearly always plain."""
        rng, one = self.rng, self.rng.random
        hexes = f"{rng.getrandbits(128):032x}"
        event_id = "-".join((hexes[:8], hexes[8:12], hexes[12:16], hexes[16:20], hexes[20:]))
        day, hour = rng.randrange(1, 10), rng.randrange(9)
        moment = f'"2025-10-0{day}T0{hour}:53:20.{"123456"[: rng.randrange(1, 7)]}Z"'
        items = [
            ("event_id", f'"{event_id}"'),
            ("student_id", f'"p{rng.randrange(40)}"'),
            ("event_name", f'"{rng.choice(_WORDS)}"'),
            ("timestamp", rng.choice([str(NOW_MS - rng.randrange(10**9)), moment])),
        ]
        of = f"{rng.randrange(5)}"
        items += [(n, rng.choice([f'"{n}-{of}"', "null", '"7B"', '"/a b/c"'])) for n in (*_IDS, *_MORE) if one() < 0.5]
        said = ['"student"', '"teacher"', '"heartbeat"', '"mobile"', "null", _AGENT]
        names = ("role", "event_type", "device_type", "os", "browser", "user_agent")
        items += [(n, rng.choice(said)) for n in names if one() < 0.15]
        if one() < 0.6:
            words = ['"mobile"', '"Chrome"', "null"]
            device = [(n, rng.choice(words)) for n in ("type", "os", "browser", "model") if one() < 0.6]
            items.append(("device", self._object(device)))
        if one() < 0.7:
            items.append(("metadata", self._object(self._details())))
        return items

    def _details(self) -> Items:
        rng, one = self.rng, self.rng.random
        more = [
            ("hidden", rng.choice(["true", "false", "null"])), ("user_agent", _AGENT), ("module", '"m1"'),
            ("note", rng.choice(_VALUES[:40])), ("more", self._number()), ("note", '"again"'),
        ]  # fmt: skip
        numbers = [(n, self._number()) for n in (*_NUMBERS, "duration", "time_taken") if one() < 0.25]
        return numbers + [item for item in more if one() < 0.15]

    def _number(self) -> str:
        rng = self.rng
        kinds = [str(rng.randrange(300)), f"{rng.random() * 300:.{rng.randrange(1, 17)}f}"]
        return rng.choice([*kinds, repr(rng.random() * 10.0 ** rng.randrange(-6, 16)), "null"])

    def _change(self, items: Items) -> None:
        rng, kind = self.rng, self.rng.random()
        at = rng.randrange(len(items)) if items else 0
        if kind < 0.3 or not items:
            items.insert(at, (rng.choice(_NAMES), rng.choice(_VALUES)))
        elif kind < 0.5:
            items[at] = (items[at][0], rng.choice(_VALUES))
        elif kind < 0.6:
            items.append(items[at])
        elif kind < 0.7:
            del items[at]
        elif kind < 0.75:
            rng.shuffle(items)
        else:
            names = ["type", "os", "browser", "user_agent", "ip", "x"] if kind > 0.9 else _NAMES
            part = [(rng.choice(names), rng.choice(_VALUES)) for _ in range(rng.randrange(4))]
            items.append(("device" if kind > 0.9 else "metadata", self._object(part)))

    def _damaged(self, value: bytes) -> bytes:
        rng, kind = self.rng, self.rng.random()
        at = rng.randrange(len(value) + 1)
        if kind < 0.3:
            return value[:at]
        if kind < 0.6:
            return value[:at] + bytes([rng.randrange(256)]) + value[at + rng.randrange(2) :]
        if kind < 0.7:
            return b"\xef\xbb\xbf" + value
        if kind < 0.8:
            return value + rng.choice([b"x", b"{}", b" ", b"\0", b","])
        return value[:at] + rng.choice(_BYTES) + value[at:]

    def _object(self, items: Items) -> str:
        blank = self._blank
        inner = f",{blank()}".join(f'"{name}"{blank()}:{blank()}{value}{blank()}' for name, value in items)
        return f"{{{blank()}{inner}}}"

    def _blank(self) -> str:
        rng = self.rng
        return rng.choice(["", " ", "\n", "\t\r ", "  "]) if rng.random() < 0.15 else ""
