"""Marks of people who watch videos, written by hand: seconds, kinds and positions."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from dataflows.content.marks import NONE, Flag, FoldRules, Marks
from dataflows.content.videos import Views, fold_videos
from dataflows.operators.segments import Ints

RULES: Final = FoldRules()
ORIGIN_MS: Final = 1_700_000_000_000
FAR: Final = 10**7
"""A watermark, in seconds, that everything lies behind."""

KINDS: Final = {
    "play": Flag.INTERACTION | Flag.VIDEO | Flag.PLAY,
    "pause": Flag.INTERACTION | Flag.VIDEO | Flag.PAUSE,
    "stop": Flag.INTERACTION | Flag.VIDEO | Flag.PAUSE,
    "complete": Flag.INTERACTION | Flag.VIDEO | Flag.PAUSE | Flag.COMPLETE,
    "seek": Flag.INTERACTION | Flag.VIDEO | Flag.SEEK,
    "ping": Flag.INTERACTION | Flag.VIDEO,
    "hidden": Flag.VIDEO | Flag.HIDDEN,
    "click": Flag.INTERACTION,
    "page": Flag.INTERACTION | Flag.PAGE_VIEW | Flag.LEAVES,
    "idle": Flag.IDLE,
}


@dataclass(frozen=True)
class Said:
    """One event: times and positions in seconds; everything but the first two may be left out."""

    at: float
    kind: str
    position: float | None = None
    length: float | None = None
    rate: float | None = None
    from_: float | None = None
    to: float | None = None
    video: int = 0
    member: int = 0
    session: int = 0
    class_code: int = NONE


def thousandths(value: float | None) -> int:
    return NONE if value is None else round(value * 1000)


def marks_of(events: list[Said]) -> tuple[Marks, Ints]:
    """Returns the marks, given in order, and the session of each."""
    size = len(events)
    columns: dict[str, Any] = {field.name: np.full(size, NONE, np.int64) for field in fields(Marks)}
    columns |= {"hi": np.zeros(size, np.uint64), "lo": np.arange(size, dtype=np.uint64)}
    columns["member"] = np.array([e.member for e in events], np.int64)
    columns["time_ms"] = np.array([ORIGIN_MS + thousandths(e.at) for e in events], np.int64)
    columns["flags"] = np.array([int(KINDS[e.kind]) for e in events], np.int64)
    videos = [e.video if KINDS[e.kind] & Flag.VIDEO else NONE for e in events]
    columns["video"] = np.array(videos, np.int64)
    columns["class_code"] = np.array([e.class_code for e in events], np.int64)
    columns["position_ms"] = np.array([thousandths(e.position) for e in events], np.int64)
    columns["duration_ms"] = np.array([thousandths(e.length) for e in events], np.int64)
    columns["rate"] = np.array([thousandths(e.rate) for e in events], np.int64)
    columns["from_ms"] = np.array([thousandths(e.from_) for e in events], np.int64)
    columns["to_ms"] = np.array([thousandths(e.to) for e in events], np.int64)
    return Marks(**columns), np.array([e.session for e in events], np.int64)


def views_of(events: list[Said], low: float = FAR, rules: FoldRules = RULES) -> Views:
    """Folds events; `low` is the watermark in seconds."""
    marks, of = marks_of(events)
    return fold_videos(marks, of, ORIGIN_MS + thousandths(low), rules)


def shifted(events: list[Said], **changes: int) -> list[Said]:
    """Returns the same events of another member, session or video."""
    return [replace(event, **changes) for event in events]  # type: ignore[arg-type]
