"""One sitting of a student: marks in, episodes out. What it holds is a pure fold of its marks in their order."""

from __future__ import annotations

from typing import Final

from dataflows.stuck import rules
from dataflows.stuck.episodes import Episode
from dataflows.stuck.item import Item
from dataflows.stuck.marks import ANSWERED, ELSEWHERE, GONE, NOT_STUCK, OUTCOMES, WRONG, Mark

FOREVER_MS: Final = 1 << 61
SOFT: Final = frozenset({"video_loop", "long_dwell", "opened_and_left"})
"""Signs that end when the student gets on; of fails only a right answer is the end."""


class Sitting:
    """A student's items and episodes, as of the last mark.

    Example:
        >>> sitting = Sitting()
        >>> for minute in range(3):
        ...     sitting.take(Mark(minute * 60_000, minute, WRONG, "fractions"))
        >>> [(one.kind, one.began_ms, one.since_ms) for one in sitting.episodes]
        [('wrong_answers', 120000, 0)]
    """

    __slots__ = ("_due_ms", "began_ms", "chances", "episodes", "items", "last_ms", "open", "waiting")

    def __init__(self, chances: dict[str, int] | None = None) -> None:
        """Starts before the first mark.

        Args:
            chances: Chance by kind, in thousandths, as counted in a log; by default `rules.CHANCES`.
        """
        self.began_ms = 0
        self.last_ms = 0
        self.items: dict[str, Item] = {}
        # Only of these can time, or work elsewhere, change anything: of many items of a day it is one or two.
        self.waiting: dict[str, Item] = {}
        self._due_ms: int | None = FOREVER_MS
        self.open: dict[str, Episode] = {}
        self.episodes: list[Episode] = []
        self.chances = chances

    def copy(self) -> Sitting:
        """Returns one that may go on alone; ended episodes are shared, for they never change."""
        made = Sitting(self.chances)
        made.began_ms, made.last_ms = self.began_ms, self.last_ms
        made.items = {name: item.copy() for name, item in self.items.items()}
        made.waiting = {name: made.items[name] for name in self.waiting}
        made._due_ms = self._due_ms
        made.open = {name: _copied(episode) for name, episode in self.open.items()}
        made.episodes = [made.open.get(one.item, one) if one.ended_ms is None else one for one in self.episodes]
        return made

    def take(self, mark: Mark) -> None:
        """Takes the next mark of the student's order."""
        self.settle(mark.time_ms)
        self._due_ms = None
        if mark.verb in ANSWERED:
            self._answered(mark)
            return
        self.began_ms = self.began_ms or mark.time_ms
        self.last_ms = mark.time_ms
        if mark.verb == GONE:
            self._leave(mark.time_ms)
            return
        self._be_elsewhere(mark)
        if mark.verb == ELSEWHERE:
            return
        item = self.items.get(mark.item)
        if item is None:
            item = self.items[mark.item] = Item(mark.item)
        self.waiting[mark.item] = item
        outcome = item.take(mark)
        episode = self.open.get(mark.item)
        if episode is not None:
            goes_on = SOFT.issuperset(episode.evidence["signs"]) and not self._signs(item, mark.time_ms)
            if outcome or goes_on:
                self._end(episode, mark.time_ms, outcome or "went_on")
        self._call(item, mark.time_ms)

    def _be_elsewhere(self, mark: Mark) -> None:
        """Notes of the other items that the student is not at them; those that wait for nothing are left alone."""
        over = []
        for name, item in self.waiting.items():
            if name != mark.item:
                item.away_ms = item.away_ms or mark.time_ms
                if not item.opened_ms and name not in self.open:
                    over.append(name)
        for name in over:
            del self.waiting[name]

    def _leave(self, at_ms: int) -> None:
        """Ends everything: the student is gone."""
        for waiting in list(self.open.values()):
            self._end(waiting, at_ms, "left")
        for item in self.items.values():
            item.settle()

    def settle(self, now_ms: int) -> None:
        """Lets time pass up to a moment; nothing has come in between."""
        while (due := self.due_ms()) <= now_ms:
            self._pass(due)

    def close(self, now_ms: int) -> None:
        """Lets time pass, and ends what is still open: another sitting begins."""
        self.settle(now_ms)
        for waiting in list(self.open.values()):
            self._end(waiting, now_ms, "left")

    def due_ms(self) -> int:
        """Returns when the passing of time alone next changes something."""
        if self._due_ms is None:
            due = FOREVER_MS
            for item in self.waiting.values():
                if item.away_ms or item.last_verb == WRONG:
                    due = min(due, self._due_of(item))
            if self.open:
                due = min(due, self.last_ms + rules.LEFT_MS)
            self._due_ms = due
        return self._due_ms

    def _due_of(self, item: Item) -> int:
        episode = self.open.get(item.name)
        waits = []
        if episode is None or "silence_after_fail" not in episode.evidence["signs"]:
            if item.last_ms == self.last_ms and item.last_verb == WRONG and not item.away_ms:
                waits.append(item.last_ms + rules.SILENT_MS)
        if item.away_ms:
            if episode is not None:
                waits.append(item.away_ms + rules.MOVED_ON_MS)
            if item.opened_ms and (episode is None or "opened_and_left" not in episode.evidence["signs"]):
                waits.append(item.away_ms + rules.OPENED_LEFT_MS)
        # What is called at an instant is not called for again: a mute or answered item would wait for ever.
        return min((at for at in waits if self._still(item, at)), default=FOREVER_MS)

    def _still(self, item: Item, at_ms: int) -> bool:
        episode = self.open.get(item.name)
        if episode is not None and item.away_ms and at_ms == item.away_ms + rules.MOVED_ON_MS:
            return True
        signs = self._signs(item, at_ms)
        return bool(signs) and (episode is None or not set(signs) <= set(episode.evidence["signs"]))

    def _signs(self, item: Item, now_ms: int) -> list[str]:
        return item.signs(now_ms, silent=not item.away_ms and item.last_ms == self.last_ms)

    def _pass(self, now_ms: int) -> None:
        self._due_ms = None
        if self.open and now_ms >= self.last_ms + rules.LEFT_MS:
            self._leave(now_ms)
            return
        for item in list(self.waiting.values()):
            episode = self.open.get(item.name)
            if episode is not None and item.away_ms and now_ms >= item.away_ms + rules.MOVED_ON_MS:
                self._end(episode, now_ms, "moved_on")
                item.settle()
            else:
                self._call(item, now_ms)

    def _call(self, item: Item, now_ms: int) -> None:
        """Opens an episode where signs hold, or adds to the one that is open what is known now."""
        signs = self._signs(item, now_ms)
        episode = self.open.get(item.name)
        if not signs and episode is None:
            return
        if episode is None:
            kind = signs[0]
            episode = Episode(now_ms, item.name, kind, item.since_ms(kind), item.class_id, item.course_id)
            self.open[item.name] = episode
            self.episodes.append(episode)
        before = episode.evidence.get("signs", [])
        known = [kind for kind in rules.KINDS if kind in signs or kind in before]
        episode.evidence = item.evidence(known)
        chance = rules.chance_of(known, item.wrong, self.chances)
        if not episode.steps or chance != episode.chance:
            episode.steps.append((now_ms, chance))
        episode.chance = chance
        episode.class_id, episode.course_id = item.class_id, item.course_id

    def _answered(self, mark: Mark) -> None:
        item = self.items.get(mark.item)
        if mark.item in self.open:
            self._end(self.open[mark.item], mark.time_ms, OUTCOMES[mark.verb])
        if item is not None:
            item.muted = item.muted or mark.verb == NOT_STUCK
            item.settle()

    def _end(self, episode: Episode, at_ms: int, outcome: str) -> None:
        episode.end(at_ms, outcome)
        del self.open[episode.item]


def _copied(episode: Episode) -> Episode:
    return Episode(
        episode.began_ms,
        episode.item,
        episode.kind,
        episode.since_ms,
        episode.class_id,
        episode.course_id,
        episode.evidence,
        episode.chance,
        episode.steps.copy(),
    )
