"""What a student does: a small state machine, written as a generator that acts and then waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from simulation.curriculum import Chapter
from simulation.school import Student

# generators yield how many seconds pass until they go on
Waits = Iterator[float]

SEARCHES = ("fractions", "photosynthesis", "sonnet", "revolution", "climate", "loops", "percent", "forces")
HEARTBEAT_S = 30


@dataclass(slots=True)
class Tab:
    """A chapter that is open.

    Attributes:
        chapter: Which.
        opened_ms: Since when, milliseconds since the simulation's start.
        depth: How far down it was seen, per cent.
    """

    chapter: Chapter
    opened_ms: int
    depth: int = 0


class Visitor:
    """A student who is online: where they are, and the event that they have just made.

    Attributes:
        student: Who it is.
        session_id: The session that the events carry.
        chapter: The chapter in front; None on the dashboard.
        place: Where the event that the last step made comes from: the chapter in front then, or that of a tab behind.
        attends: The chapter that the student really is on; None while away.
        tabs: The chapters that are open, the last one in front.
        closed: Those that the last step closed.
        others: Chapters of the same course, for those who look something up.
        looks_up: How often somebody looks something up in a second tab, as a share of all that is done.
        report: Score and seconds of the quiz that the last step submitted.
        knows_less: Takes a chapter; returns what forgetting leaves of the student's chance to know an answer, 0 to 1.
        tells_scores: Whether the clickstream carries scores of quizzes.
        now_ms: Simulated time, set by the day before each step; milliseconds since its start.
        name: Name of the event that the last step made; empty when it made none.
        extra: Its JSON members beyond person, session and place, each begun by a comma.
    """

    __slots__ = (
        "attends",
        "chapter",
        "class_number",
        "closed",
        "extra",
        "knows_less",
        "looks_up",
        "name",
        "now_ms",
        "others",
        "place",
        "random",
        "report",
        "rng",
        "session_id",
        "student",
        "tabs",
        "tells_scores",
        "until_ms",
    )

    def __init__(self, student: Student, class_number: int, session_id: str, until_ms: int, rng: Random) -> None:
        """Puts a student of a class before the door; `until_ms` is when the lesson ends."""
        self.student = student
        self.class_number = class_number
        self.session_id = session_id
        self.until_ms = until_ms
        self.rng = rng
        self.random = rng.random
        self.chapter: Chapter | None = None
        self.place: Chapter | None = None
        self.attends: Chapter | None = None
        self.tabs: list[Tab] = []
        self.closed: list[Tab] = []
        self.others: list[Chapter] = []
        self.looks_up = 0.0
        self.report: tuple[int, float] | None = None
        self.knows_less: Callable[[Chapter], float] | None = None
        self.tells_scores = True
        self.now_ms = 0
        self.name = ""
        self.extra = ""

    def act(self, name: str, extra: str = "", *, away: bool = False) -> None:
        """Makes an event in the chapter in front; `away`: it says that the student is not there."""
        self.name = name
        self.extra = extra
        self.place = self.chapter
        self.attends = None if away else self.chapter

    def act_behind(self, place: Chapter, name: str, extra: str) -> None:
        """Makes an event in a tab behind the one that the student looks at."""
        self.name = name
        self.extra = extra
        self.place = place

    def open(self, chapter: Chapter) -> None:
        """Opens a chapter in front of all others."""
        self.tabs.append(Tab(chapter, self.now_ms))
        self.chapter = self.attends = chapter

    def close(self) -> None:
        """Closes the chapter in front; the one behind it is seen again."""
        self.closed.append(self.tabs.pop())
        self.chapter = self.attends = self.tabs[-1].chapter if self.tabs else None

    def scroll_to(self, depth: int) -> None:
        """Remembers how far down the chapter in front was seen."""
        self.tabs[-1].depth = max(self.tabs[-1].depth, depth)

    def wait(self, low_s: float, high_s: float) -> float:
        """Returns a time between the two, mostly nearer to the lower."""
        share = self.random()
        return low_s + (high_s - low_s) * share * share


def visit(visitor: Visitor, chapter: Chapter, *, arrived: bool = False) -> Waits:
    """A whole visit: in, through activities until the lesson or the patience is over, and mostly out in good order.

    Args:
        visitor: Who visits.
        chapter: What the student works on.
        arrived: Whether the student is in the middle of it already.
    """
    if not arrived:
        yield from _come(visitor)
    visitor.open(chapter)
    stays = 0.97 + 0.029 * visitor.student.diligence
    opens = not arrived
    while visitor.now_ms < visitor.until_ms and (opens or visitor.random() < stays):
        yield from _activity(visitor, chapter, opens=opens)
        opens = False
    if visitor.random() < 0.8:
        visitor.act("session_end", away=True)
        visitor.close()
        yield 0.1
    else:
        visitor.close()


def _come(visitor: Visitor) -> Waits:
    if visitor.random() < 0.5:
        visitor.act("login", ',"page_url":"/login"')
        yield visitor.wait(0.5, 4)
    visitor.act("session_start")
    yield visitor.wait(0.3, 2)
    visitor.act("page_view", ',"page_url":"/dashboard"')
    yield visitor.wait(2, 10)


def _activity(visitor: Visitor, chapter: Chapter, *, opens: bool) -> Waits:
    if opens:
        return _read(visitor, chapter, opens=True)
    if visitor.random() < 0.10 - 0.08 * visitor.student.diligence:
        return _drift_off(visitor)
    if visitor.looks_up and visitor.random() < visitor.looks_up:
        return _look_up(visitor, chapter)
    dice = visitor.random()
    for share, activity in _MIX:
        if dice < share:
            return activity(visitor, chapter)
    return _look_around(visitor)


def _read(visitor: Visitor, chapter: Chapter, *, opens: bool = False) -> Waits:
    page = 1 + int(visitor.random() * 4)
    lesson = (
        f',"lesson_id":"{chapter.chapter_id}-l{page}","page_url":"/courses/{chapter.course_id}/{chapter.number}/{page}"'
    )
    if opens or visitor.random() < 0.3:
        visitor.act("lesson_start", lesson)
        yield visitor.wait(0.5, 2)
    visitor.act("page_view", lesson)
    depth = 0
    asleep = 0.0
    while depth < 100 and visitor.random() < 0.85:
        pause = visitor.wait(3, 15 + 15 * chapter.hard)
        yield pause
        asleep += pause
        if asleep > HEARTBEAT_S:
            asleep = 0.0
            hidden = visitor.random() < 0.08
            visitor.act("time_ping", f'{lesson},"metadata":{{"hidden":{"true" if hidden else "false"}}}', away=hidden)
        elif visitor.random() < 0.25:
            visitor.act("button_click", f'{lesson},"metadata":{{"button":"example"}}')
        else:
            depth = min(100, depth + 8 + int(visitor.random() * 30))
            visitor.scroll_to(depth)
            visitor.act("scroll", f'{lesson},"metadata":{{"scroll_depth":{depth}}}')
    yield visitor.wait(3, 12)
    if depth >= 95:
        visitor.act("lesson_complete", f'{lesson},"metadata":{{"duration":{int(asleep) + 10}}}')
        yield visitor.wait(1, 6)


def _watch(visitor: Visitor, chapter: Chapter) -> Waits:
    length = chapter.video_s
    rate = 1.0 if visitor.random() < 0.7 else 1.5
    position = 0.0 if visitor.random() < 0.7 else float(int(visitor.random() * length * 0.8))
    visitor.act("video_play", _player(chapter, position, rate))
    while True:
        began_ms = visitor.now_ms
        yield min((length - position) / rate, visitor.wait(8, 60))
        position = min(float(length), position + (visitor.now_ms - began_ms) / 1000 * rate)
        dice = visitor.random()
        if position >= length - 0.5:
            visitor.act("video_complete", _player(chapter, float(length), rate))
            break
        if dice < 0.35:
            visitor.act("video_pause", _player(chapter, position, rate))
            yield visitor.wait(2, 25)
            visitor.act("video_play", _player(chapter, position, rate))
        elif dice < 0.6:
            target = min(length - 1.0, max(0.0, position + visitor.rng.choice((-30, -10, 10, 30))))
            moved = f'"from_s":{position:.1f},"to_s":{target:.1f},'
            position = target
            visitor.act("video_seek", _player(chapter, position, rate, moved))
        elif dice < 0.68:
            visitor.act("video_stop", _player(chapter, position, rate))
            break
        else:
            visitor.act("time_ping", f',"video_id":"{chapter.chapter_id}-v1","metadata":{{"hidden":false}}')
    yield visitor.wait(1, 8)


def _player(chapter: Chapter, position: float, rate: float, more: str = "") -> str:
    return (
        f',"video_id":"{chapter.chapter_id}-v1","metadata":{{{more}"position_s":{position:.1f},'
        f'"video_duration_s":{chapter.video_s},"playback_rate":{rate}}}'
    )


def _quiz(visitor: Visitor, chapter: Chapter) -> Waits:
    quiz = f',"assessment_id":"{chapter.chapter_id}-quiz"'
    visitor.act("quiz_start", quiz)
    right = 0
    began_ms = visitor.now_ms
    knows = 0.35 + 0.6 * visitor.student.diligence - 0.4 * chapter.hard
    if visitor.knows_less:
        knows *= visitor.knows_less(chapter)
    for number in range(1, chapter.questions + 1):
        yield visitor.wait(5, 30 + 30 * chapter.hard)
        correct = visitor.random() < knows
        right += correct
        visitor.act(
            "quiz_answer", f'{quiz},"metadata":{{"question":{number},"correct":{"true" if correct else "false"}}}'
        )
        yield visitor.wait(0.5, 3)
        if number < chapter.questions:
            visitor.act("quiz_question_next", f'{quiz},"metadata":{{"question":{number + 1}}}')
        if visitor.random() < 0.02:
            break
    else:
        score = round(100 * right / chapter.questions)
        reported = f'"score":{score},' if visitor.tells_scores else ""
        visitor.act("quiz_submit", f'{quiz},"metadata":{{{reported}"module":"{chapter.chapter_id}"}}')
        visitor.report = (score, (visitor.now_ms - began_ms) / 1000)
    yield visitor.wait(2, 12)


def _assignment(visitor: Visitor, chapter: Chapter) -> Waits:
    work = f',"assessment_id":"{chapter.chapter_id}-task"'
    visitor.act("assignment_start", work)
    for _ in range(1 + int(visitor.random() * 5)):
        yield visitor.wait(8, 40)
        visitor.act("button_click", f'{work},"metadata":{{"button":"save"}}')
    yield visitor.wait(5, 20)
    if visitor.random() < 0.7:
        visitor.act("assignment_submit", work)
        yield visitor.wait(1, 8)


def _drift_off(visitor: Visitor) -> Waits:
    yield visitor.wait(20, 60)
    visitor.act("idle", ',"metadata":{"after_s":60}', away=True)
    away_s = visitor.wait(60, 420)
    gone_s = 0.0
    while gone_s < away_s:
        step = min(float(HEARTBEAT_S), away_s - gone_s)
        yield step
        gone_s += step
        if visitor.random() < 0.5:
            visitor.act("time_ping", ',"metadata":{"hidden":true}', away=True)
    yield 0.5
    visitor.act("active")
    yield visitor.wait(1, 5)


def _look_up(visitor: Visitor, chapter: Chapter) -> Waits:
    """Reads in another chapter, in a tab in front of the first, which goes on telling that nobody sees it."""
    other = visitor.rng.choice([one for one in visitor.others if one is not chapter])
    yield visitor.wait(1, 5)
    visitor.open(other)
    visitor.act("page_view", f',"page_url":"/courses/{other.course_id}/{other.number}/1"')
    depth = 0
    for _ in range(2 + int(visitor.random() * 5)):
        yield visitor.wait(5, 40)
        if visitor.random() < 0.3:
            visitor.act_behind(chapter, "time_ping", ',"metadata":{"hidden":true}')
            continue
        depth = min(100, depth + 5 + int(visitor.random() * 20))
        visitor.scroll_to(depth)
        visitor.act("scroll", f',"metadata":{{"scroll_depth":{depth}}}')
    yield visitor.wait(2, 10)
    visitor.close()
    visitor.act("time_ping", ',"metadata":{"hidden":false}')
    yield visitor.wait(2, 8)


def _look_around(visitor: Visitor) -> Waits:
    visitor.act("search", f',"page_url":"/search","metadata":{{"query":"{visitor.rng.choice(SEARCHES)}"}}')
    yield visitor.wait(2, 8)
    visitor.act("page_view", ',"page_url":"/search/results"')
    yield visitor.wait(3, 12)


def _post(visitor: Visitor, chapter: Chapter) -> Waits:
    visitor.act("page_view", f',"page_url":"/courses/{chapter.course_id}/forum"')
    yield visitor.wait(15, 60)
    visitor.act(
        "forum_post",
        f',"page_url":"/courses/{chapter.course_id}/forum","metadata":{{"words":{12 + int(visitor.random() * 60)}}}',
    )
    yield visitor.wait(2, 8)


# cumulative shares; what is left looks around
_MIX: Final[tuple[tuple[float, Callable[[Visitor, Chapter], Waits]], ...]] = (
    (0.42, _read),
    (0.64, _watch),
    (0.85, _quiz),
    (0.92, _assignment),
    (0.94, _post),
)
