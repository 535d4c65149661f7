"""What students learn and forget, as learning events: logins, domains, diagnostics, quizzes, modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp
from random import Random
from typing import Any, Final

from simulation.behaviour import Visitor
from simulation.curriculum import Chapter

DAY_MS: Final = 86_400_000
# days after which, without a review, a chance of 1 to know has become 1/e; and how a passed quiz prolongs that
FIRST_STABILITY_DAYS: Final = 3.0
GROWTH: Final = 2.2
PASSED: Final = 70
# what is never forgotten
FLOOR: Final = 0.25


class Learning:
    """The memory of all students, and what a platform reports of it."""

    def __init__(self, rng: Random) -> None:
        """Everybody begins without having learnt anything."""
        self._rng = rng
        self._domains: set[tuple[str, str]] = set()
        self._started: set[tuple[str, str]] = set()
        self._completed: set[tuple[str, str]] = set()
        self._reviews: dict[tuple[str, str], tuple[int, float]] = {}

    def memory_of(self, visitor: Visitor) -> Callable[[Chapter], float]:
        """Returns what forgetting leaves of a student's chance to know an answer: 1 at first, then less by the day."""

        def left(chapter: Chapter) -> float:
            last_ms, stability = self._reviews.get((visitor.student.student_id, chapter.chapter_id), (0, 0.0))
            if not stability:
                return 1.0
            return FLOOR + (1 - FLOOR) * exp(-(visitor.now_ms - last_ms) / DAY_MS / stability)

        return left

    def events(self, visitor: Visitor) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields (topic, event) for a student's last step."""
        if visitor.name == "login":
            yield "user_login_events", {"event_type": "user_login"}
        chapter = visitor.chapter
        if chapter is None:
            return
        student = visitor.student.student_id
        if (student, chapter.subject_id) not in self._domains:
            self._domains.add((student, chapter.subject_id))
            yield from self._begin(visitor, chapter)
        if (student, chapter.chapter_id) not in self._started:
            self._started.add((student, chapter.chapter_id))
            yield "module_completion_events", {"event_type": "module_started"} | _module(chapter)
        if visitor.report:
            yield from self._quiz(student, visitor.now_ms, visitor.report, chapter)

    def _begin(self, visitor: Visitor, chapter: Chapter) -> Iterator[tuple[str, dict[str, Any]]]:
        domain = {"domain": chapter.subject_id, "course": chapter.course_id}
        yield "learning_domain_selection_events", {"event_type": "domain_selected"} | domain
        score = 20 + 50 * visitor.student.diligence + self._rng.gauss(0, 12)
        yield (
            "diagnostic_quiz_events",
            {
                "event_type": "diagnostic_quiz_completed",
                "score": round(min(100.0, max(0.0, score)), 1),
                "time_taken": self._rng.randint(180, 900),
            }
            | domain,
        )

    def _quiz(
        self, student: str, now_ms: int, report: tuple[int, float], chapter: Chapter
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        score, seconds = report
        key = student, chapter.chapter_id
        yield (
            "module_quiz_events",
            {"event_type": "module_quiz_completed", "score": score, "time_taken": round(seconds, 1)} | _module(chapter),
        )
        _, stability = self._reviews.get(key, (0, FIRST_STABILITY_DAYS / GROWTH))
        self._reviews[key] = now_ms, stability * GROWTH if score >= PASSED else FIRST_STABILITY_DAYS
        if score >= PASSED and key not in self._completed:
            self._completed.add(key)
            yield "module_completion_events", {"event_type": "module_completed"} | _module(chapter)


def _module(chapter: Chapter) -> dict[str, Any]:
    return {"domain": chapter.subject_id, "course": chapter.course_id, "module": chapter.chapter_id}
