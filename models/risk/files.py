"""Models as files: one JSON a version, which names what it was trained on; the same data give the same bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflows.errors import UserError
from models.logistic import Logistic
from models.risk.features import FEATURES

FORMAT = 2


def as_text(
    models: dict[int, Logistic], trained_on: list[str], students: int, judged: dict[int, dict[str, Any]] | None = None
) -> str:
    """Returns the file's text; its version is the hash of all the rest.

    Args:
        models: By week.
        trained_on: The courses.
        students: How many students of a course there were in all.
        judged: By week, how it did on presentations that it was not trained on (`judged_of`).
    """
    kept: dict[str, Any] = {
        "model": "risk",
        "format": FORMAT,
        "features": list(FEATURES),
        "trained_on": trained_on,
        "students": students,
        "judged": {str(week): one for week, one in sorted((judged or {}).items())},
        "weeks": {str(week): model.as_json() for week, model in sorted(models.items())},
    }
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]
    return json.dumps({"version": f"risk-{digest}", **kept}, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class RiskModel:
    """What a file keeps.

    Attributes:
        version: The hash of the rest.
        weeks: Models by week.
        judged: By week: n, is_shown, calibration_error, calibration (bins), judged_on; empty where it was not judged.
    """

    version: str
    weeks: dict[int, Logistic]
    judged: dict[int, dict[str, Any]]


def load(path: Path) -> RiskModel:
    """Returns what a file keeps.

    Raises:
        UserError: It is no such file, or of other features.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["format"] != FORMAT or kept["features"] != list(FEATURES):
            text = f"{path} is of another format: train it again with `classpulse predict train risk`"
            raise UserError(text)
        weeks = {int(week): Logistic.of_json(one) for week, one in kept["weeks"].items()}
        return RiskModel(str(kept["version"]), weeks, {int(week): one for week, one in kept["judged"].items()})
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{path} is no model of risk: {error}"
        raise UserError(text) from error
