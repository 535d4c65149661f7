"""One rule under test: asked as Grafana asks it, and what it would have done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from alerting.backtest.scratch import Scratch
from alerting.backtest.states import Ids, Machine, Turn
from alerting.limits import Limits
from alerting.rules.rule import Rule


@dataclass(slots=True)
class Call:
    """A time in which an alert called.

    Attributes:
        ids: Which alert.
        since: When it began to fire.
        until: When it was over; None: it went on at the end.
        words: Its numbers and texts when it began.
    """

    ids: Ids
    since: datetime
    until: datetime | None
    words: dict[str, str]


@dataclass(slots=True)
class Outcome:
    """What a rule would have done.

    Attributes:
        rule: The rule.
        calls: When it would have called, in order.
        queried: How often it was evaluated.
        rested: Of these, how often nobody was there, so that it can say nothing, and the database was not asked.
        held: How often it gave no row, as while data stall.
    """

    rule: Rule
    calls: list[Call] = field(default_factory=list)
    queried: int = 0
    rested: int = 0
    held: int = 0


class RuleQueries:
    """A rule's statements and alerts.

    Attributes:
        rule: The rule.
        firing: The statement that says what fires, as it is provisioned.
        words: That of the words, likewise.
        outcome: What it has done so far.
    """

    def __init__(self, rule: Rule, limits: Limits) -> None:
        """Starts without alerts."""
        self.rule = rule
        self.firing = rule.condition(limits)
        self.words = rule.wording(limits)
        self._machine = Machine(rule.every_s, rule.for_s, rule.keep_s)
        self.outcome = Outcome(rule)

    @property
    def rests(self) -> bool:
        """Whether an evaluation in which nothing fires would change nothing."""
        return self._machine.rests

    def due(self, now: datetime) -> bool:
        """Returns whether it is evaluated at a moment: at whole intervals."""
        return int(now.timestamp()) % self.rule.every_s == 0

    def rest(self) -> None:
        """Counts an evaluation in which nothing can fire."""
        self.outcome.queried += 1
        self.outcome.rested += 1

    def ask(self, scratch: Scratch, now: datetime) -> None:
        """Evaluates it as of the scratch database's clock."""
        answers = {_ids(key): value > 0 for *key, value in scratch.ask(self.firing)}
        self.outcome.queried += 1
        self.outcome.held += not answers
        turns = self._machine.step(now, answers)
        if begun := {turn.ids for turn in turns if turn.is_firing}:
            words = self._read(scratch)
            self.outcome.calls += [Call(ids, now, None, words.get(ids, {})) for ids in sorted(begun)]
        for turn in turns:
            if not turn.is_firing:
                self._end(turn)

    def _read(self, scratch: Scratch) -> dict[Ids, dict[str, str]]:
        names, rows = scratch.reported(self.words)
        reported = [dict(zip(names, map(str, row), strict=True)) for row in rows]
        spoken = (*self.rule.numbers, *self.rule.texts, "as_of")
        return {tuple(one[name] for name in self.rule.ids): {name: one[name] for name in spoken} for one in reported}

    def _end(self, turn: Turn) -> None:
        open_calls = (call for call in reversed(self.outcome.calls) if call.ids == turn.ids and call.until is None)
        next(open_calls).until = turn.at


def _ids(key: list[object]) -> Ids:
    return tuple(str(part) for part in key)
