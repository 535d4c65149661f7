"""What a student has done with one item in a sitting, and which signs of being stuck hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from dataflows.stuck import rules
from dataflows.stuck.marks import DONE, HINT, OPEN, PROGRESS, RIGHT, TURN, WORK, WRONG, Mark

MOST_RESULTS: Final = 64
MOST_TURNS: Final = 16


@dataclass(slots=True)
class Item:
    """One item of one student.

    Attributes:
        name: The item.
        class_id: The class of its last mark that names one.
        course_id: Likewise.
        results: 1 for right, 0 for wrong, oldest first; the latest of them.
        opportunities: How many there were in all.
        mastered: Whether three right ones stood in a row.
        wrong: Wrong ones in a row.
        fail_ms: When the first of these was.
        hints: Hints since the last right answer.
        hint_ms: When the first of these was.
        turns: (time, position) of pauses and seeks.
        place: The furthest position in a video or depth of a page.
        opened_ms: When a question was opened that was not answered; 0 where none is.
        progress_ms: When the student last got further.
        last_ms: The last mark.
        last_verb: Its verb.
        last_question: The question of the last wrong answer.
        away_ms: The first mark elsewhere after `last_ms`; 0 where there is none.
        answered: Wrong answers and hints that a teacher's answer has settled: it takes new ones to call again.
        muted: Whether a teacher said that the student is not stuck here.
        finished: Whether it was solved or handed in, and nothing went wrong since.
    """

    name: str
    class_id: str = ""
    course_id: str = ""
    results: list[int] = field(default_factory=list)
    opportunities: int = 0
    mastered: bool = False
    wrong: int = 0
    fail_ms: int = 0
    hints: int = 0
    hint_ms: int = 0
    turns: list[tuple[int, int]] = field(default_factory=list)
    place: int = -1
    opened_ms: int = 0
    progress_ms: int = 0
    last_ms: int = 0
    last_verb: int = WORK
    last_question: str = ""
    away_ms: int = 0
    answered: int = 0
    muted: bool = False
    finished: bool = False

    def copy(self) -> Item:
        """Returns one that may be changed alone."""
        made = Item(*(getattr(self, name) for name in _FIELDS))
        made.results, made.turns = self.results.copy(), self.turns.copy()
        return made

    def take(self, mark: Mark) -> str:
        """Takes a mark; returns `solved` or `handed_in` where it ends what went wrong, else nothing."""
        self.class_id, self.course_id = mark.class_id or self.class_id, mark.course_id or self.course_id
        if not self.last_ms:
            self.progress_ms = mark.time_ms
        self.last_ms, self.last_verb, self.away_ms = mark.time_ms, mark.verb, 0
        if mark.verb in {RIGHT, WRONG}:
            return self._answer(mark)
        if mark.verb == DONE:
            self._further(mark.time_ms)
            self._clean(mark.time_ms)
            self.finished = True
            return "handed_in"
        if mark.verb == HINT:
            self.hint_ms = self.hint_ms if self.hints else mark.time_ms
            self.hints, self.finished = self.hints + 1, False
        elif mark.verb == OPEN:
            self.opened_ms, self.finished = mark.time_ms, False
        elif mark.verb == TURN and mark.value >= 0:
            self.turns = [*self.turns[1 - MOST_TURNS :], (mark.time_ms, mark.value)]
        if self.turns and mark.value > self.turns[-1][1] + rules.LOOP_SPAN_S:
            self.turns = []
        if mark.verb == PROGRESS or mark.value > self.place:
            self.place = max(self.place, mark.value)
            self._further(mark.time_ms)
        return ""

    def _answer(self, mark: Mark) -> str:
        right = mark.verb == RIGHT
        self.results = [*self.results[1 - MOST_RESULTS :], int(right)]
        self.opportunities += 1
        self._further(mark.time_ms)
        if right:
            self.mastered = self.mastered or rules.has_mastered(self.results[-rules.MASTERY_RUN :])
            self._clean(mark.time_ms)
            self.finished = True
            return "solved"
        self.fail_ms = self.fail_ms if self.wrong else mark.time_ms
        self.wrong += 1
        self.last_question, self.finished = mark.question or self.last_question, False
        return ""

    def settle(self) -> None:
        """Lets what it was called for count anew: to be called again takes new fails, turns or another opening."""
        self.answered = self.counted
        self.turns, self.opened_ms, self.progress_ms = [], 0, self.last_ms

    def _further(self, time_ms: int) -> None:
        self.progress_ms, self.opened_ms = time_ms, 0

    def _clean(self, time_ms: int) -> None:
        self.wrong = self.hints = self.answered = 0
        self.turns, self.progress_ms = [], time_ms

    @property
    def counted(self) -> int:
        """Wrong answers and hints in a row."""
        return self.wrong + self.hints

    def signs(self, now_ms: int, *, silent: bool) -> list[str]:
        """Returns the kinds that hold, in the order of `rules.KINDS`.

        Args:
            now_ms: When.
            silent: Whether the student has done nothing since the last mark on this item.
        """
        if self.muted or self.finished or (self.answered and self.counted <= self.answered):
            return []
        found = []
        if self.wrong and self.spins:
            found.append("wheel_spinning")
        if self.wrong >= rules.WRONG_IN_A_ROW:
            found.append("wrong_answers")
        if self.hints >= rules.HINTS_IN_A_ROW:
            found.append("hints")
        if silent and self.last_verb == WRONG and now_ms - self.last_ms >= rules.SILENT_MS:
            found.append("silence_after_fail")
        if self.loop is not None:
            found.append("video_loop")
        if self.last_ms - self.progress_ms >= rules.DWELL_MS and not self.away_ms:
            found.append("long_dwell")
        if self.opened_ms and self.away_ms and now_ms - self.away_ms >= rules.OPENED_LEFT_MS:
            found.append("opened_and_left")
        return found

    @property
    def spins(self) -> list[str]:
        """Which of the two published criteria call it wheel-spinning."""
        found = ["mastery"] if self.opportunities >= rules.MASTERY_OPPORTUNITIES and not self.mastered else []
        return [*found, "hazard"] if rules.spins_by_hazard(self.results) else found

    @property
    def loop(self) -> tuple[int, int] | None:
        """How many pauses and seeks lie at one place of the video, and where, if they are its last marks."""
        return rules.loops(self.turns)

    def since_ms(self, kind: str) -> int:
        """Returns since when it goes wrong."""
        if kind in {"wrong_answers", "wheel_spinning", "silence_after_fail"}:
            return self.fail_ms
        if kind == "hints":
            return self.hint_ms
        if kind == "video_loop" and (loop := self.loop):
            return self.turns[-min(loop[0], len(self.turns))][0]
        return self.opened_ms if kind == "opened_and_left" else self.progress_ms

    def evidence(self, signs: list[str]) -> dict[str, Any]:
        """Returns what a row says, in whole numbers and texts."""
        loop = self.loop
        said: dict[str, Any] = {
            "signs": signs,
            "criteria": self.spins if "wheel_spinning" in signs else [],
            "wrong_in_a_row": self.wrong,
            "opportunities": self.opportunities,
            "hints": self.hints,
            "question": self.last_question,
            "turns": loop[0] if loop else 0,
            "position_s": loop[1] if loop else -1,
            "without_progress_s": max(self.last_ms - self.progress_ms, 0) // 1000,
        }
        return {name: value for name, value in said.items() if value not in (0, -1, "", [])}


_FIELDS: Final = tuple(Item.__slots__)
