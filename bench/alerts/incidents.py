"""What happens in a simulated school that alerts are for, and what only looks like it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from simulation.platform import Sent
from simulation.school import School

Kind = Literal["cut_off", "lost", "tracker", "talk", "let_out"]

MINUTE_MS: Final = 60_000
_NAME: Final = re.compile(rb'"event_name":"[a-z_]+"')
_TELLING: Final = re.compile(rb'"event_name":"(session_|login|idle|active|video_|quiz_submit)')
_PINGS: Final = 0.5
"""A ping comes in place of so many of a student's events: about one a minute."""
_ENDED: Final = b'"event_name":"session_end"'

CALLED_BY: Final[dict[Kind, tuple[str, ...]]] = {
    "cut_off": ("active_students_drop", "idle_share"),
    "lost": ("idle_share", "active_students_drop"),
    "tracker": ("many_classes_drop",),
    "talk": (),
    "let_out": (),
}
"""Which rules are right to call; a talk and an early end are lessons as lessons are."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens to a class.

    Attributes:
        kind: `cut_off`: nothing comes from the class; `lost`: most of it stop working; `tracker`: nothing comes from
            any class; `talk`: some listen to the teacher with the page out of sight, and their hidden tabs ping;
            `let_out`: the lesson ends early.
        class_id: The class; each of them has one of a broken tracker's.
        from_ms: Since when, epoch milliseconds.
        until_ms: Until when.
        students: Whom it befalls.
    """

    kind: Kind
    class_id: str
    from_ms: int
    until_ms: int
    students: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Chances:
    """How often things happen: a lesson, and for `tracker` a day. Nobody has counted them: this is what is assumed."""

    cut_off: float = 1 / 100
    lost: float = 1 / 60
    talk: float = 1 / 4
    let_out: float = 1 / 60
    tracker: float = 1 / 5


# shortest and longest, minutes
_LASTS: Final[dict[Kind, tuple[float, float]]] = {"cut_off": (6, 20), "lost": (8, 20), "tracker": (4, 15)}
_LET_OUT_MIN: Final = (8, 14)
# at least, and what is more on average; at most; minutes
_TALK_MIN: Final = (3.0, 3.0, 25.0)
_SHARES: Final[dict[Kind, tuple[float, float]]] = {"cut_off": (1, 1), "lost": (0.5, 0.8), "talk": (0.1, 0.6)}


@dataclass(slots=True)
class Lesson:
    """A lesson of a class, epoch milliseconds."""

    class_id: str
    from_ms: int
    until_ms: int


def incidents_of(lessons: Iterable[Lesson], school: School, rng: Random, chances: Chances) -> list[Incident]:
    """Returns what happens in the lessons of a day."""
    members = {group.class_id: [student.key for student in group.students] for group in school.classes}
    found: list[Incident] = []
    lessons = list(lessons)
    for lesson in lessons:
        kind = _drawn(rng, chances)
        if kind is not None:
            found.append(_incident(kind, lesson, members[lesson.class_id], rng))
    if lessons and rng.random() < chances.tracker:
        broken = rng.choice(lessons)
        from_ms, until_ms = _stretch("tracker", broken, rng)
        found += [
            Incident("tracker", lesson.class_id, from_ms, until_ms, frozenset(members[lesson.class_id]))
            for lesson in lessons
            if lesson.from_ms == broken.from_ms
        ]
    return found


def _drawn(rng: Random, chances: Chances) -> Kind | None:
    dice = rng.random()
    kinds: tuple[Kind, ...] = ("cut_off", "lost", "let_out", "talk")
    for kind in kinds:
        dice -= getattr(chances, kind)
        if dice < 0:
            return kind
    return None


def _incident(kind: Kind, lesson: Lesson, members: list[bytes], rng: Random) -> Incident:
    if kind == "let_out":
        return Incident(
            kind,
            lesson.class_id,
            lesson.until_ms - rng.randint(*_LET_OUT_MIN) * MINUTE_MS,
            lesson.until_ms,
            frozenset(members),
        )
    share = rng.uniform(*_SHARES[kind])
    chosen = rng.sample(members, round(share * len(members)))
    return Incident(kind, lesson.class_id, *_stretch(kind, lesson, rng), frozenset(chosen))


def _stretch(kind: Kind, lesson: Lesson, rng: Random) -> tuple[int, int]:
    least, more, most = _TALK_MIN
    lasts = min(most, least + rng.expovariate(1 / more)) if kind == "talk" else rng.uniform(*_LASTS[kind])
    lasts_ms = round(lasts * MINUTE_MS)
    begins_ms = rng.randrange(
        lesson.from_ms + 5 * MINUTE_MS, max(lesson.from_ms + 6 * MINUTE_MS, lesson.until_ms - lasts_ms)
    )
    return begins_ms, begins_ms + lasts_ms


def sparser(sent: Iterable[Sent], share: float, rng: Random) -> Iterator[Sent]:
    """Yields a share of the records, and all that tell who came, left or rests: as a frugal tracker sends them."""
    for topic, (at_ms, key, value) in sent:
        if rng.random() < share or _TELLING.search(value):
            yield topic, (at_ms, key, value)


@dataclass(slots=True)
class Happening:
    """Takes out of a day's records what the incidents keep from happening.

    Attributes:
        incidents: The incidents.
        rng: Draws the pings of hidden tabs.
    """

    incidents: list[Incident]
    rng: Random
    _by_student: dict[bytes, list[Incident]] = field(default_factory=dict)
    _left: set[tuple[bytes, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Sorts the incidents by student."""
        for incident in self.incidents:
            for key in incident.students:
                self._by_student.setdefault(key, []).append(incident)

    def befalls(self, sent: Iterable[Sent]) -> Iterator[Sent]:
        """Yields the records that come all the same; who is let out says goodbye first."""
        for topic, (at_ms, key, value) in sent:
            now = next((i for i in self._by_student.get(key, ()) if i.from_ms <= at_ms < i.until_ms), None)
            if now is None:
                yield topic, (at_ms, key, value)
            elif now.kind == "let_out" and (key, now.from_ms) not in self._left:
                self._left.add((key, now.from_ms))
                yield topic, (at_ms, key, _NAME.sub(_ENDED, value, count=1))
            elif now.kind == "talk" and self.rng.random() < _PINGS and (ping := _hidden(value)):
                yield topic, (at_ms, key, ping)


def _hidden(value: bytes) -> bytes | None:
    """Returns a ping from a hidden tab in place of an event; None in place of one that is broken."""
    try:
        event = json.loads(value)
    except ValueError:
        return None
    event.pop("event_type", None)
    return json.dumps(event | {"event_name": "time_ping", "metadata": {"hidden": True}}).encode()
