"""When a student looks stuck on an item, and how likely it is that they are: pure, and the only place of these numbers.

What *truly stuck* means, against which all of this is measured, is in docs/stuck.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WRONG_IN_A_ROW: Final = 3
HINTS_IN_A_ROW: Final = 3
LOOP_TURNS: Final = 4
LOOP_SPAN_S: Final = 30
LOOP_WITHIN_MS: Final = 300_000
SILENT_MS: Final = 120_000
OPENED_LEFT_MS: Final = 120_000
DWELL_MS: Final = 480_000
MOVED_ON_MS: Final = 300_000
LEFT_MS: Final = 1_800_000
SITTING_GAP_MS: Final = 7_200_000
SITTING_MOST_MS: Final = 86_400_000

MASTERY_RUN: Final = 3
MASTERY_OPPORTUNITIES: Final = 10
HAZARD_OPPORTUNITIES: Final = 5
HAZARD_WINDOW: Final = 6
HAZARD_AHEAD: Final = 3

KINDS: Final = (
    "wheel_spinning",
    "wrong_answers",
    "hints",
    "silence_after_fail",
    "video_loop",
    "long_dwell",
    "opened_and_left",
)
"""What an entry of the queue may be called for."""

CHANCES: Final = {
    "wheel_spinning": 600,
    "wrong_answers": 500,
    "hints": 450,
    "silence_after_fail": 450,
    "video_loop": 350,
    "long_dwell": 350,
    "opened_and_left": 300,
}
"""Chance in thousandths that a student so found is truly stuck, before any log of yours was looked at; it orders the
queue. `classpulse predict train stuck` counts your own."""

MORE_WRONG: Final = 60
MOST_MORE: Final = 4
ANOTHER_SIGN: Final = 50
MOST_CHANCE: Final = 950


def has_mastered(results: Sequence[int], run: int = MASTERY_RUN) -> bool:
    """Returns whether so many right answers stand in a row anywhere.

    Example:
        >>> has_mastered([0, 1, 1, 1, 0]), has_mastered([1, 1, 0, 1, 1])
        (True, False)
    """
    streak = 0
    for right in results:
        streak = streak + 1 if right else 0
        if streak == run:
            return True
    return False


def spins_by_mastery(results: Sequence[int]) -> bool:
    """Returns whether ten opportunities brought no three right answers in a row.

    Beck and Gong (2013), Wheel-spinning: students who fail to master a skill. AIED 2013.

    Example:
        >>> spins_by_mastery([0, 1, 1, 0, 1, 0, 1, 1, 0, 1]), spins_by_mastery([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
        (True, False)
    """
    return len(results) >= MASTERY_OPPORTUNITIES and not has_mastered(results)


def spins_by_hazard(results: Sequence[int]) -> bool:
    """Returns whether the next three opportunities will more likely than not all fail.

    The chance of one is Laplace's estimate (r + 1) / (n + 2) of the last six opportunities, so that none of the next
    three succeeds is (1 - (r + 1) / (n + 2)) ^ 3. A discrete hazard of success, as in Gong and Beck (2015), Towards
    detecting wheel-spinning: future failure in mastery learning. L@S 2015; by whole numbers alone.

    Example:
        >>> spins_by_hazard([0, 0, 0, 0, 0]), spins_by_hazard([1, 0, 0, 1, 0]), spins_by_hazard([0, 0, 0])
        (True, False, False)
    """
    if len(results) < HAZARD_OPPORTUNITIES:
        return False
    last = results[-HAZARD_WINDOW:]
    fails = len(last) - sum(last) + 1
    return 2 * fails**HAZARD_AHEAD >= (len(last) + 2) ** HAZARD_AHEAD


def loops(turns: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Returns how many pauses and seeks lie at one place of a video, and where; None where it is no loop.

    Args:
        turns: (time in ms, position in s) of the latest ones, oldest first.

    Example:
        >>> loops([(0, 61), (20_000, 70), (50_000, 64), (90_000, 66)])
        (4, 66)
        >>> loops([(0, 61), (20_000, 170), (50_000, 264), (90_000, 66)]) is None
        True
    """
    if not turns:
        return None
    at_ms, place = turns[-1]
    near = [1 for t, p in turns if at_ms - t <= LOOP_WITHIN_MS and abs(p - place) * 2 <= LOOP_SPAN_S]
    return (len(near), place) if len(near) >= LOOP_TURNS else None


def chance_of(signs: Sequence[str], wrong: int, chances: dict[str, int] | None = None) -> int:
    """Returns the chance in thousandths that somebody with these signs is truly stuck.

    Args:
        signs: Kinds that hold, at least one.
        wrong: Wrong answers in a row.
        chances: By kind; those of `CHANCES`, or counted in a log.

    Example:
        >>> chance_of(["wrong_answers"], 3), chance_of(["wrong_answers", "silence_after_fail"], 5)
        (500, 670)
    """
    table = CHANCES if chances is None else chances
    best = max(table.get(sign, 0) for sign in signs)
    more = min(max(wrong - WRONG_IN_A_ROW, 0), MOST_MORE) * MORE_WRONG
    return min(best + more + ANOTHER_SIGN * (len(signs) - 1), MOST_CHANCE)
