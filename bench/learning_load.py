"""The learning load: quizzes, logins and completed modules of 10,000 students with ten modules each, over two months.

Every pair (student, module) has its first quiz early, so that the state is full when most events come. One event in a
hundred is sent twice, two in a hundred are up to a day late.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

STUDENTS: Final = 10_000
MODULES: Final = 10
DAYS: Final = 60
DAY_MS: Final = 86_400_000
REPEATS: Final = 0.01
LATE: Final = 0.02

_SHARES: Final = (
    ("module_quiz_events", "module_quiz_completed", 70),
    ("diagnostic_quiz_events", "diagnostic_quiz_completed", 10),
    ("user_login_events", "user_login", 10),
    ("module_completion_events", "module_completed", 10),
)
_SCORES: Final = (35, 52.5, 64, 70, 78, 85, 85, 92.5, 100)


@dataclass(frozen=True, slots=True)
class Sent:
    """One event: where it goes, and when it arrives."""

    topic: str
    key: bytes
    value: bytes
    arrives_ms: int


def learning(events: int, end_ms: int, seed: int = 5) -> Iterator[Sent]:
    """Yields events in the order in which they arrive, the last at `end_ms`."""
    rng = random.Random(seed)  # noqa: S311 (a fixed seed for a measurement)
    pairs = [(student, module) for student in range(STUDENTS) for module in range(MODULES)]
    rng.shuffle(pairs)
    step_ms = DAYS * DAY_MS / events
    last: Sent | None = None
    for number in range(events):
        arrives_ms = int(end_ms - (events - number) * step_ms)
        if last is not None and rng.random() < REPEATS:
            yield Sent(last.topic, last.key, last.value, arrives_ms)
            continue
        first = number < len(pairs)
        student, module = pairs[number] if first else (rng.randrange(STUDENTS), rng.randrange(MODULES))
        last = _event(rng, student, module, arrives_ms, always_quiz=first)
        yield last


def _event(rng: random.Random, student: int, module: int, arrives_ms: int, *, always_quiz: bool) -> Sent:
    topics = _SHARES[:1] if always_quiz else _SHARES
    topic, name, _share = rng.choices(topics, [share for *_, share in topics])[0]
    at_ms = arrives_ms - (rng.randrange(DAY_MS) if rng.random() < LATE else 0)
    user = f"p1_{student:06d}"
    said = f'"score":{rng.choice(_SCORES)},"time_taken":{rng.randrange(60, 900)},' if "quiz" in topic else ""
    value = (
        f'{{"event_id":"{uuid.UUID(int=rng.getrandbits(128))}","user_id":"{user}","domain":"d{module % 3}",'
        f'"course":"c{module % 3}","module":"m{module}","event_type":"{name}",{said}"timestamp":{at_ms}}}'
    )
    return Sent(topic, user.encode(), value.encode(), arrives_ms)
