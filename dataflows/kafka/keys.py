"""Task keys that stay at home (design decision 1).

Bytewax deals source partitions out evenly in the sorted order of their names, partition *i* to worker *i* mod W, but
sends a stateful key to worker SipHash-1-3(key) mod W. A salt in the key makes both agree for every worker count that
divides 960, so that no batch is pickled over to another process.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Final

EVEN_MODULUS: Final = 960
"""Worker counts that divide this number keep every task in the process that reads it."""

_MASK: Final = (1 << 64) - 1


def _rotl(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _sip_round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & _MASK
    v1 = _rotl(v1, 13) ^ v0
    v0 = _rotl(v0, 32)
    v2 = (v2 + v3) & _MASK
    v3 = _rotl(v3, 16) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = _rotl(v3, 21) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = _rotl(v1, 17) ^ v2
    return v0, v1, _rotl(v2, 32), v3


def siphash13(data: bytes) -> int:
    """Returns SipHash-1-3 of `data` under a zero key, as Rust's `DefaultHasher` computes it.

    Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with one compression and three
    finalisation rounds.
    """
    v0, v1, v2, v3 = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    whole = len(data) - len(data) % 8
    last = int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, whole, 8)]
    for word in [*words, last]:
        v3 ^= word
        v0, v1, v2, v3 = _sip_round(v0, v1, v2, v3)
        v0 ^= word
    v2 ^= 0xFF
    for _ in range(3):
        v0, v1, v2, v3 = _sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


def routing_hash(key: str) -> int:
    """Returns the hash by which Bytewax routes a stateful key: Rust hashes a string's bytes and then 0xff."""
    return siphash13(key.encode() + b"\xff")


@cache
def task_key(task: int) -> str:
    """Returns the salted key of a task, for example `007/785`.

    Example:
        >>> routing_hash(task_key(7)) % 12 == 7 % 12
        True
    """
    for salt in count():
        key = f"{task:03d}/{salt}"
        if routing_hash(key) % EVEN_MODULUS == task % EVEN_MODULUS:
            return key
    raise AssertionError  # `count` never ends


def task_of(part: str) -> int:
    """Returns the task's number from a source partition's name or a task key."""
    return int(part.partition("/")[0])


def partition_of(key: bytes, partitions: int) -> int:
    """Returns the partition of a key as Java's producer chooses it: murmur2, its sign dropped, modulo the partitions.

    Source: `org.apache.kafka.common.utils.Utils.murmur2`.

    Example:
        >>> partition_of(b"21", 1 << 31) == -973932308 & 0x7FFFFFFF
        True
    """
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    multiplier, word = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * multiplier & word
        k = (k ^ k >> 24) * multiplier & word
        value = (value * multiplier & word) ^ k
    if len(data) > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * multiplier & word
    value = (value ^ value >> 13) * multiplier & word
    return value ^ value >> 15
