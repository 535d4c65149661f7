"""What a task had settled before the first record of each of its topics, recounted from the turns in which it read.

Written from the definition: settled is the highest that the lowest watermark of the topics that had begun ever was.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.clicks import VIEWS, view_of
from tests.oracle.consent import consent_in
from tests.oracle.reading import Event, Record, read

NEVER = -(1 << 62)


def begun_of(turns: Sequence[Sequence[Record]], max_future_ms: int = 300_000) -> dict[tuple[str, int], int]:
    """Returns it by (topic, partition); a turn holds the records of one batch, and nobody waits for a topic."""
    marks: dict[str, int] = {}
    begun: dict[tuple[str, int], int] = {}
    settled = NEVER
    for turn in turns:
        for record in turn:
            time = _time(record, max_future_ms)
            if time is not None:
                begun.setdefault((record.topic, record.partition), settled)
                marks[record.topic] = max(marks.get(record.topic, NEVER), min(time, record.append_ms))
        settled = max(settled, min(marks.values(), default=NEVER))
    return begun


def _time(record: Record, max_future_ms: int) -> int | None:
    if record.tick is not None:
        return record.tick
    if record.topic == VIEWS and consent_in(record, max_future_ms, 65_536) is None:
        view = view_of(record, max_future_ms, 65_536)
        return None if view is None else view.start
    event = read(record, max_future_ms, 65_536)
    return event.event_ms if isinstance(event, Event) else None
