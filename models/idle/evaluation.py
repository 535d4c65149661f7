"""`classpulse predict evaluate idle`: each chance is said before the moment is learnt, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from models.idle.moments import FEATURES, Moment, moments
from models.idle.online import OnlineLogistic, Rates
from models.measures import Bools, Floats, brier, calibration, calibration_error, interval, pr_auc, roc_auc
from models.stuck.log import MarkedLog

RESAMPLES: Final = 200
LEAST: Final = 500
PARTS: Final = 10
NAMES: Final = ("model", "since_last_action", "minute_of_session")


def chances(queries: Sequence[Moment]) -> dict[str, Floats]:
    """Returns what the model and the baselines said at each moment, knowing only what had become known by then.

    Args:
        queries: By time.
    """
    model, since, minute = OnlineLogistic(FEATURES), Rates(), Rates()
    said = {name: np.empty(len(queries)) for name in NAMES}
    waiting: list[tuple[int, int]] = []
    for place, one in enumerate(queries):
        while waiting and waiting[0][0] <= one.at_ms:
            known = queries[heapq.heappop(waiting)[1]]
            model.learn(np.array(known.known), known.was)
            since.learn(known.since, known.was)
            minute.learn(known.minute, known.was)
        said["model"][place] = model.chance(np.array(one.known))
        said["since_last_action"][place] = since.chance(one.since)
        said["minute_of_session"][place] = minute.chance(one.minute)
        heapq.heappush(waiting, (one.told_ms, place))
    return said


def evaluate(log: MarkedLog) -> dict[str, Any]:
    """Returns what `--json` prints."""
    queries = moments(log.students, log.ends_ms)
    was = np.array([one.was for one in queries], np.bool_)
    found: dict[str, Any] = {
        "model": "idle",
        "question": "the silence that has begun becomes one of five minutes; queries each whole minute of it",
        "protocol": "progressive validation: said, and learnt when it was known",
        "n": len(queries),
        "students": len({one.student for one in queries}),
        "share": round(float(was.mean()), 4) if len(was) else None,
        "whole_minutes": log.is_coarse,
    }
    if len(queries) < LEAST or was.all() or not was.any():
        return found | {
            "is_shown": False,
            "answer": f"Nothing can be judged: {len(queries)} moments, at least {LEAST}.",
        }
    said = chances(queries)
    owners = [one.student for one in queries]
    gains = {
        name: interval(owners, partial(_gain, said["model"], said[name], was), RESAMPLES)
        for name in NAMES
        if name != "model"
    }
    found |= {name: _scores(said[name], was) for name in NAMES}
    found["brier_gain_over"] = gains
    found["calibration"] = calibration(said["model"], was)
    found["over_time"] = _over_time(said, was)
    found["is_shown"] = all(bounds is not None and bounds[0] > 0 for bounds in gains.values())
    return found | {"answer": _answer(found)}


def _gain(model: Floats, other: Floats, was: Bools, rows: Any) -> float:  # noqa: ANN401
    return float(np.mean((other[rows] - was[rows]) ** 2) - np.mean((model[rows] - was[rows]) ** 2))


def _scores(chance: Floats, was: Bools) -> dict[str, float | None]:
    kept = np.clip(chance, 1e-6, 1 - 1e-6)
    found = {
        "brier": brier(chance, was),
        "log_loss": float(-np.mean(np.where(was, np.log(kept), np.log(1 - kept)))),
        "roc_auc": roc_auc(chance, was),
        "pr_auc": pr_auc(chance, was),
        "calibration_error": calibration_error(chance, was),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def _over_time(said: dict[str, Floats], was: Bools) -> list[dict[str, Any]]:
    """Returns Brier scores of each tenth of the moments: whether the model grows worse while the baseline does not."""
    pieces = np.array_split(np.arange(len(was)), PARTS)
    return [{name: round(float(np.mean((said[name][rows] - was[rows]) ** 2)), 4) for name in NAMES} for rows in pieces]


def _answer(found: dict[str, Any]) -> str:
    model, since, minute = (found[name] for name in NAMES)
    text = (
        f"Brier {model['brier']:.4f}, by the time since the last action {since['brier']:.4f}, by the minute of the "
        f"session {minute['brier']:.4f}; ROC-AUC {model['roc_auc']:.3f}, {since['roc_auc']:.3f} and "
        f"{minute['roc_auc']:.3f}."
    )
    return text + ("" if found["is_shown"] else " Not surely better than a baseline, so not shown.")
