"""What the flows' tables must hold, by the oracles, and what the roster says: the ground of all recomputations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from tests.oracle import content, engagement, memory
from tests.truth.school import World

Row = dict[str, Any]


def moment(ms: int | None) -> datetime | None:
    """Returns an instant of epoch milliseconds."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def median(values: list[float], share: float = 0.5) -> float | None:
    """Returns a percentile, linear between the two nearest."""
    if not values:
        return None
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def ratio(above: float, below: float) -> float | None:
    """Returns a quotient; none where there is nothing to divide by."""
    return above / below if below else None


@dataclass
class Facts:
    """The log as the oracles read it, without staff; the roster as it is now."""

    world: World
    staff: set[str] = field(init=False)
    now_ms: int = field(init=False)

    def __post_init__(self) -> None:
        """Finds the staff: whoever teaches and is enrolled nowhere as a student."""
        teaching = {row["staff_id"] for row in self.world.tables["class_staff"]}
        self.staff = teaching - {row["student_id"] for row in self.world.tables["enrolments"]}
        self.now_ms = round(self.world.now.timestamp() * 1000)

    @cached_property
    def engagement(self) -> engagement.Expected:
        """Tables of the engagement flow."""
        return engagement.expect([r for r in self.world.records if r.topic == "clickstream_events"])

    @cached_property
    def content(self) -> content.ExpectedContent:
        """Tables of the content flow."""
        return content.expect(
            [r for r in self.world.records if r.topic in {"clickstream_events", "chapter_view_events"}]
        )

    @cached_property
    def memory(self) -> memory.ExpectedMemory:
        """Tables of the memory flow."""
        return memory.expect([r for r in self.world.records if r.topic != "chapter_view_events"])

    def of_students(self, rows: dict[tuple[Any, ...], Row], key: tuple[str, ...]) -> list[Row]:
        """Returns rows of a table with their keys, staff left out."""
        full = [{**dict(zip(key, k, strict=True)), **row} for k, row in rows.items()]
        return [row for row in full if row.get("student_id", row.get("user_id")) not in self.staff]

    @cached_property
    def items(self) -> dict[tuple[str | None, str], Row]:
        """Items by course and id; the course itself is none of them."""
        return {
            (row["course_id"], row["item_id"]): row
            for row in self.world.tables["content_items"]
            if (row["kind"], row["item_id"]) != ("course", row["course_id"])
        }

    @cached_property
    def visits(self) -> list[Row]:
        """Visits with the time that counts: of an explicit one at most three times what is expected."""
        found = self.of_students(self.content.chapter_visit_facts, ("start_time", "event_id"))
        for row in found:
            expected = self.items.get((row["course_id"], row["chapter_id"]), {}).get("expected_seconds")
            spent = row["time_spent_seconds"]
            row["counted"] = spent if expected is None or row["source"] != "view" else min(spent, 3 * expected)
            row["expected"] = expected
        return found

    def pass_mark(self, module: str | None) -> float:
        """Returns a module's pass mark: the highest that an item of that name has, else 70."""
        marks = [row["pass_mark"] for row in self.items.values() if row["item_id"] == module]
        return max((mark for mark in marks if mark is not None), default=70)

    @cached_property
    def finished(self) -> set[tuple[str, str]]:
        """Students and chapters with `lesson_complete`."""
        reported = [
            r for r in self.of_students(self.content.milestones, ("at", "id")) if r["kind"] == "lesson_complete"
        ]
        return {(r["student_id"], r[where]) for r in reported for where in ("chapter_id", "item_id") if r[where]}


def day_of(ms: int) -> date:
    """Returns the day (UTC) of epoch milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).date()
