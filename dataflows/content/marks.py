"""The marks of some students: their events in the order of time, as the folds read them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntFlag
from typing import Final

from dataflows.operators.dedupe import Ids
from dataflows.operators.segments import Bools, Ints

NONE: Final = -1
"""No text, or a number that nobody sent."""


class Flag(IntFlag):
    """What an event means to the folds; worked out once a (role, name, type, …), not once an event."""

    INTERACTION = 1
    PAGE_VIEW = 2
    START = 4
    """`session_start`."""
    END = 8
    """`session_end`."""
    IDLE = 16
    HIDDEN = 32
    """A ping from a tab that nobody sees."""
    LEAVES = 64
    """Leaves the chapter if it names none: a page view, `lesson_start`, a session event."""
    PASSIVE = 128
    """Is nothing that keeps a visit from being a bounce: `session_start`, `login`."""
    VIDEO = 256
    """Any `video_*` event; and a ping that names a video."""
    PLAY = 512
    PAUSE = 1024
    """Playing ends here: `video_pause`, `video_stop`, `video_complete`."""
    SEEK = 2048
    COMPLETE = 4096
    """`video_complete`."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Events of some students that count, each event once; all arrays have shape (n,).

    Sorted by (member, time, place in the log).

    Attributes:
        member: Index of the student among those that are folded, ascending from 0.
        time_ms: Event time, epoch milliseconds.
        hi: Upper half of the event_id.
        lo: Lower half.
        placed: Place in the log (`places.placed`).
        flags: `Flag` bits.
        class_code: Code of class_id into the task's texts; `NONE` where the event has none. The same holds for
            `course`, `chapter`, `lesson`, `video`, `session`, `device`, `browser` and `country`.
        scroll: Scroll depth in tenths of a per cent (0–1000), `NONE` where unknown.
        position_ms: Playback position; `NONE` where unknown, as are the next ones.
        duration_ms: Length of the video.
        rate: Playback rate in thousandths.
        from_ms: Where a seek began.
        to_ms: Where it went.
    """

    member: Ints
    time_ms: Ints
    hi: Ids
    lo: Ids
    placed: Ints
    flags: Ints
    class_code: Ints
    course: Ints
    chapter: Ints
    lesson: Ints
    video: Ints
    session: Ints
    device: Ints
    browser: Ints
    country: Ints
    scroll: Ints
    position_ms: Ints
    duration_ms: Ints
    rate: Ints
    from_ms: Ints
    to_ms: Ints

    def __len__(self) -> int:
        """How many marks."""
        return len(self.member)

    def has(self, flag: Flag) -> Bools:
        """Returns which marks carry a flag."""
        found: Bools = (self.flags & int(flag)) != 0
        return found

    def where(self, mask: Bools) -> Marks:
        """Returns the marks for which `mask` holds."""
        return Marks(**{field.name: getattr(self, field.name)[mask] for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Explicit:
    """Explicit chapter visits (`chapter_view_events`) of the students, sorted by (member, start, place in the log).

    Attributes:
        member: As in `Marks`.
        start_ms: As sent.
        end_ms: As sent, never before the start; `NONE` where no end was sent.
        hi: Upper half of the event_id.
        lo: Lower half.
        placed: Place in the log.
        class_code: Codes of texts, `NONE` where absent; so are `course` and `chapter`.
        scroll: Tenths of a per cent, `NONE` where unknown.
        alone: Came so late that it stands alone: it takes nothing from others, and they take nothing from it.
    """

    member: Ints
    start_ms: Ints
    end_ms: Ints
    hi: Ids
    lo: Ids
    placed: Ints
    class_code: Ints
    course: Ints
    chapter: Ints
    scroll: Ints
    alone: Bools

    def __len__(self) -> int:
        """How many visits."""
        return len(self.member)


@dataclass(frozen=True, slots=True)
class FoldRules:
    """The settings of the folds, in milliseconds.

    Attributes:
        gap_ms: Inactivity that ends a session.
        end_grace_ms: How long after an explicit end interactions still belong to the session.
        longest_ms: A session longer than this is cut.
        idle_cap_ms: What an inferred end counts at most.
        visit_cap_ms: What an explicit visit counts at most.
    """

    gap_ms: int = 1_800_000
    end_grace_ms: int = 5_000
    longest_ms: int = 86_400_000
    idle_cap_ms: int = 300_000
    visit_cap_ms: int = 14_400_000
