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

    def heard(self, minute: datetime, now: datetime) -> int:
        """Of how many students anything came in a whole minute."""
        return sum(any(minute <= c.at < minute + MINUTE for c in clicks) for clicks in self.known(now).values())

    def worked(self, minute: datetime, now: datetime) -> int:
        """How many students worked within the five whole minutes that end with one."""
        return sum(
            any(minute - 4 * MINUTE <= c.at < minute + MINUTE and c.name not in NO_INTERACTION for c in clicks)
            for clicks in self.known(now).values()
        )

    def goodbyes(self, now: datetime, since: datetime) -> int:
        """How many said goodbye last, since a moment, and did nothing afterwards."""
        found = 0
        for clicks in self.known(now).values():
            ends = [c.at for c in clicks if c.name == "session_end"]
            worked = [c.at for c in clicks if c.name not in NO_INTERACTION]
            found += bool(ends and worked and ends[-1] > worked[-1] and ends[-1] >= since)
        return found

    def silent(self, now: datetime) -> bool:
        """Whether for so many minutes, two at least, half as many were heard of as in any of the ten before."""
        for long in range(2, 11):
            begins = now - long * MINUTE
            earlier = [begins - n * MINUTE for n in range(1, 11) if begins - n * MINUTE >= BEGINS + 5 * MINUTE]
            if len(earlier) < 3 or begins >= ENDS - 5 * MINUTE:
                continue
            here = max(self.heard(begins + n * MINUTE, now) for n in range(long))
            counts = [self.heard(minute, now) for minute in earlier]
            least, usual = min(counts), int(sum(counts) / len(counts) + 0.5)
            falls = 2 * here <= least and least - here >= 5 if least >= 8 else least >= 4 and not here
            if falls and 2 * self.goodbyes(now, begins - 3 * MINUTE) < usual - here:
                return True
        return False

    def drained(self, now: datetime) -> bool:
        """Whether for three minutes half as many work as at most since the lesson began."""
        whole = [BEGINS + n * MINUTE for n in range((now - BEGINS) // MINUTE)]
        counts = [self.worked(minute, now) for minute in whole]
        most, active = max(counts, default=0), self.count(now, "active")
        if most < 8 or 2 * active > most or most - active < 5 or any(2 * count > most for count in counts[-3:]):
            return False
        return 2 * self.goodbyes(now, BEGINS) < most - active

    def drops(self, now: datetime) -> bool:
        return BEGINS + 5 * MINUTE <= now < ENDS and (self.silent(now) or self.drained(now))

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
