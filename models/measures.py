"""How good chances and lists are: pure, on NumPy, with intervals from resampling whole students."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RESAMPLES: Final = 1000
SEED: Final = 20261130


def roc_auc(chance: Floats, was: Bools) -> float | None:
    """Returns the chance that of one who was and one who was not the former got the higher chance; ties count half.

    Example:
        >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
        0.75
    """
    yes = int(was.sum())
    no = len(was) - yes
    if not yes or not no:
        return None
    _values, inverse, counts = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[was].sum() - yes * (yes + 1) / 2) / (yes * no))


def pr_auc(chance: Floats, was: Bools) -> float | None:
    """Returns average precision: the area under precision over recall, by steps.

    Example:
        >>> round(pr_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])), 4)
        0.8333
    """
    if not was.any():
        return None
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(was[order])
    last = np.append(np.flatnonzero(np.diff(chance[order])), len(chance) - 1)
    precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def brier(chance: Floats, was: Bools) -> float | None:
    """Returns the mean squared error of chances.

    Example:
        >>> brier(np.array([0.0, 0.5]), np.array([False, True]))
        0.125
    """
    return float(np.mean((chance - was) ** 2)) if len(chance) else None


def best_f1(chance: Floats, was: Bools) -> tuple[float, float]:
    """Returns the highest F1 and the chance from which on it is had; (0, 1) where nobody was.

    Example:
        >>> best_f1(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
        (0.8, 0.35)
    """
    if not was.any():
        return 0.0, 1.0
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(was[order])
    last = np.append(np.flatnonzero(np.diff(chance[order])), len(chance) - 1)
    scores = 2 * hits[last] / (last + 1 + hits[-1])
    best = int(np.argmax(scores))
    return float(scores[best]), float(chance[order][last[best]])


def f1_from(chance: Floats, was: Bools, limit: float) -> float | None:
    """Returns F1 of calling everybody from a chance on.

    Example:
        >>> round(f1_from(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]), 0.5), 4)
        0.6667
    """
    called = chance >= limit
    both, either = int((called & was).sum()), int(called.sum() + was.sum())
    return 2 * both / either if either else None


def calibration(chance: Floats, was: Bools, bins: int = 10) -> list[dict[str, float | int]]:
    """Returns, by bins of equal width, how many there were, their mean chance and the share of those who were.

    Example:
        >>> calibration(np.array([0.05, 0.15, 0.17]), np.array([False, True, False]))
        [{'n': 1, 'mean_chance': 0.05, 'share': 0.0}, {'n': 2, 'mean_chance': 0.16, 'share': 0.5}]
    """
    at = np.minimum((chance * bins).astype(int), bins - 1)
    return [
        {
            "n": int(here.sum()),
            "mean_chance": round(float(chance[here].mean()), 4),
            "share": round(float(was[here].mean()), 4),
        }
        for here in (at == place for place in range(bins))
        if here.any()
    ]


def calibration_error(chance: Floats, was: Bools) -> float | None:
    """Returns the mean distance of share from chance over bins, by how many lie in each.

    Example:
        >>> calibration_error(np.array([0.05, 0.15, 0.17]), np.array([False, True, False]))
        0.2433
    """
    found = calibration(chance, was)
    total = sum(one["n"] for one in found)
    if not total:
        return None
    return round(sum(one["n"] * abs(one["mean_chance"] - one["share"]) for one in found) / total, 4)


def interval(
    owners: Sequence[Any], measure: Callable[[npt.NDArray[np.intp]], float | None], resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Returns the 95 % interval of a measure when whole owners are drawn again; None where there are less than two.

    Args:
        owners: Whose each row is.
        measure: Takes row numbers, with repeats; None where it cannot be told of them.
        resamples: How often.
    """
    names, of = np.unique(np.asarray(owners, dtype=str), return_inverse=True)
    if len(names) < 2:
        return None
    order = np.argsort(of, kind="stable")
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        value = measure(np.repeat(order, times[of[order]]))
        if value is not None:
            found.append(value)
    if not found:
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def share(hits: Sequence[bool], owners: Sequence[Any]) -> dict[str, Any]:
    """Returns a share with its counts and interval, as JSON has it; its value is null where there is nothing.

    Example:
        >>> share([True, False], ["ann", "bob"])
        {'value': 0.5, 'low': 0.0, 'high': 1.0, 'hits': 1, 'n': 2}
    """
    was = np.array(hits, np.bool_)
    bounds = interval(owners, lambda rows: float(was[rows].mean())) if len(was) else None
    return {
        "value": round(float(was.mean()), 4) if len(was) else None,
        "low": bounds[0] if bounds else None,
        "high": bounds[1] if bounds else None,
        "hits": int(was.sum()),
        "n": len(was),
    }
