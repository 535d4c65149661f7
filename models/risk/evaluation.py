"""`classpulse predict evaluate risk`: trained on presentations that had ended, judged on later ones, week by week."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl

from models.logistic import Logistic, fit
from models.measures import (
    Bools,
    Floats,
    best_f1,
    brier,
    calibration,
    calibration_error,
    f1_from,
    interval,
    pr_auc,
    roc_auc,
)
from models.risk.features import FEATURES, GROUPS, Week, week_of
from models.risk.oulad import Oulad, began_day

WEEKS: Final = (1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32)
JUDGED: Final = ("2014B", "2014J")
RESAMPLES: Final = 200
LEAST: Final = 200
_LAST: Final = [FEATURES.index(name) for name in ("last_score", "has_score")]


def ended_before(data: Oulad, presentation: str) -> list[tuple[str, str]]:
    """Returns the courses whose results were known when a presentation began."""
    begins = began_day(presentation)
    return [(module, of) for module, of, length in data.course.iter_rows() if began_day(of) + length <= begins]


def evaluate(data: Oulad, weeks: tuple[int, ...] = WEEKS) -> dict[str, Any]:
    """Returns what `--json` prints."""
    judged = [of for of in JUDGED if ended_before(data, of)]
    table = []
    for week in weeks:
        known = week_of(data, week)
        parts = [part for of in judged if (part := _of(data, known, of)) is not None]
        if parts:
            table.append({"week": week} | _measured(parts))
    shown = [row["week"] for row in table if row["is_shown"]]
    return {
        "model": "risk",
        "protocol": "cut at the end of each week, then counted; trained on presentations that had ended before the "
        "judged one began (LEAP, 2026); features of registrations and assessments alone, no clicks",
        "label": "Fail or Withdrawn, of those still registered",
        "judged": judged,
        "trained_on": {of: ["".join(course) for course in sorted(ended_before(data, of))] for of in judged},
        "weeks": table,
        "shown_weeks": shown,
        "answer": _answer(table, shown),
    }


JudgedCourses = tuple[Week, dict[str, Floats], float]


def _of(data: Oulad, known: Week, presentation: str) -> JudgedCourses | None:
    """Returns the students of a presentation with the chances of the model and of the baselines, and F1's limit."""
    courses = [f"{module}/{of}" for module, of in ended_before(data, presentation)]
    name = pl.concat_str("code_module", "code_presentation", separator="/")
    train = known.take(known.rows.select(name.is_in(courses)).to_series().to_numpy())
    test = known.take((known.rows["code_presentation"] == presentation).to_numpy())
    if len(train.was) < LEAST or not len(test.was) or train.was.all() or not train.was.any():
        return None
    model = fit(train.features, train.was)
    last = fit(train.features[:, _LAST], train.was)
    chances = {
        "model": model.chance(test.features),
        "base_rate": _base_rates(train, test),
        "last_score": last.chance(test.features[:, _LAST]),
    }
    return test, chances, best_f1(model.chance(train.features), train.was)[1]


def _base_rates(train: Week, test: Week) -> Floats:
    """Returns the share that failed of each module before; of a module that was not there, that of all."""
    share = float(train.was.mean())
    modules = train.rows["code_module"].to_numpy()
    by = {module: float(train.was[modules == module].mean()) for module in np.unique(modules)}
    return np.array([by.get(module, share) for module in test.rows["code_module"].to_list()])


def _measured(parts: list[JudgedCourses]) -> dict[str, Any]:
    was = np.concatenate([part.was for part, _, _ in parts])
    owners = [str(one) for part, _, _ in parts for one in part.rows["id_student"].to_list()]
    chances = {name: np.concatenate([found[name] for _, found, _ in parts]) for name in parts[0][1]}
    model = chances["model"]
    better = {
        name: interval(owners, partial(_gain, model, other, was), RESAMPLES)
        for name, other in chances.items()
        if name != "model"
    }
    found: dict[str, Any] = {
        "n": len(was),
        "failed_share": round(float(was.mean()), 4),
        **{name: _scores(chance, was) for name, chance in chances.items()},
        "brier_gain_over": better,
        "auc_interval": interval(owners, lambda rows: roc_auc(model[rows], was[rows]), RESAMPLES),
        "is_shown": all(bounds is not None and bounds[0] > 0 for bounds in better.values()),
        "calibration": calibration(model, was),
    }
    called = np.concatenate([part_chances["model"] >= limit for _, part_chances, limit in parts])
    found["model"]["f1"] = _f1(called, was)
    rows = pl.concat([part.rows for part, _, _ in parts])
    found["groups"] = {group: _by_group(rows[group], model, was, called) for group in GROUPS}
    return found


def _gain(model: Floats, other: Floats, was: Bools, rows: Any) -> float:  # noqa: ANN401
    return float(np.mean((other[rows] - was[rows]) ** 2) - np.mean((model[rows] - was[rows]) ** 2))


def _scores(chance: Floats, was: Bools) -> dict[str, float | None]:
    found = {
        "roc_auc": roc_auc(chance, was),
        "pr_auc": pr_auc(chance, was),
        "brier": brier(chance, was),
        "f1": f1_from(chance, was, 0.5),
        "calibration_error": calibration_error(chance, was),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def _f1(called: Bools, was: Bools) -> float | None:
    either = int(called.sum() + was.sum())
    return round(2 * int((called & was).sum()) / either, 4) if either else None


def _by_group(group: pl.Series, chance: Floats, was: Bools, called: Bools) -> dict[str, dict[str, Any]]:
    """Returns, by group, how often it was called wrongly, missed, and how far its chances are from what came."""
    names = group.cast(pl.String).fill_null("not told").to_numpy()
    found = {}
    for name in np.unique(names):
        here = names == name
        yes, no = here & was, here & ~was
        found[str(name)] = {
            "n": int(here.sum()),
            "called_wrongly": round(float(called[no].mean()), 4) if no.any() else None,
            "missed": round(float((~called[yes]).mean()), 4) if yes.any() else None,
            "chance_less_share": round(float(chance[here].mean() - was[here].mean()), 4),
        }
    return found


def _answer(table: list[dict[str, Any]], shown: list[int]) -> str:
    if not table:
        return "Nothing can be judged: no presentation had ended before a judged one began."
    first, last = table[0], table[-1]
    text = (
        f"ROC-AUC {first['model']['roc_auc']:.2f} in week {first['week']}, {last['model']['roc_auc']:.2f} in week "
        f"{last['week']}; by the last score alone {first['last_score']['roc_auc']:.2f} and "
        f"{last['last_score']['roc_auc']:.2f}."
    )
    left = [str(row["week"]) for row in table if row["week"] not in shown]
    return text + (f" Not better than a baseline, so not shown: week {', '.join(left)}." if left else "")


def trained(data: Oulad, weeks: tuple[int, ...]) -> dict[int, Logistic]:
    """Returns a model a week, of all presentations of the dataset."""
    found = {}
    for week in weeks:
        known = week_of(data, week)
        if len(known.was) >= LEAST and known.was.any() and not known.was.all():
            found[week] = fit(known.features, known.was)
    return found


def judged_of(found: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Returns of an evaluation, week by week, what is shown beside each chance.

    Args:
        found: What `evaluate` returned.
    """
    on = ", ".join(found["judged"])
    return {
        row["week"]: {
            "n": row["n"],
            "is_shown": row["is_shown"],
            "calibration_error": row["model"]["calibration_error"],
            "calibration": row["calibration"],
            "judged_on": on,
        }
        for row in found["weeks"]
    }


def table(found: dict[str, Any]) -> list[str]:
    """Returns what was judged as lines of a Markdown table: the model's figures, and Brier scores of the baselines."""
    lines = [
        "| week | students | failed later | ROC-AUC (95 %) | PR-AUC | F1 | Brier | base rate | last score "
        "| calibration | shown |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found["weeks"]:
        model, bounds = row["model"], row["auc_interval"]
        lines.append(
            f"| {row['week']} | {row['n']:,} | {row['failed_share']:.0%} | {model['roc_auc']:.3f} "
            f"({bounds[0]:.3f}–{bounds[1]:.3f}) | {model['pr_auc']:.3f} | {model['f1']:.3f} | {model['brier']:.4f} "
            f"| {row['base_rate']['brier']:.4f} | {row['last_score']['brier']:.4f} "
            f"| ± {model['calibration_error']:.3f} | {'yes' if row['is_shown'] else 'no'} |"
        )
    return lines
