"""Chapter visits as docs/time-on-task.md tells them: instant by instant, event by event, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dataflows.content.marks import NONE, FoldRules
from tests.dataflows.content.marked import Event, Row, View

GOINGS = {"idle", "hidden", "end"}
LEAVERS = {"view", "start", "end"}


@dataclass
class Stretch:
    event: Event
    chapter: int
    session: int
    until: int = 0
    known: int = 0
    followed: bool = False

    @property
    def going(self) -> bool:
        return self.event.kind in GOINGS


@dataclass
class Reported:
    """A visit in the making: which instants count, and which are known."""

    row: Row
    spent: set[int] = field(default_factory=set)
    raw: set[int] = field(default_factory=set)
    guests: list[Row] = field(default_factory=list)
    given: set[int] = field(default_factory=set)


def reported_visits(events: list[tuple[Event, int]], views: list[View], low: int, rules: FoldRules) -> list[Row]:
    """Returns the visits of one student.

    Args:
        events: In order, each with its session, -1 before the first.
        views: In order of (start, id).
        low: The watermark.
        rules: In the tests' milliseconds.
    """
    stretches = _stretches(events, low, rules)
    shared = [view for view in views if not view.alone]
    reach = {view.id: _reach(view, stretches, shared, low, rules) for view in views}
    owner = _owners(shared, reach)
    reported = [_view(view, reach[view.id], owner, events, shared) for view in views]
    overlaps = list(zip(views, reported, strict=True))
    reported += [one for one in _derived(stretches, owner) if not _taken_in(one, overlaps, reach)]
    rows = [_finished(one) for one in reported]
    return sorted(rows, key=lambda row: (row.start, row.id))


def _stretches(events: list[tuple[Event, int]], low: int, rules: FoldRules) -> list[Stretch]:
    found: list[Stretch] = []
    session, chapter = -1, NONE
    for event, of in events:
        if of != session:
            session, chapter = of, NONE
        if event.kind == "server":
            continue
        if event.kind in {"idle", "hidden"} and NONE not in {event.chapter, chapter} and event.chapter != chapter:
            continue
        if event.kind not in GOINGS and event.chapter != NONE:
            chapter = event.chapter
        elif event.kind in LEAVERS and event.chapter == NONE:
            chapter = NONE
        if of == -1:
            chapter = NONE
        found.append(Stretch(event, chapter, of))
    for place, stretch in enumerate(found):
        now = stretch.event.ms
        after = found[place + 1].event.ms if place + 1 < len(found) else None
        stretch.followed = after is not None and after - now < rules.gap_ms
        left = any(
            one.event.kind == "end" and one.session == stretch.session and now - one.event.ms <= rules.end_grace_ms
            for one in found[: place + 1]
        )
        if stretch.event.kind == "end":
            stretch.known = now
        elif after is not None and stretch.followed:
            stretch.known = after
        elif stretch.going or left or (after is None and low < now + rules.idle_cap_ms):
            stretch.known = now
        else:
            stretch.known = now + rules.idle_cap_ms
        stretch.until = now if stretch.going else min(stretch.known, now + rules.idle_cap_ms)
    return found


def _reach(view: View, stretches: list[Stretch], shared: list[View], low: int, rules: FoldRules) -> tuple[int, int]:
    """Returns up to when a view may count, and its end."""
    if view.end is not None:
        end = max(view.start, view.end)
        return min(end, view.start + rules.visit_cap_ms), end
    if view.alone:
        return view.start + rules.idle_cap_ms, view.start + rules.idle_cap_ms
    later = [one.event.ms for one in stretches if one.event.ms > view.start]
    later += [one.start for one in shared if one.start > view.start]
    if later and min(later) - view.start < rules.gap_ms:
        end = min(later)
    elif later or low >= view.start + rules.idle_cap_ms:
        end = view.start + rules.idle_cap_ms
    else:
        end = view.start
    return min(end, view.start + rules.idle_cap_ms), end


def _owners(shared: list[View], reach: dict[int, tuple[int, int]]) -> dict[int, int]:
    owner: dict[int, int] = {}
    for view in shared:  # in order of (start, id): the last one wins
        for instant in range(view.start, reach[view.id][0]):
            owner[instant] = view.id
    return owner


def _is_away(instant: int, chapter: int, events: list[tuple[Event, int]], shared: list[View]) -> bool:
    """What the last event that concerns the chapter says; at one instant the start of a view comes last."""
    said = [(view.start, 1, 0, False) for view in shared if view.chapter == chapter and view.start <= instant]
    said += [
        (event.ms, 0, place, event.kind in GOINGS)
        for place, (event, _) in enumerate(events)
        if event.ms <= instant and event.kind != "server" and (event.kind == "end" or event.chapter in {NONE, chapter})
    ]
    return max(said)[-1]


def _view(
    view: View, reach: tuple[int, int], owner: dict[int, int], events: list[tuple[Event, int]], shared: list[View]
) -> Reported:
    until, end = reach
    row = Row(
        view.member, view.start, view.id, end, 0, 0, view.chapter, True, view.course, view.class_code, view.scroll
    )
    if view.alone:
        return Reported(row, set(range(view.start, until)), set(range(view.start, end)))
    own = {instant for instant in range(view.start, until) if owner[instant] == view.id}
    more = {instant for instant in range(until, end) if instant not in owner}
    return Reported(row, {one for one in own if not _is_away(one, view.chapter, events, shared)}, own | more)


def _derived(stretches: list[Stretch], owner: dict[int, int]) -> list[Reported]:
    runs: list[list[Stretch]] = []
    for place, stretch in enumerate(stretches):
        last = stretches[place - 1] if place else None
        if last and last.followed and (last.session, last.chapter) == (stretch.session, stretch.chapter):
            runs[-1].append(stretch)
        else:
            runs.append([stretch])
    reported = []
    for run in runs:
        head = run[0].event
        if run[0].chapter == NONE or run[0].going or run[0].session == -1:
            continue
        end = max(one.known for one in run)
        row = Row(
            member=head.member,
            start=head.ms,
            id=head.id,
            end=end,
            spent=0,
            raw=0,
            chapter=run[0].chapter,
            is_view=False,
            course=next((one.event.course for one in run if one.event.course != NONE), NONE),
            class_code=next((one.event.class_code for one in reversed(run) if one.event.class_code != NONE), NONE),
            scroll=max(one.event.scroll for one in run),
        )
        spent = {i for one in run for i in range(one.event.ms, one.until) if i not in owner}
        raw = {i for one in run for i in range(one.event.ms, one.known) if i not in owner}
        reported.append(Reported(row, spent, raw))
    return reported


def _taken_in(derived: Reported, views: list[tuple[View, Reported]], reach: dict[int, tuple[int, int]]) -> bool:
    """Gives a derived visit to the explicit one that takes it in; returns whether there is one."""
    row = derived.row
    same = [(view, reported) for view, reported in views if view.chapter == row.chapter and not view.alone]
    end = max(row.end, row.start + 1)
    for view, reported in same:
        if view.end is not None and max(row.start, view.start) < min(end, reach[view.id][0]):
            reported.guests.append(row)
            return True
    for view, reported in same:
        if view.end is None and max(row.start, view.start) <= min(row.end, reach[view.id][0]):
            reported.guests.append(row)
            reported.spent |= derived.spent
            reported.raw = {one for one in reported.raw if one < reach[view.id][0]} | derived.raw | reported.given
            reported.given |= derived.raw
            reported.row = replace(reported.row, end=max(reported.row.end, row.end))
            return True
    return False


def _finished(reported: Reported) -> Row:
    known = reported.row
    return replace(
        known,
        spent=len(reported.spent),
        raw=len(reported.raw),
        course=next((code for code in (known.course, *(g.course for g in reported.guests)) if code != NONE), NONE),
        class_code=next(
            (code for code in (known.class_code, *(g.class_code for g in reported.guests[::-1])) if code != NONE), NONE
        ),
        scroll=max(known.scroll, *(guest.scroll for guest in reported.guests), NONE),
    )
