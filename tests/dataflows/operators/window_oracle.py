"""Windows as they are defined, over plain dicts: every window looks at every event. It shares no code with us."""

from __future__ import annotations

from collections import Counter
from typing import Any

Event = dict[str, Any]
Rows = dict[tuple[Any, ...], dict[str, Any]]


def spans(kind: str, lengths: tuple[int, ...], times: list[int]) -> list[tuple[int, int, list[int]]]:
    """Returns, of one key's events in time order, (start, end, the events inside) of every window."""
    if kind == "tumbling":
        kind, lengths = "hopping", (lengths[0], lengths[0])
    if kind == "hopping":
        size, hop = (length * 1000 for length in lengths)
        starts = {
            start for t in times for start in range((t - size) // hop * hop, t + 1, hop) if start <= t < start + size
        }
        return [(s, s + size, [n for n, t in enumerate(times) if s <= t < s + size]) for s in sorted(starts)]
    size = lengths[0] * 1000
    if kind == "sliding":
        return [
            (end - size, end, [n for n, t in enumerate(times) if end - size < t <= end]) for end in sorted(set(times))
        ]
    found: list[list[int]] = []
    for n, t in enumerate(times):
        if found and t - times[found[-1][-1]] < size:
            found[-1].append(n)
        else:
            found.append([n])
    return [(times[inside[0]], times[inside[-1]], inside) for inside in found]


def value(how: str, column: str, inside: list[Event]) -> Any:
    said = [event for event in inside if event.get(column) is not None]
    if how == "count":
        return len(inside)
    if how == "sum":
        return sum(event[column] for event in said)
    if how == "min":
        return min((event[column] for event in said), default=None)
    if how == "max":
        return max((event[column] for event in said), default=None)
    if how == "distinct":
        return len({event[column] for event in said})
    if how == "last":
        return (said[-1][column], said[-1]["t"]) if said else (None, None)
    counted = Counter(event[column] for event in said)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def expect(
    events: list[Event], key: tuple[str, ...], window: tuple[str, tuple[int, ...]], wanted: dict[str, tuple[str, str]]
) -> Rows:
    """Returns the rows by (key…, start, end); events are in the order of the log."""
    rows: Rows = {}
    keys = {tuple(event[part] for part in key) for event in events} if key else {()}
    for of in keys:
        if None in of:
            continue
        mine = [event for event in events if tuple(event[part] for part in key) == of]
        mine.sort(key=lambda event: event["t"])  # stable: ties stay in the order of the log
        for start, end, inside in spans(*window, [event["t"] for event in mine]):
            rows[*of, start, end] = {
                name: value(how, column, [mine[n] for n in inside]) for name, (how, column) in wanted.items()
            }
    return rows
