"""`classpulse predict run risk`: chances of a term's students as they were known at the end of its last week."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl
import psycopg
from psycopg.types.json import Jsonb

from models.measures import Floats
from models.risk.features import FEATURES, week_of
from models.risk.files import RiskModel
from models.risk.reasons import changes_of, reasons_of
from models.risk.tables import TermTables

KIND: Final = "risk"
_WRITE: Final = """
INSERT INTO predictions (predicted_at, kind, student_id, course_id, class_id, week, probability, reasons, changes,
                         known, calibration, model_version)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def model_week(model: RiskModel, week: int) -> int | None:
    """Returns the week whose model speaks in a week: the last that was trained; None where there is none.

    A week whose model did not beat its baselines says nothing: that of an earlier week knows less, not more.

    Args:
        model: The models.
        week: The term's week.
    """
    before = [of for of in model.weeks if of <= week]
    if not before:
        return None
    last = max(before)
    return last if model.judged.get(last, {}).get("is_shown") else None


def like(judged: dict[str, Any], chance: float) -> dict[str, Any]:
    """Returns what came of those of whom the model said about the same, when it was judged.

    Args:
        judged: Of the week (`RiskModel.judged`).
        chance: The chance.

    Example:
        >>> bins = [{"n": 40, "mean_chance": 0.15, "share": 0.2}, {"n": 10, "mean_chance": 0.74, "share": 0.6}]
        >>> like({"calibration": bins, "calibration_error": 0.05, "judged_on": "2014J"}, 0.71)
        {'n': 10, 'share': 0.6, 'error': 0.05, 'judged_on': '2014J'}
    """
    best = min(judged["calibration"], key=lambda one: abs(one["mean_chance"] - chance))
    return {
        "n": best["n"],
        "share": best["share"],
        "error": judged["calibration_error"],
        "judged_on": judged["judged_on"],
    }


def predictions(model: RiskModel, tables: TermTables) -> pl.DataFrame:
    """Returns a row a student and course; none where no model may speak of the week.

    Args:
        model: The models, judged.
        tables: What was known.
    """
    week = model_week(model, tables.week)
    found = week_of(tables.data, tables.week)
    if week is None or not len(found.features):
        return pl.DataFrame()
    chances = model.weeks[week].chance(found.features)
    people = found.rows.select("id_student", "code_module").with_row_index("at")
    places = people.join(tables.classes, on=["id_student", "code_module"], how="left").sort("at")
    rows = [
        {
            "student_id": student,
            "course_id": course,
            "class_id": class_id,
            "probability": round(float(chances[at]), 4),
            "reasons": reasons_of(model.weeks[week], found.features[at]),
            "changes": changes_of(model.weeks[week], found.features[at]),
            "known": _known(found.features[at]),
            "calibration": like(model.judged[week], float(chances[at])),
        }
        for at, student, course, class_id in places.iter_rows()
    ]
    return pl.DataFrame(rows, schema_overrides={"class_id": pl.String, "reasons": pl.List(pl.String)}, strict=False)


def _known(features: Floats) -> dict[str, float]:
    return dict(zip(FEATURES, np.round(features, 4).tolist(), strict=True))


def write(connection: psycopg.Connection[Any], model: RiskModel, tables: TermTables, at: datetime) -> int:
    """Writes the predictions of a week in place of what stood there; returns how many.

    Args:
        connection: A connection of the database's owner; one transaction is made.
        model: The models, judged.
        tables: What was known.
        at: When: the end of the week.
    """
    rows = predictions(model, tables).to_dicts()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM predictions WHERE predicted_at = %s AND kind = %s", (at, KIND))
        cursor.executemany(
            _WRITE,
            [
                (
                    *(at, KIND, row["student_id"], row["course_id"], row["class_id"], tables.week),
                    *(row["probability"], row["reasons"], Jsonb(row["changes"]), Jsonb(row["known"])),
                    *(Jsonb(row["calibration"]), model.version),
                )
                for row in rows
            ],
        )
    return len(rows)
