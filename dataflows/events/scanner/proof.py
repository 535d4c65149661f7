"""A few events that the compiled loops must read rightly before they are used on any other."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import numpy as np

from dataflows.batch import Records
from dataflows.events.rules import DEFAULT_RULES
from dataflows.events.scanner.scan import scan_with

_NOW_MS: Final = 1_760_000_000_000
_ID: Final = "6F9619ff-8b86-4011-b42d-00c04fc964ff"
_PLAIN: Final = (
    f'{{"event_id": "{_ID}", "student_id": "p1_ada", "event_name": "video_play", '
    '"timestamp": "2025-10-09T08:53:20.25Z",'
    '"device":{"type":"mobile"},"metadata":{"position_s":12.5,"hidden":true,"note":"x"}}'
).encode()
_GROUP: Final = ("student_id", "event_name", "device.type", "hidden")
_SETS: Final = (True, 1, [1 + 2j, 1 + 3j, 1 + 9j, 2 + 1j], 1, [7, -1], [0, 1, 0])
_ODD: Final = _PLAIN.replace(b"p1_ada", b"p1\\u0020ada")


class WrongError(Exception):
    """What was compiled does not read what was written: numba, or this processor, is not to be trusted with it."""


def prove(compiled: ModuleType) -> None:
    """Reads the events; compiles on the way what is not compiled.

    Raises:
        WrongError: Where anything comes out otherwise than it must.
    """
    values: list[bytes | None] = [_PLAIN, _ODD, _PLAIN.replace(b'{"pos', b'{ "pos')]
    batch = Records("clickstream_events", 0, [0, 1, 2], [_NOW_MS] * 3, [None] * 3, values)
    scanned = scan_with(compiled, batch, DEFAULT_RULES, (_GROUP,))
    said = (
        scanned.rows.tolist(),
        scanned.odd.tolist(),
        scanned.times.tolist(),
        scanned.codes[_GROUP].tolist(),
        scanned.texts[_GROUP],
        scanned.numbers[0, 1].item(),
        scanned.ids(),
    )
    meant = (
        [0, 2],
        [1],
        [_NOW_MS + 250] * 2,
        [0, 0],
        [("p1_ada", "video_play", "mobile", "true")],
        12.5,
        [_ID.lower()] * 2,
    )
    slots = np.full(4, -1, dtype=np.int32)
    compiled.rehash(np.array([2 << 32], dtype=np.uint64), 1, slots)
    order, other = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    words = np.array([1 << 40, 7, 7], dtype=np.uint64)
    found = other if compiled.rank(words, np.empty_like(words), order, other) else order
    if said != meant or found.tolist() != [1, 2, 0] or slots.tolist() != [-1, -1, 0, -1]:
        raise WrongError(said)
    if _sets(compiled) != _SETS:
        raise WrongError(_sets(compiled))


def _sets(compiled: ModuleType) -> tuple[Any, ...]:
    """Returns what the loops over sets of keys make of a few."""
    keys, more = np.array([2 + 1j, 1 + 9j, 1 + 2j]), np.array([1 + 3j, 1 + 3j, 1 + 9j])
    united, where = np.empty(6, dtype=np.complex128), np.empty(3, dtype=np.int64)
    distinct, at = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    found = compiled.sort_runs(keys, 9), compiled.unite(keys, more, united, where)
    count = compiled.group(np.array([7, -1, 7]), distinct, at)
    return *found, united[:4].tolist(), where[0].item(), distinct[:count].tolist(), at.tolist()
