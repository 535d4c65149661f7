"""Chapter visits of one student: presence told by events, and explicit visits, as intervals.

Decisions where the text leaves room:

- Events made by servers say nothing. `idle` and hidden pings of a chapter that is not the current one come from a tab
  in the background and say nothing of the current one.
- A `session_end` leaves the chapter, and what comes within the grace after it counts only up to the next event.
- An explicit visit is away from its chapter where the last event that names the chapter, or no chapter, or ends the
  session, says so; a visit that begins brings the student back to its chapter (at one instant it comes after the
  events of the clickstream).
- A derived visit that overlaps an explicit one of its chapter with an end goes into the first such, without its time;
  else one that overlaps or touches an explicit one without an end goes into the first such, with its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any

from tests.oracle.clicks import LEAVES, View, first_of, is_going, last_of, scroll_of
from tests.oracle.reading import Event, number_of
from tests.oracle.sittings import Times
from tests.oracle.spans import Span, joined, length, minus
from tests.oracle.student import is_interaction

Keyed = tuple[tuple[int, str], dict[str, Any]]


@dataclass
class Stay:
    """The time after one event: on which chapter, and until when it is known and counts."""

    event: Event
    sitting: int | None
    chapter: str | None
    known: int = 0
    counts: int = 0
    followed: bool = False


@dataclass
class Derived:
    """A run of stays on one chapter."""

    stays: list[Stay]

    @property
    def chapter(self) -> str | None:
        """Which one."""
        return self.stays[0].chapter

    @property
    def start(self) -> int:
        """Its first event."""
        return self.stays[0].event.event_ms

    @property
    def end(self) -> int:
        """The end of what is known."""
        return max(stay.known for stay in self.stays)

    @property
    def raw(self) -> list[Span]:
        """What is known."""
        return joined((stay.event.event_ms, stay.known) for stay in self.stays)

    @property
    def spent(self) -> list[Span]:
        """What counts."""
        return joined((stay.event.event_ms, stay.counts) for stay in self.stays)

    @property
    def facts(self) -> dict[str, Any]:
        """What its events carry."""
        texts = [stay.event.texts for stay in self.stays]
        return {
            "course_id": first_of([text["course_id"] for text in texts]),
            "class_id": last_of([text["class_id"] for text in texts]),
            "scroll": max((scroll_of(stay.event) or 0, scroll_of(stay.event) is not None) for stay in self.stays),
        }


@dataclass
class Reported:
    """An explicit visit in the making."""

    view: View
    until: int
    end: int
    owned: list[Span] = field(default_factory=list)
    beyond: list[Span] = field(default_factory=list)
    away: list[Span] = field(default_factory=list)
    guests: list[Derived] = field(default_factory=list)
    givers: list[Derived] = field(default_factory=list)


def visits_of(  # noqa: PLR0913
    story: list[Event], at: list[int | None], views: list[View], low: int, times: Times, task: int
) -> Iterator[Keyed]:
    """Yields the rows of `chapter_visit_facts` of one student under their keys.

    Args:
        story: The student's events in telling order.
        at: The session of each.
        views: The explicit visits, those that stand alone too.
        low: The lowest watermark.
        times: Settings.
        task: The task.
    """
    stays = stays_of(story, at, low, times)
    shared = sorted((view for view in views if not view.alone), key=lambda view: view.order)
    reported = [Reported(view, *_reach(view, stays, shared, low, times)) for view in shared]
    taken = joined((one.view.start, one.until) for one in reported)
    for place, one in enumerate(reported):
        later = [(other.view.start, other.until) for other in reported[place + 1 :]]
        one.owned = minus([(one.view.start, one.until)], later)
        one.beyond = minus([(one.until, one.end)], taken)
        one.away = _away(one.view, story, shared)
    for run in runs_of(stays):
        if not _taken_in(run, reported):
            yield (run.start, run.stays[0].event.event_id), _derived_row(run, taken, task)
    for one in reported:
        yield one.view.key, _reported_row(one, taken, task)
    for view in views:
        if view.alone:
            yield view.key, _alone_row(view, times, task)


def stays_of(story: list[Event], at: list[int | None], low: int, times: Times) -> list[Stay]:
    """Returns the time after each event that says something about presence."""
    found: list[Stay] = []
    sitting: int | None = None
    chapter: str | None = None
    for event, here in zip(story, at, strict=True):
        named, ends = event.texts["chapter_id"], event.event_name == "session_end"
        if here != sitting or here is None:
            sitting, chapter = here, None
        if not is_going(event) and not is_interaction(event):
            continue
        if is_going(event) and not ends and named and chapter and named != chapter:
            continue
        if not named and event.event_name in LEAVES:
            chapter = None
        elif named and not is_going(event) and here is not None:
            chapter = named
        found.append(Stay(event, here, chapter))
    for stay, following in zip_longest(found, found[1:]):
        _measure(stay, following, found, low, times)
    return found


def _measure(stay: Stay, following: Stay | None, stays: list[Stay], low: int, times: Times) -> None:
    now, going = stay.event.event_ms, is_going(stay.event)
    stay.followed = following is not None and following.event.event_ms - now < times.gap
    known = following is not None or low >= now + times.idle_cap
    if stay.event.event_name == "session_end":
        stay.known = now
    elif following is not None and stay.followed:
        stay.known = following.event.event_ms
    elif going or not known or _just_ended(stay, stays, times):
        stay.known = now
    else:
        stay.known = now + times.idle_cap
    stay.counts = now if going else min(stay.known, now + times.idle_cap)


def _just_ended(stay: Stay, stays: list[Stay], times: Times) -> bool:
    now = stay.event.event_ms
    return any(
        one.event.event_name == "session_end" and one.sitting == stay.sitting and 0 <= now - one.event.event_ms
        and now - one.event.event_ms <= times.grace
        for one in stays
    )  # fmt: skip


def runs_of(stays: list[Stay]) -> list[Derived]:
    """Returns the visits that the clickstream tells."""
    runs: list[list[Stay]] = []
    for last, stay in pairwise([None, *stays]):
        assert stay is not None
        goes_on = last and last.followed and (last.sitting, last.chapter) == (stay.sitting, stay.chapter)
        if goes_on:
            runs[-1].append(stay)
        else:
            runs.append([stay])
    return [
        Derived(run)
        for run in runs
        if run[0].chapter is not None and run[0].sitting is not None and not is_going(run[0].event)
    ]


def _reach(view: View, stays: list[Stay], shared: list[View], low: int, times: Times) -> tuple[int, int]:
    """Returns up to when a visit may count, and its end."""
    if view.end is not None:
        return min(view.end, view.start + times.visit_cap), view.end
    later = [stay.event.event_ms for stay in stays if stay.event.event_ms > view.start]
    later += [other.start for other in shared if other.start > view.start]
    cap, following = view.start + times.idle_cap, min(later, default=None)
    if following is not None and following - view.start < times.gap:
        return min(following, cap), following
    end = cap if following is not None or low >= cap else view.start
    return end, end


def _away(view: View, story: list[Event], shared: list[View]) -> list[Span]:
    said = [(other.start, 1, 0, False) for other in shared if other.chapter == view.chapter]
    said += [
        (event.event_ms, 0, place, is_going(event))
        for place, event in enumerate(story)
        if (is_going(event) or is_interaction(event))
        and (event.event_name == "session_end" or event.texts["chapter_id"] in (None, view.chapter))
    ]
    said.sort()
    return [
        (now, following) for (now, *_, going), (following, *_) in pairwise([*said, (1 << 60, 0, 0, False)]) if going
    ]


def _taken_in(run: Derived, reported: list[Reported]) -> bool:
    same = [one for one in reported if one.view.chapter == run.chapter]
    end = max(run.end, run.start + 1)
    for one in same:
        if one.view.end is not None and max(run.start, one.view.start) < min(end, one.until):
            one.guests.append(run)
            return True
    for one in same:
        if one.view.end is None and max(run.start, one.view.start) <= min(run.end, one.until):
            one.guests.append(run)
            one.givers.append(run)
            return True
    return False


def _derived_row(run: Derived, taken: list[Span], task: int) -> dict[str, Any]:
    facts = run.facts
    scroll, known = facts.pop("scroll")
    return _row(
        student_id=run.stays[0].event.student_id,
        chapter_id=run.chapter,
        **facts,
        end_time=run.end,
        spent=length(minus(run.spent, taken)),
        raw=length(minus(run.raw, taken)),
        scroll=scroll if known else None,
        source="clickstream",
        place=None,
        task=task,
    )


def _reported_row(one: Reported, taken: list[Span], task: int) -> dict[str, Any]:
    view, facts = one.view, [guest.facts for guest in one.guests]
    scrolls = [scroll for scroll, known in (fact["scroll"] for fact in facts) if known]
    beyond = [] if one.givers else one.beyond
    return _row(
        student_id=view.student_id,
        chapter_id=view.chapter,
        course_id=first_of([view.course, *(fact["course_id"] for fact in facts)]),
        class_id=view.class_id or last_of([fact["class_id"] for fact in facts]),
        end_time=max(one.end, *(giver.end for giver in one.givers), 0),
        spent=length(minus(one.owned, one.away)) + sum(length(minus(giver.spent, taken)) for giver in one.givers),
        raw=length(one.owned + beyond) + sum(length(minus(giver.raw, taken)) for giver in one.givers),
        scroll=max([*scrolls, *([] if view.scroll is None else [view.scroll])], default=None),
        source="view",
        place=number_of(view.place),
        task=task,
    )


def _alone_row(view: View, times: Times, task: int) -> dict[str, Any]:
    end = view.start + times.idle_cap if view.end is None else view.end
    return _row(
        student_id=view.student_id,
        chapter_id=view.chapter,
        course_id=view.course,
        class_id=view.class_id,
        end_time=end,
        spent=min(end - view.start, times.visit_cap),
        raw=end - view.start,
        scroll=view.scroll,
        source="view",
        place=number_of(view.place),
        task=task,
    )


def _row(*, spent: int, raw: int, scroll: int | None, **rest: Any) -> dict[str, Any]:
    return {
        **rest,
        "time_spent_seconds": spent / 1000,
        "raw_seconds": raw / 1000,
        "scroll_depth": None if scroll is None else scroll / 10,
        "idle_capped": raw > spent,
    }
