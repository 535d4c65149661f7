"""Why a chance is what it is, in words, and what would change it: read off the model, which adds its parts up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from models.logistic import Logistic, sigmoid
from models.measures import Floats
from models.risk.features import FEATURES

MOST: Final = 3
NOTICEABLE: Final = 0.05

_WORDS: Final[Mapping[str, str]] = {
    "registered_late": "registered late",
    "missed_share": "has not handed in {missed:.0%} of what was due",
    "missed_last": "has not handed in the last assessment that was due",
    "never_handed_in": "has not handed in anything yet",
    "mean_score": "mean score {mean_score:.0f}",
    "last_score": "last score {last_score:.0f}",
    "has_score": "has no score yet",
    "late_share": "hands in after the due date",
    "days_silent": "nothing handed in for {days_silent:.0f} days",
}

_CHANGES: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("hands in what is missing", {"missed_share": 0, "missed_last": 0, "never_handed_in": 0, "days_silent": 0}),
    ("scores 70 in the next assessment", {"last_score": 70, "has_score": 1, "days_silent": 0}),
)
"""What a student can still do; who they are and what has been is nothing that could be changed."""


def reasons_of(model: Logistic, features: Floats) -> list[str]:
    """Returns what raises a student's chance most above the average student's, in words, strongest first.

    Args:
        model: The week's model.
        features: Shape (len(FEATURES),).
    """
    parts = model.parts(features[None, :])[0]
    said = dict(zip(FEATURES, features.tolist(), strict=True)) | {"missed": features[FEATURES.index("missed_share")]}
    found: list[str] = []
    for place in np.argsort(-parts, kind="stable"):
        name = FEATURES[place]
        if parts[place] < NOTICEABLE or len(found) == MOST:
            break
        if name in _WORDS and _holds(name, said):
            found.append(_WORDS[name].format(**said))
    return found


def _holds(name: str, said: Mapping[str, float]) -> bool:
    """Returns whether a sentence is true: a part may be high because something is missing."""
    if name in {"mean_score", "last_score"}:
        return said["has_score"] > 0
    if name == "has_score":
        return said["has_score"] == 0
    return said[name] > 0


def changes_of(model: Logistic, features: Floats) -> list[dict[str, Any]]:
    """Returns what would lower the chance, with the chance that the model would then give; nothing that would not.

    It says what the model would say of such a student, not that doing so causes it.
    """
    before = float(model.chance(features[None, :])[0])
    found = []
    missing = any(features[FEATURES.index(name)] > 0 for name in ("missed_share", "missed_last"))
    for words, better in _CHANGES[0 if missing else 1 :]:
        other = features.copy()
        for name, value in better.items():
            place = FEATURES.index(name)
            worse = name in {"last_score", "has_score"}
            other[place] = max(other[place], value) if worse else min(other[place], value)
        chance = float(sigmoid(np.array([model.intercept + model.parts(other[None, :])[0].sum()]))[0])
        if chance < before - NOTICEABLE / 5:
            found.append({"if": words, "chance": round(chance, 4)})
    return found
