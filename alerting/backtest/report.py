"""What a backtest found, as one JSON object and as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerting.backtest.budget import A_LESSON, A_WEEK, Budget, Roster, budget
from alerting.backtest.messages import Message, messages
from alerting.backtest.queries import Call, Outcome
from alerting.backtest.run import Span
from alerting.delivery.files import policy_file, times_file
from alerting.rules.rule import Rule
from alerting.times import Times


@dataclass(frozen=True, slots=True)
class Report:
    """What one rule would have done.

    Attributes:
        outcome: When it would have called.
        sent: What would have been sent of it alone.
        budget: How often people would have been called.
        span: From when to when.
        roster: Whose lessons these were.
    """

    outcome: Outcome
    sent: list[Message]
    budget: Budget
    span: Span
    roster: Roster

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.outcome.rule

    def facts(self) -> dict[str, Any]:
        """Returns everything as JSON."""
        zone = self.roster.zone
        kept = self.budget
        return {
            "rule": self.rule.name,
            "severity": self.rule.severity,
            "from": _iso(self.span.since, zone),
            "to": _iso(self.span.until, zone),
            "clock": self.span.clock,
            "evaluations": self.outcome.queried,
            "held": self.outcome.held,
            "calls": [
                {
                    **dict(zip(self.rule.ids, call.ids, strict=True)),
                    "fires": _iso(call.since, zone),
                    "over": None if call.until is None else _iso(call.until, zone),
                    "words": call.words,
                }
                for call in self.outcome.calls
            ],
            "messages": [
                {"at": _iso(m.at, zone), "to": m.receiver, "class_id": m.class_id or None, "what": m.what}
                for m in self.sent
            ],
            "budget": {
                "messages": kept.messages,
                "over": kept.over,
                "outside_lessons": kept.outside,
                "lessons": kept.lessons,
                "a_class_and_lesson": _spread(kept.a_lesson, A_LESSON),
                "teachers": kept.teachers,
                "a_teacher_and_week": _spread(kept.a_week, A_WEEK),
                "kept": kept.is_kept,
            },
        }

    def lines(self) -> Iterator[str]:
        """Yields what a person reads."""
        zone, rule = self.roster.zone, self.rule
        yield f"{rule.title} ({rule.name}): {self.outcome.queried:,} evaluations, {self.outcome.held:,} held"
        day = ""
        for call in self.outcome.calls:
            begins = call.since.astimezone(zone)
            if day != (day := f"{begins:%a %Y-%m-%d}"):
                yield day
            yield f"  {self._call(call, zone)}"
        if not self.outcome.calls:
            yield "it would not have fired"
        yield from self._summary()

    def _call(self, call: Call, zone: ZoneInfo) -> str:
        begins, who = call.since.astimezone(zone), " ".join(call.ids)
        over = f"{call.until.astimezone(zone):%H:%M}" if call.until else "still firing at the end"
        reported = next(
            (m for m in self.sent if m.at >= call.since and m.calls and (self.rule.name, *call.ids) in m.alerts), None
        )
        sent = f"sent {reported.at.astimezone(zone):%H:%M:%S}" if reported else "not sent"
        ids = set(self.rule.ids)
        words = ", ".join(f"{name} {value}" for name, value in call.words.items() if value and name not in ids)
        return f"{who}: {begins:%H:%M} to {over}, {sent}; {words}"

    def _summary(self) -> Iterator[str]:
        kept, verdict = self.budget, "within" if self.budget.is_kept else "beyond"
        yield (
            f"{kept.messages:,} messages that call, {kept.over:,} that it is over; {kept.lessons:,} lessons, "
            f"{kept.outside:,} messages outside any"
        )
        yield f"a class and lesson: at most {kept.a_lesson.most} (may be {A_LESSON}), on average {kept.a_lesson.mean}"
        yield (
            f"a teacher and week: at most {kept.a_week.most} (may be {A_WEEK}), p95 {kept.a_week.p95}, on average "
            f"{kept.a_week.mean}, {kept.teachers} teachers"
        )
        yield f"{verdict} what may go out at once"
        if not self.roster.lessons:
            yield "no timetable is known: rules of running lessons say nothing, and messages fall into no lesson"


def reports(outcomes: list[Outcome], times: Times, span: Span, roster: Roster) -> list[Report]:
    """Returns what rules would have done, each as if it were alone, by the policies as they are provisioned."""
    found = []
    for outcome in outcomes:
        sent = sent_by([outcome], times, span)
        found.append(Report(outcome, sent, budget(sent, roster, span.since, span.until), span, roster))
    return found


def sent_by(outcomes: list[Outcome], times: Times, span: Span) -> list[Message]:
    """Returns what rules would have sent together."""
    [policy] = policy_file(times)["policies"]
    mutes = {mute["name"]: mute["time_intervals"] for mute in times_file(times)["muteTimes"]}
    calls = [(outcome.rule, call) for outcome in outcomes for call in outcome.calls]
    return messages(calls, policy, mutes, span.until)


def _spread(spread: Any, may_be: int) -> dict[str, float]:  # noqa: ANN401
    return {"max": spread.most, "p95": spread.p95, "mean": spread.mean, "may_be": may_be}


def _iso(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
