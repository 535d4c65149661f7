"""When a rule calls, read off the clicks one by one: no flow, no SQL, no shared code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from tests.alerting.backtest.lesson_log import Click, at

MINUTE: Final = timedelta(minutes=1)
NO_INTERACTION: Final = frozenset({"idle", "session_end"})
BEGINS, ENDS = at("10:00"), at("10:45")


class Lesson:
    """One class's clicks as they were known at a moment."""

    def __init__(self, clicks: Iterable[Click]) -> None:
        self.clicks = sorted(clicks)

    def known(self, now: datetime) -> dict[str, list[Click]]:
        by_student = defaultdict(list)
        for click in self.clicks:
            if click.arrival < now:
                by_student[click.student].append(click)
        return by_student

    def status(self, clicks: list[Click], now: datetime) -> str:
        worked = [c.at for c in clicks if c.name not in NO_INTERACTION]
        if not worked or worked[-1] < BEGINS:
            return "absent"
        ended = any(c.at > worked[-1] for c in clicks if c.name == "session_end")
        if ended or now - worked[-1] >= 30 * MINUTE:
            return "absent"
        idle = any(c.at > worked[-1] for c in clicks if c.name == "idle")
        return "idle" if idle or now - worked[-1] >= 5 * MINUTE else "active"

    def count(self, now: datetime, *wanted: str) -> int:
        return sum(self.status(clicks, now) in wanted for clicks in self.known(now).values())

    def before(self, now: datetime) -> int:
        """The most students who worked within any five whole minutes that ended within the last ten minutes."""
        minute = max(now - 11 * MINUTE, BEGINS)
        minute += (BEGINS - minute) % MINUTE
        counts = [0]
        while minute <= now - MINUTE:
            counts.append(
                sum(
                    any(minute - 4 * MINUTE <= c.at < minute + MINUTE and c.name not in NO_INTERACTION for c in clicks)
                    for clicks in self.known(now).values()
                )
            )
            minute += MINUTE
        return max(counts)

    def drops(self, now: datetime) -> bool:
        active, before = self.count(now, "active"), self.before(now)
        inside = BEGINS + 5 * MINUTE <= now < ENDS - 5 * MINUTE
        return inside and before >= 8 and 2 * active <= before and before - active >= 5

    def idles(self, now: datetime) -> bool:
        present = self.count(now, "active", "idle")
        return BEGINS <= now < ENDS and present >= 8 and 10 * self.count(now, "idle") > 3 * present


def calls(
    holds: Callable[[datetime], bool], since: datetime, until: datetime, *, after_min: int, on_min: int
) -> list[tuple[str, str]]:
    """Returns from when to when it calls: after so many whole minutes of holding, and on for so many of not holding."""
    held = {since + n * MINUTE: holds(since + n * MINUTE) for n in range((until - since) // MINUTE)}
    found: list[tuple[str, str]] = []
    begun: datetime | None = None
    for now in held:
        back = [held.get(now - n * MINUTE, False) for n in range(after_min + 1)]
        if begun is None and all(back):
            begun = now
        gone = [held.get(now - n * MINUTE, False) for n in range(on_min + 1)]
        if begun is not None and now > begun and not any(gone):
            found.append((f"{begun:%H:%M}", f"{now:%H:%M}"))
            begun = None
    return found + ([(f"{begun:%H:%M}", "")] if begun else [])
