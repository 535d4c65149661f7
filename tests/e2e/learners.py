"""A reproducible log of learning: logins, domains, modules, quizzes in three topics; some late, some repeated.

What is late here withdraws no recommendation, so that the set of them is known exactly, whatever was read before what:

- At most one attempt of a user and module is late; its curve without that attempt must have no signal due by its
  arrival that the whole history has not (otherwise the attempt arrives in time).
- Everything else arrives at the instant at which it happens, so no topic's watermark passes a due time before
  all attempts in time that could end it were read.
- Each topic-partition begins with a tick at the start, so that no topic is left out of the lowest watermark when
  a worker meets it while it is still empty.

Late logins, starts and completions change no curve and come up to three weeks late without further care.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from dataflows.kafka.replayed import REPLAYED
from tests.oracle.learning import Attempt
from tests.oracle.memory import MemoryRules, remembered, signals

HOUR, DAY = 3_600_000, 86_400_000
START = round(datetime(2025, 1, 6, tzinfo=UTC).timestamp() * 1000)
DOMAINS = ("dsa", "maths", "art")
MODULES_A_DOMAIN = 8
TOPICS = (
    "user_login_events",
    "learning_domain_selection_events",
    "diagnostic_quiz_events",
    "module_quiz_events",
    "module_completion_events",
    "clickstream_events",
)
FOREVER = 1 << 60


@dataclass(frozen=True)
class Lesson:
    """What a client sends, and when it arrives.

    Attributes:
        topic: Without prefix.
        user: The record's key.
        body: The event; its `timestamp` is in epoch milliseconds.
        arrives_ms: When it arrives.
    """

    topic: str
    user: str
    body: dict[str, Any]
    arrives_ms: int

    @property
    def at(self) -> int:
        """When it happened."""
        return int(self.body["timestamp"])

    @property
    def value(self) -> bytes:
        """The record's value."""
        return json.dumps(self.body).encode()


def lessons(
    events: int = 20_000, days: int = 60, seed: int = 1, late: float = 0.03, rules: MemoryRules | None = None
) -> list[Lesson]:
    """Returns about so many events of some weeks, in the order of their arrival.

    Args:
        events: How many, repeats included.
        days: How long the course takes.
        seed: The same seed gives the same log.
        late: Share of the events that are late, and share of those that come twice.
        rules: The model under which nothing late may withdraw a signal.
    """
    rng = random.Random(seed)
    found: list[Lesson] = []
    user = 0
    while len(found) * (1 + late) < events:
        found += _course(rng, f"u{user:05d}", days, late, rules or MemoryRules())
        user += 1
    again = [replace(one, arrives_ms=one.arrives_ms + _delay(rng)) for one in found if rng.random() < late]
    return sorted(found + again, key=lambda one: one.arrives_ms)[:events]


def publish(kafka: str, prefix: str, sent: Iterable[Lesson]) -> None:
    """Sends events in their order, keyed as every producer keys them."""
    producer = Producer(
        {"bootstrap.servers": kafka, "partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 5}
    )
    for one in sent:
        while True:
            try:
                producer.produce(f"{prefix}{one.topic}", one.value, one.user.encode(), headers=list(REPLAYED))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0


def _course(rng: random.Random, user: str, days: int, late: float, rules: MemoryRules) -> list[Lesson]:
    """One user's weeks: a login a day, and for each chosen module a start, quizzes and an end."""
    said: list[Lesson] = []
    class_id = f"{7 + hash_of(user) % 4}{'AB'[hash_of(user) % 2]}"

    def say(topic: str, at: int, **body: Any) -> Lesson:
        whole = {"event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "user_id": user, "timestamp": at}
        return Lesson(topic, user, whole | {"class_id": class_id} | body, at)

    begins = START + rng.randrange(1, 10 * DAY)
    ends = START + days * DAY
    domain = rng.choice(DOMAINS)
    said.append(say("learning_domain_selection_events", begins, domain=domain, event_type="domain_selected"))
    said += [say("user_login_events", at) for at in range(begins + HOUR, ends, rng.randrange(2, 9) * DAY)]
    for number in rng.sample(range(MODULES_A_DOMAIN), rng.randrange(1, 5)):
        module = f"{domain}-{number}"
        first = begins + rng.randrange(1, 20 * DAY)
        about = {"domain": domain, "course": f"{domain}-1", "module": module}
        said.append(say("module_completion_events", first - 1, **about, event_type="module_started"))
        quizzes = [say(*quiz) for quiz in _quizzes(rng, first, ends)]
        quizzes = [_about(one, about) for one in quizzes]
        said += _one_late(rng, quizzes, late, rules)
        said.append(say("module_completion_events", max(q.at for q in quizzes) + HOUR, **about))
    quizlike = {"diagnostic_quiz_events", "module_quiz_events", "clickstream_events"}
    return [
        one if one.topic in quizlike or rng.random() > late else replace(one, arrives_ms=one.at + _delay(rng))
        for one in said
    ]


def _quizzes(rng: random.Random, first: int, ends: int) -> Iterable[tuple[str, int]]:
    """Topics and times of a module's quizzes: a diagnostic at times, then sittings whose distance grows or does not."""
    at, gap = first, DAY
    if rng.random() < 0.3:
        yield "diagnostic_quiz_events", at
        at += rng.randrange(HOUR, 3 * DAY)
    while True:
        for _ in range(rng.choice((1, 1, 1, 2, 4))):  # several attempts in one sitting
            yield rng.choice(("module_quiz_events", "module_quiz_events", "clickstream_events")), at
            at += rng.randrange(60_000, 20 * 60_000)
        at += round(gap * rng.uniform(0.3, 2.0))
        gap = round(gap * rng.uniform(1.0, 2.2))
        if at > ends:
            return


def _about(one: Lesson, about: dict[str, Any]) -> Lesson:
    """Fills in a quiz's score and module, each topic in its own spelling."""
    rng = random.Random(one.body["event_id"])
    score: dict[str, Any] = {"score": rng.choice((30, 55, 70, 75, 85, 85, 92.5, 100)), "time_taken": rng.randrange(900)}
    if rng.random() < 0.01:
        del score["score"]
    if one.topic != "clickstream_events":
        return replace(one, body=one.body | about | score)
    inner = {"module": about["module"], "domain": about["domain"]} | score
    body = one.body | {"event_name": "quiz_submit", "course_id": about["course"], "metadata": inner}
    return replace(one, body=body)


def _one_late(rng: random.Random, quizzes: list[Lesson], late: float, rules: MemoryRules) -> list[Lesson]:
    """Makes one quiz late, where that cannot withdraw a signal that it found standing."""
    if rng.random() > late * len(quizzes):
        return quizzes
    chosen = rng.choice(quizzes)
    moved = replace(chosen, arrives_ms=chosen.at + _delay(rng))
    everything = [attempt for one in quizzes if (attempt := _attempt(one))]
    without = [attempt for one in quizzes if one is not chosen and (attempt := _attempt(one))]
    if without and not _due(without, moved.arrives_ms, rules) <= _due(everything, FOREVER, rules):
        return quizzes
    return [moved if one is chosen else one for one in quizzes]


def _due(attempts: list[Attempt], by: int, rules: MemoryRules) -> set[int]:
    if not attempts:
        return set()
    return {due for due, _ in signals(remembered(attempts, rules)[2], by)}


def _attempt(one: Lesson) -> Attempt | None:
    inner = one.body.get("metadata", one.body)
    if "score" not in inner:
        return None
    identity = (one.at, one.body["event_id"], one.user, None)
    return Attempt(*identity, inner["domain"], None, inner["module"], "module", inner["score"], None, (0, 0))


def _delay(rng: random.Random) -> int:
    return rng.randrange(rng.choice((2_000, HOUR, DAY, 20 * DAY)))


def hash_of(text: str) -> int:
    """Returns a number that is the same in every process."""
    return sum(text.encode())
