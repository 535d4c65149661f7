"""What is usual in a class at this time of the week, by its last four weeks."""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracle.student import NO_INTERACTION
from tests.truth.activity import scores, windows
from tests.truth.chapters import grouped
from tests.truth.facts import Facts
from tests.truth.live import class_grades, running
from tests.truth.operations import MINUTE_MS, events
from tests.truth.registry import Row, truth

WEEK_MS, SPAN_MS = 7 * 86_400_000, 5 * MINUTE_MS


def _most(counts: dict[int, int], at: int) -> int | None:
    """Returns the most of the minutes of the five that end with an instant."""
    return max((count for start, count in counts.items() if at - SPAN_MS < start <= at), default=None)


def _usual(counts: dict[int, int], now: int) -> float | None:
    weeks = [most for n in range(1, 5) if (most := _most(counts, now - n * WEEK_MS)) is not None]
    return sum(weeks) / len(weeks) if len(weeks) >= 2 else None


@truth("active_before", "class_id")
def active_before(facts: Facts) -> Iterable[Row]:
    """The most of a lesson, or of ten minutes where none runs; and what is usual."""
    lesson, minute = running(facts), facts.now_ms - MINUTE_MS
    timed = {p["class_id"] for p in facts.world.tables["periods"]}
    mine = grouped((w for w in windows(facts) if w["scope"] == "class"), lambda w: w["scope_id"])
    for class_id in class_grades(facts):
        counts = {w["start"]: w["active_5m"] for w in mine.get(class_id, [])}
        since = lesson[class_id]["starts"].timestamp() * 1000 if class_id in lesson else minute - 10 * MINUTE_MS
        yield {
            "class_id": class_id,
            "before": max((count for start, count in counts.items() if since <= start <= minute), default=None),
            "usual": _usual(counts, facts.now_ms),
            "usual_next": None if class_id in timed else _usual(counts, facts.now_ms + SPAN_MS),
        }


@truth("idle_before", "class_id")
def idle_before(facts: Facts) -> Iterable[Row]:
    """Who had a score and had done nothing for five minutes: the mean of each week's five minutes, least and most."""
    acted: dict[tuple[str, int], set[str]] = {}
    for e in events(facts):
        if e["class_id"] and e["event_name"] not in NO_INTERACTION and not (e["metadata"] or {}).get("hidden"):
            acted.setdefault((e["class_id"], e["event_time"] // MINUTE_MS), set()).add(e["student_id"])
    scored = grouped(scores(facts), lambda s: (s["class_id"], s["time"] // MINUTE_MS))
    for class_id in class_grades(facts):
        weeks = []
        for n in range(1, 5):
            last = (facts.now_ms - n * WEEK_MS) // MINUTE_MS
            idle = [
                max(0, len(some) - len(set().union(*(acted.get((class_id, m - back), set()) for back in range(5)))))
                for m in range(last - 4, last + 1)
                if (some := scored.get((class_id, m), []))
            ]
            if idle:
                weeks.append(int(sum(idle) / len(idle) + 0.5))
        known = len(weeks) >= 2
        yield {"class_id": class_id, "low": min(weeks) if known else None, "high": max(weeks) if known else None}
