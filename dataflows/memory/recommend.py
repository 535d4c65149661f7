"""Records of `revision_recommendation_events`: one for every review that fell due before it was done."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
import numpy as np
import polars as pl

from dataflows.events.ids import NAMESPACE
from dataflows.memory.memories import Memories
from dataflows.memory.signals import Signals
from dataflows.operators.frames import uuids
from dataflows.operators.segments import Ints

EVENT_TYPE: Final = "revision_recommended"

URGENCY: Final = "medium"
"""As of the moment at which a review falls due."""

_ISO: Final = "%Y-%m-%dT%H:%M:%S%.3fZ"
_VERSION_BITS, _VERSION_5 = np.uint64(0xF000), np.uint64(0x5000)
_VARIANT_BITS, _VARIANT_RFC = np.uint64(0xC000_0000_0000_0000), np.uint64(0x8000_0000_0000_0000)


class Recommendation(msgspec.Struct):
    """One record's value; docs/events.md says what the fields mean."""

    event_id: str
    user_id: str
    domain: str | None
    module: str
    event_type: str
    urgency: str
    scheduled_at: str
    timestamp: str
    last_score: float
    model: str


def recommendation_ids(users: list[str], modules: list[str], due_ms: Ints) -> list[str]:
    """Returns the ids of recommendations: uuid5 of user, module and due time, so that a repeat is known as one.

    Example:
        >>> recommendation_ids(["user123"], ["dsa-arrays"], np.array([1738097228571]))
        ['60a06f95-45ed-5371-8a43-f5770511ad73']
    """
    names = [f"{u}|{m}|{d}".encode() for u, m, d in zip(users, modules, due_ms.tolist(), strict=True)]
    started = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)
    digests = []
    for name in names:
        one = started.copy()
        one.update(name)
        digests.append(one.digest()[:16])
    halves = np.frombuffer(b"".join(digests), ">u8").astype(np.uint64).reshape(-1, 2)
    hi = halves[:, 0] & ~_VERSION_BITS | _VERSION_5
    lo = halves[:, 1] & ~_VARIANT_BITS | _VARIANT_RFC
    return uuids(hi, lo).to_list()


def recommendation_records(memories: Memories, signals: Signals) -> list[tuple[bytes, bytes]]:
    """Returns (key, value) of the records of signals that were not announced before, in the order of their times."""
    new = signals.take(~signals.announced)
    if not len(new):
        return []
    frame = memories.pairs.names(new.pair).with_columns(due_ms=new.due_ms, at=np.arange(len(new)))
    frame = frame.sort("due_ms", "user_id", "module")
    new = new.take(frame["at"].to_numpy())
    users, modules = frame["user_id"].to_list(), frame["module"].to_list()
    due = frame["due_ms"].cast(pl.Datetime("ms")).dt.strftime(_ISO).to_list()
    columns = (
        recommendation_ids(users, modules, new.due_ms),
        users,
        [memories.domains.values[code] for code in new.domain.tolist()],
        modules,
        due,
        memories.attempts.of(new.row).score.tolist(),
        [memories.models[code] for code in memories.standing.model[new.pair].tolist()],
    )
    encode = msgspec.json.Encoder().encode
    return [
        (user.encode(), encode(Recommendation(one, user, domain, module, EVENT_TYPE, URGENCY, at, at, score, model)))
        for one, user, domain, module, at, score, model in zip(*columns, strict=True)
    ]
