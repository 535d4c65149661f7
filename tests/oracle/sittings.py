"""The sessions of one student, told interaction by interaction.

Decisions where the text leaves room:

- An explicit start opens no second session at the very instant at which one has begun.
- An end closes the session whose last interaction lies at most the grace after it and less than the gap before it,
  unless the next session has been opened before it in the log, or an explicit start comes in between.
- A session id goes on if the student interacted with it less than the gap ago, whatever came in between. Neither a
  start nor an end then opens a session; and where another session has begun meanwhile, the id does not name that one.
- Where a session lasts too long, the student starts afresh: no session id goes on across that.
- What a session carries (class, id, device, browser, country), its interactions carry: idling and ends do not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from tests.oracle.clicks import first_of, last_of
from tests.oracle.reading import Event
from tests.oracle.student import is_interaction

PASSIVE = ("session_start", "login")


@dataclass(frozen=True)
class Times:
    """The settings of the folds, in milliseconds."""

    gap: int = 1_800_000
    grace: int = 5_000
    longest: int = 86_400_000
    idle_cap: int = 300_000
    visit_cap: int = 14_400_000


@dataclass
class Sitting:
    """One session.

    Attributes:
        acts: Its interactions in order.
        names: Session ids that its interactions carry, those that go on from a session before left out.
        at: The place in the story of its first interaction, and of its last.
        explicit: The place of the student's last explicit start up to its last interaction.
        close: The explicit end that closed it.
        is_open: Whether it may still go on.
    """

    acts: list[Event]
    at: list[int]
    names: list[str] = field(default_factory=list)
    explicit: int = -1
    close: int | None = None
    is_open: bool = False

    @property
    def first(self) -> int:
        """Its start."""
        return self.acts[0].event_ms

    @property
    def last(self) -> int:
        """Its last interaction."""
        return self.acts[-1].event_ms

    @property
    def session_id(self) -> str:
        """The first one that was sent, else one made up."""
        sent = first_of(list(self.names))
        return sent or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.acts[0].student_id}|{self.first}"))

    def row(self, task: int) -> dict[str, Any]:
        """Returns the row under (session_start, student_id)."""
        end = max(self.last, self.close or 0)
        names = [act.event_name for act in self.acts]
        return {
            "session_id": self.session_id,
            "class_id": last_of([act.texts["class_id"] for act in self.acts]),
            "session_end": end,
            "duration_seconds": (end - self.first) / 1000,
            "events": len(self.acts),
            "pages": names.count("page_view"),
            "is_bounce": [name for name in names if name not in PASSIVE] == ["page_view"],
            **{name: first_of([act.texts[name] for act in self.acts]) for name in ("device_type", "browser")},
            "country_code": first_of([act.texts["country_code"] for act in self.acts]),
            "task": task,
        }


def sittings_of(story: list[Event], low: int, times: Times) -> list[Sitting]:
    """Returns the sessions of a student's events (in telling order), as of the low watermark `low`."""
    found: list[Sitting] = []
    ends = [(place, event.event_ms) for place, event in enumerate(story) if event.event_name == "session_end"]
    explicit = -1
    used: dict[str, tuple[int, Sitting]] = {}
    for place, event in enumerate(story):
        if not is_interaction(event):
            continue
        now, is_start, name = event.event_ms, event.event_name == "session_start", event.texts["session_id"]
        known = found[-1] if found else None
        before = used.get(name) if name is not None else None
        goes_on = before is not None and now - before[0] < times.gap
        if known is not None and now - known.last < times.gap and now - known.first >= times.longest:
            goes_on, used = False, {}
            found.append(Sitting([], [place]))
        elif known is None or now - known.last >= times.gap:
            found.append(Sitting([], [place]))
        elif not goes_on and now > known.first and (is_start or _is_over(known, now, explicit, ends, times)):
            found.append(Sitting([], [place]))
        mine = found[-1]
        mine.acts.append(event)
        explicit = place if is_start else explicit
        mine.at, mine.explicit = [mine.at[0], place], explicit
        if name is not None:
            if not (goes_on and before is not None and before[1] is not mine):
                mine.names.append(name)
            used[name] = now, mine
    for sitting, following in zip_longest(found, found[1:]):
        sitting.close = _closing_end(sitting, following.at[0] if following else len(story), ends, times)
        is_closed = sitting.close is not None and low >= sitting.close + times.grace
        sitting.is_open = following is None and not is_closed and low < sitting.last + times.gap
    return found


def _is_over(known: Sitting, now: int, explicit: int, ends: list[tuple[int, int]], times: Times) -> bool:
    return any(known.last - times.grace <= end < now - times.grace and place > explicit for place, end in ends)


def _closing_end(sitting: Sitting, until: int, ends: list[tuple[int, int]], times: Times) -> int | None:
    mine = [(place, end) for place, end in ends if end >= sitting.last - times.grace and place > sitting.explicit]
    if not mine or mine[0][0] > until or mine[0][1] >= sitting.last + times.gap:
        return None
    return mine[0][1]


def places(story: list[Event], sittings: list[Sitting], times: Times) -> list[int | None]:
    """Returns the session of each event by index: an interaction's own, else that of the interaction before it."""
    own = {id(act): index for index, sitting in enumerate(sittings) for act in sitting.acts}
    found: list[int | None] = []
    last: tuple[int, int] | None = None
    for event in story:
        if id(event) in own:
            last = own[id(event)], event.event_ms
        near = last is not None and event.event_ms - last[1] < times.gap
        found.append(last[0] if last is not None and near else None)
    return found
