"""Which forgetting model forecasts best on students that it has not seen: `make bench-memory`.

The forecast is whether the next review is passed, made the instant before it. Every figure is of held-out students.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.forgetting.chart import chart
from bench.forgetting.forecasters import Forecaster, forecasters
from bench.forgetting.histories import Histories
from bench.forgetting.logs import PRESENTATION, data_folder, moodle, oulad
from bench.forgetting.quality import Quality, quality
from bench.forgetting.simulated import simulated
from dataflows.errors import UserError
from dataflows.scores.forgetting import MODELS, Floats

HELD_OUT: Final = 0.3
DEFAULT_SEED: Final = 4


def measure(svg: Path | None, seed: int = DEFAULT_SEED) -> dict[str, Any]:
    """Returns the figures on OULAD, on simulated classes, and why there are none on the Moodle log.

    Args:
        svg: Where the chart of calibration is written, if anywhere.
        seed: Draws the held-out students and the simulated classes.
    """
    folder = data_folder()
    if not folder.is_dir():
        msg = f"{folder} does not exist; set CLASSPULSE_DATA to the folder that holds oulad/"
        raise UserError(msg)
    report, figures = compare(oulad(folder, [*PRESENTATION, "assessment_type"]), seed)
    if svg:
        svg.write_text(chart(figures))
    return {
        "oulad": report,
        "oulad, kinds of assessment mixed": compare(oulad(folder, PRESENTATION), seed)[0],
        **{f"simulated, truth is {name}": _simulated(name, seed) for name in ("ebbinghaus", "fsrs")},
        "moodle": moodle(folder),
    }


def compare(given: Histories, seed: int, truth: Floats | None = None) -> tuple[dict[str, Any], dict[str, Quality]]:
    """Returns the report on one data set, and the figures by forecaster."""
    held_out = given.held_out(HELD_OUT, seed)
    training, unseen = given.of(~held_out), given.of(held_out)
    known = forecasters(training)
    if truth is not None:
        chances = truth[held_out]
        known.append(Forecaster("truth", lambda _: chances))
    figures = {one.name: quality(one.forecast(unseen), unseen) for one in known}
    return {
        "pairs": len(given.length),
        "held_out_reviews": int(unseen.forecast.sum()),
        "held_out_students": len(set(unseen.student.tolist())),
        "models": {name: _figures(one) for name, one in figures.items()},
        "fitted": {one.name: one.fitted for one in known if one.fitted},
    }, figures


def _simulated(name: str, seed: int) -> dict[str, Any]:
    given, truth = simulated(MODELS[name], seed)
    return compare(given, seed, truth)[0]


def _figures(one: Quality) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(one).items() if name != "curve"}
