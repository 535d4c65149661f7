"""Event ids: UUIDs in bulk as two 64-bit halves, and the id of an event that came without one."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

#: Namespace of derived ids: uuid5(NAMESPACE_DNS, "events.classpulse").
NAMESPACE = UUID("b440dc1f-5f72-5fb5-a13b-ff50b0bde5e4")

_UUID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})", re.ASCII)

_DASH = ord("-")
_IS_HEX = np.isin(np.arange(256), list(b"0123456789abcdefABCDEF"))


def canonical_uuid(text: str) -> str | None:
    """Returns a UUID as 36 lower-case characters, or None for any other text.

    Example:
        >>> canonical_uuid("6F9619FF8B86D011B42D00C04FC964FF")
        '6f9619ff-8b86-d011-b42d-00c04fc964ff'
    """
    match = _UUID.fullmatch(text.lower())
    return "-".join(match.groups()) if match else None


def derived_uuid(topic: str, key: bytes | None, document: object) -> str:
    """Returns the id of an event without one: uuid5 of topic, key and canonical JSON (sorted keys, no spaces).

    Args:
        topic: The contract's name of the topic, so that a log replayed under another prefix keeps its ids.
        key: The record's key.
        document: The decoded value.
    """
    name = b"|".join((topic.encode(), key or b"", msgspec.json.encode(document, order="sorted")))
    digest = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))


def joined_id(high: int, low: int) -> str:
    """Returns the canonical text of an id given as its halves.

    Example:
        >>> joined_id(1, 10)
        '00000000-0000-0001-0000-00000000000a'
    """
    return str(UUID(int=high << 64 | low))


def split_ids(texts: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Parses 36-character UUID texts in bulk.

    Args:
        texts: Texts of exactly 36 characters each, of any content.

    Returns:
        The big-endian high and low halves, so that the order of (high, low) is the order of canonical
        lower-case texts, and which of the texts are UUIDs.

    Example:
        >>> high, low, valid = split_ids(["00000000-0000-0001-0000-00000000000a"])
        >>> int(high[0]), int(low[0]), bool(valid[0])
        (1, 10, True)
    """
    # one byte a character whatever the text, so that rows stay aligned; `?` is no hex digit
    raw = np.frombuffer("".join(texts).encode("latin-1", "replace"), dtype=np.uint8).reshape(-1, 36)
    valid = (raw[:, 8] == _DASH) & (raw[:, 13] == _DASH) & (raw[:, 18] == _DASH) & (raw[:, 23] == _DASH)
    digits = np.empty((len(raw), 32), dtype=np.uint8)
    for start, stop, group in ((0, 8, 0), (8, 12, 1), (12, 16, 2), (16, 20, 3), (20, 32, 4)):
        digits[:, start:stop] = raw[:, start + group : stop + group]
    try:
        octets = bytes.fromhex(digits.tobytes().decode("latin-1"))
    except ValueError:
        octets = b""
    if len(octets) != 16 * len(raw):  # something is no hex digit (`fromhex` skips spaces): look at every digit
        wrong = ~_IS_HEX[digits]
        valid &= ~wrong.any(axis=1)
        digits[wrong] = ord("0")
        octets = bytes.fromhex(digits.tobytes().decode("latin-1"))
    halves = np.frombuffer(octets, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return halves[:, 0], halves[:, 1], valid
