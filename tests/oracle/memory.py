"""Every table that `memory` should hold after a log of learning records, by brute force.

The log is read record by record, in offset order within each topic-partition; every pair of user and module is folded
from its whole sorted history, once, at the end. Times are epoch milliseconds, rows are dictionaries under their keys.

Decisions where the text leaves room:

- A topic-partition that holds nothing but rejects never held a record that counts: it holds no watermark back.
- Facts of the two tables are told apart: one id may stand in each. Within a table a student's id stands once, whatever
  the times that come with it.
- One model holds for all reviews of a pair: that of the domain that `memory_state` names.
- `memory_reviews.domain` is the attempt's own, and its model that of its pair, counted or not.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.consent import Consents
from tests.oracle.forgetting import Memory, fold
from tests.oracle.learning import TOPICS, Attempt, Fact, event_of, fact_of
from tests.oracle.reading import Record, number_of

NEVER = -(1 << 62)
Rows = dict[tuple[Any, ...], dict[str, Any]]
Pair = tuple[str, str]


@dataclass(frozen=True)
class MemoryRules:
    """The settings that change results; `prefix` is the topics'."""

    timezone: str = "UTC"
    model: str = "ebbinghaus"
    models_by_domain: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    max_future_ms: int = 300_000
    max_bytes: int = 65_536
    duties: tuple[str, ...] = ()

    def day(self, at: int) -> date:
        """Returns the local day of an instant."""
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True)
class Heard:
    """A fact, with the place where it was heard first.

    Attributes:
        fact: What was said.
        task: The partition.
        topic: The topic, without prefix.
        met: The watermark of its topic-partition before it.
    """

    fact: Attempt | Fact
    task: int
    topic: str
    met: int


@dataclass
class ExpectedMemory:
    """The tables, each as rows under their primary key, and the event_ids of what was recommended.

    Attributes:
        quiz_attempts: (attempted_at, event_id) to all other columns.
        learning_events: (event_time, event_id).
        memory_reviews: (reviewed_at, event_id).
        memory_state: (user_id, module), without `updated_at`.
        revision_signal_facts: (user_id, module_id, scheduled_at).
        lows: Lowest watermark of each task.
        unscored: Quiz records without a valid score.
    """

    quiz_attempts: Rows = field(default_factory=dict)
    learning_events: Rows = field(default_factory=dict)
    memory_reviews: Rows = field(default_factory=dict)
    memory_state: Rows = field(default_factory=dict)
    revision_signal_facts: Rows = field(default_factory=dict)
    lows: dict[int, int] = field(default_factory=dict)
    unscored: int = 0

    @property
    def recommendations(self) -> set[str]:
        """The event_ids that must be on the topic: one for every signal that stands."""
        return {recommendation_id(*key) for key in self.revision_signal_facts}


TABLES = ("quiz_attempts", "learning_events", "memory_reviews", "memory_state", "revision_signal_facts")


def recommendation_id(user: str, module: str, due: int) -> str:
    """Returns the event_id of the recommendation that belongs to a signal, as docs/events.md fixes it."""
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "events.classpulse"), f"{user}|{module}|{due}"))


def expect(records: Iterable[Record], rules: MemoryRules | None = None) -> ExpectedMemory:
    """Returns the tables that `records` must lead to.

    Args:
        records: Records of any number of topic-partitions, in offset order within each.
        rules: Settings; the defaults of the program where absent.
    """
    rules = rules or MemoryRules()
    expected = ExpectedMemory()
    pairs: dict[Pair, list[Heard]] = {}
    for heard in listen(records, rules, expected):
        fact = heard.fact
        if isinstance(fact, Fact):
            expected.learning_events[fact.at, fact.event_id] = _learning_row(fact)
            continue
        expected.quiz_attempts[fact.at, fact.event_id] = _attempt_row(fact)
        if fact.module is not None:
            pairs.setdefault((fact.user, fact.module), []).append(heard)
    for pair, story in pairs.items():
        _remember(pair, story, rules, expected)
    return expected


def listen(records: Iterable[Record], rules: MemoryRules, expected: ExpectedMemory) -> list[Heard]:
    """Returns every fact once, as the lowest (topic in the contract's order, offset) tells it; notes the watermarks."""
    logs: dict[tuple[int, int], list[Record]] = {}
    for record in records:
        place = TOPICS.index(record.topic.removeprefix(rules.prefix))
        logs.setdefault((record.partition, place), []).append(record)
    found: dict[tuple[type, str, str], Heard] = {}
    for (task, place), log in sorted(logs.items()):
        watermark, consents = NEVER, Consents(rules.duties)
        for record in sorted(log, key=lambda r: r.offset):
            if record.tick is not None:
                watermark = max(watermark, min(record.tick, record.append_ms))
                continue
            event = event_of(record, rules.prefix, rules.max_future_ms, rules.max_bytes)
            if event is None:
                continue
            if consents.holds_back(event):
                watermark = max(watermark, min(event.event_ms, record.append_ms))
                continue
            fact = fact_of(event, TOPICS[place]) if event.role == "student" else None
            if fact is not None:
                heard = Heard(fact, task, TOPICS[place], watermark)
                found.setdefault((type(fact), fact.user, fact.event_id), heard)
            elif event.role == "student" and ("quiz_events" in TOPICS[place] or event.event_name == "quiz_submit"):
                expected.unscored += 1
            watermark = max(watermark, min(event.event_ms, record.append_ms))
        if watermark > NEVER:
            expected.lows[task] = min(watermark, expected.lows.get(task, watermark))
    return list(found.values())


def _remember(pair: Pair, story: list[Heard], rules: MemoryRules, expected: ExpectedMemory) -> None:
    """Fills the rows of one pair."""
    tasks = {heard.task for heard in story}
    if len(tasks) > 1:
        message = f"{pair} lives in tasks {tasks}: the log is keyed wrongly"
        raise ValueError(message)
    task = tasks.pop()
    reviews = [heard.fact for heard in story if isinstance(heard.fact, Attempt)]
    counted, model, memories = remembered(reviews, rules)
    after = dict(zip(((r.at, r.event_id) for r in counted), memories, strict=True))
    for review in reviews:
        key = review.at, review.event_id
        expected.memory_reviews[key] = _review_row(review, model, after.get(key))
    expected.memory_state[pair] = _state_row(counted, memories[-1], model, task)
    for due, reviewed_at in signals(memories, expected.lows.get(task, NEVER)):
        expected.revision_signal_facts[*pair, due] = {"reviewed_at": reviewed_at, "created_at": due}


def remembered(reviews: list[Attempt], rules: MemoryRules) -> tuple[list[Attempt], str, list[Memory]]:
    """Returns the counted reviews of one pair in time order, the model, and the memory after each."""
    days: dict[date, Attempt] = {}
    for review in sorted(reviews, key=lambda r: (r.at, r.place)):
        days.setdefault(rules.day(review.at), review)
    counted = sorted(days.values(), key=lambda r: (r.at, r.place))
    domain = _domain(counted)
    model = rules.models_by_domain.get(domain, rules.model) if domain is not None else rules.model
    return counted, model, fold(model, [(r.at, r.score) for r in counted])


def signals(memories: list[Memory], low: int) -> list[tuple[int, int | None]]:
    """Returns (due, when it was reviewed) of every review that fell due before the next one and by `low`."""
    nexts = [memory.at for memory in memories[1:]] + [None]
    return [
        (memory.due, after)
        for memory, after in zip(memories, nexts, strict=True)
        if memory.due <= low and (after is None or memory.due < after)
    ]


def _domain(counted: list[Attempt]) -> str | None:
    return next((review.domain for review in reversed(counted) if review.domain is not None), None)


def _attempt_row(fact: Attempt) -> dict[str, Any]:
    return {
        "user_id": fact.user,
        "class_id": fact.class_id,
        "domain": fact.domain,
        "course": fact.course,
        "module": fact.module,
        "quiz_type": fact.quiz_type,
        "score": fact.score,
        "time_taken_seconds": fact.seconds,
        "place": number_of(fact.place),
    }


def _learning_row(fact: Fact) -> dict[str, Any]:
    return {
        "user_id": fact.user,
        "kind": fact.kind,
        "domain": fact.domain,
        "course": fact.course,
        "module": fact.module,
        "class_id": fact.class_id,
        "place": number_of(fact.place),
    }


def _review_row(review: Attempt, model: str, memory: Memory | None) -> dict[str, Any]:
    return {
        "user_id": review.user,
        "domain": review.domain,
        "module": review.module,
        "score": review.score,
        "counted": memory is not None,
        "model": model,
        "interval_days": _rounded(memory.interval if memory else None, 6),
        "stability": _rounded(memory.stability if memory else None, 6),
        "difficulty": _rounded(memory.difficulty if memory else None, 6),
        "retention_before": _rounded(memory.before if memory else None, 4),
    }


def _state_row(counted: list[Attempt], memory: Memory, model: str, task: int) -> dict[str, Any]:
    return {
        "domain": _domain(counted),
        "task": task,
        "model": model,
        "last_score": counted[-1].score,
        "last_reviewed_at": memory.at,
        "next_review_at": memory.due,
        "interval_days": _rounded(memory.interval, 6),
        "stability": _rounded(memory.stability, 6),
        "decay_factor": _rounded(memory.decay, 8),
        "difficulty": _rounded(memory.difficulty, 6),
        "reviews": len(counted),
    }


def _rounded(value: float | None, places: int) -> float | None:
    # scaled, as arrays round: `round(value, places)` looks at the decimal digits, and ties fall otherwise
    return None if value is None else round(value * 10**places) / 10**places
