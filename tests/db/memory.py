"""Rows of the memory flow, as short as a test needs them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import numpy as np

from dataflows.scores.forgetting import DAY_MS, MODELS

_NUMBER = count()


def attempt(user_id: str, at: datetime, score: float, module: str | None = "m1", **columns: Any) -> dict[str, Any]:
    """Returns a row of `quiz_attempts`."""
    base = {
        "user_id": user_id,
        "attempted_at": at,
        "score": score,
        "module": module,
        "event_id": f"q{next(_NUMBER):06}",
    }
    return {"quiz_type": "module", "domain": "math", "course": "algebra", "time_taken_seconds": 60.0, **base, **columns}


def fact(user_id: str, at: datetime, kind: str, module: str | None = None, **columns: Any) -> dict[str, Any]:
    """Returns a row of `learning_events`."""
    base = {"user_id": user_id, "event_time": at, "kind": kind, "module": module, "event_id": f"l{next(_NUMBER):06}"}
    return {"domain": "math", **base, **columns}


def curve(
    user_id: str, reviews: list[tuple[datetime, float]], module: str = "m1", model: str = "ebbinghaus", **columns: Any
) -> dict[str, Any]:
    """Returns the row of `memory_state` after reviews (instant, score), folded by the model itself."""
    (last, score), *later = reviews
    memory = MODELS[model].first(np.array([score]))
    for at, score in later:
        elapsed_ms = round((at - last) / timedelta(milliseconds=1))
        memory, last = MODELS[model].next(memory, np.array([score]), np.array([elapsed_ms])), at
    interval = float(memory.interval_days[0])
    difficulty = float(memory.difficulty[0])
    return {
        "user_id": user_id,
        "module": module,
        "domain": "math",
        "task": 0,
        "model": model,
        "last_score": score,
        "last_reviewed_at": last,
        "next_review_at": last + timedelta(milliseconds=round(interval * DAY_MS)),
        "interval_days": round(interval, 6),
        "stability": round(float(memory.stability[0]), 6),
        "decay_factor": round(float(memory.decay_factor[0]), 8),
        "difficulty": None if np.isnan(difficulty) else round(difficulty, 6),
        "reviews": len(reviews),
        **columns,
    }
