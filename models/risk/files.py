"""Models as files: one JSON a version, which names what it was trained on; the same data give the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from dataflows.errors import UserError
from models.logistic import Logistic
from models.risk.features import FEATURES

FORMAT = 1


def as_text(models: dict[int, Logistic], trained_on: list[str], students: int) -> str:
    """Returns the file's text; its version is the hash of all the rest.

    Args:
        models: By week.
        trained_on: The courses.
        students: How many students of a course there were in all.
    """
    kept: dict[str, Any] = {
        "model": "risk",
        "format": FORMAT,
        "features": list(FEATURES),
        "trained_on": trained_on,
        "students": students,
        "weeks": {str(week): model.as_json() for week, model in sorted(models.items())},
    }
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]
    return json.dumps({"version": f"risk-{digest}", **kept}, indent=1) + "\n"


def load(path: Path) -> tuple[str, dict[int, Logistic]]:
    """Returns a file's version and its models by week.

    Raises:
        UserError: It is no such file, or of other features.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["format"] != FORMAT or kept["features"] != list(FEATURES):
            text = f"{path} is of another format: train it again with `classpulse predict train risk`"
            raise UserError(text)
        return str(kept["version"]), {int(week): Logistic.of_json(one) for week, one in kept["weeks"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{path} is no model of risk: {error}"
        raise UserError(text) from error
