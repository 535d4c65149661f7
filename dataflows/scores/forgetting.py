"""The forgetting models by name, behind one interface, and how urgent a revision is."""

from __future__ import annotations

from typing import Final, Literal

from dataflows.scores.average import Average
from dataflows.scores.ebbinghaus import Ebbinghaus
from dataflows.scores.fsrs import Fsrs
from dataflows.scores.memory import DAY_MS, Floats, Memory, Model

__all__ = ["DAY_MS", "HIGH_AT_INTERVALS", "MODELS", "Floats", "Memory", "Model", "Urgency", "urgency"]

Urgency = Literal["low", "medium", "high"]

HIGH_AT_INTERVALS: Final = 2.0

MODELS: Final[dict[str, Model]] = {model.name: model for model in (Ebbinghaus(), Fsrs(), Average())}


def urgency(elapsed_days: float, interval_days: float) -> Urgency:
    """Returns low before the review falls due, medium from then on, high once twice the interval has passed.

    Example:
        >>> [urgency(days, 3.0) for days in (2.9, 3.0, 5.9, 6.0)]
        ['low', 'medium', 'medium', 'high']
    """
    if elapsed_days >= HIGH_AT_INTERVALS * interval_days:
        return "high"
    return "medium" if elapsed_days >= interval_days else "low"
