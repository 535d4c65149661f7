"""Who forecasts: the models as they are, two baselines, and what a fit to the training students makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Final

import numpy as np

from bench.forgetting.fitting import bounded, simplex
from bench.forgetting.histories import PASS_MARK, Histories, retained
from bench.forgetting.quality import FLOOR, losses
from dataflows.scores.average import Average
from dataflows.scores.calibration import SHIPPED, Calibration, fit
from dataflows.scores.ebbinghaus import Ebbinghaus
from dataflows.scores.forgetting import MODELS, Floats, Model
from dataflows.scores.fsrs import DEFAULT_CUTS, DEFAULT_PARAMETERS, Fsrs

Forecast = Callable[[Histories], Floats]

GOOD_CUTS: Final = (75.0, 80.0, 85.0)
EASY_CUTS: Final = (85.0, 90.0, 95.0)

AVERAGE_BOUNDS: Final = {
    "weight": (0.01, 0.99),
    "start": (0.0, 100.0),
    "intercept": (-5.0, 9.0),
    "slope": (0.0, 9.0),
    "lowest": (-6.0, 1.0),
    "highest": (0.0, 6.0),
    "decay": (0.02, 3.0),
}

EBBINGHAUS_BOUNDS: Final = {
    "growth_at_pass": (1.0, 4.0),
    "first_interval_days": (1.0, 90.0),
    "retention_when_due": (0.5, 0.995),
}

FSRS_BOUNDS: Final = (
    *[(0.001, 100.0)] * 4,
    *[(1.0, 10.0), (0.001, 4.0), (0.001, 4.0), (0.001, 0.75)],
    *[(0.0, 4.5), (0.0, 0.8), (0.001, 3.5)],
    *[(0.001, 5.0), (0.001, 0.25), (0.001, 0.9), (0.0, 4.0)],
    *[(0.0, 1.0), (1.0, 6.0)],
    *[(0.0, 2.0), (0.0, 2.0), (0.0, 0.8)],
    (0.1, 0.8),
)
"""Those that the `fsrs` package allows."""


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A forecast of every review that has one before it, and what was fitted for it."""

    name: str
    forecast: Forecast
    fitted: dict[str, Any] = field(default_factory=dict)


def forecasters(training: Histories) -> list[Forecaster]:
    """Returns all that are compared, fitted to the training students where they have anything to fit."""
    return [
        constant(training),
        moving_average(training),
        moving_average_of_scores(training),
        *(as_it_is(model) for model in MODELS.values()),
        *(mapped(MODELS[name], training) for name in ("ebbinghaus", "fsrs")),
        *(calibrated(MODELS[name], training) for name in ("ebbinghaus", "fsrs")),
        *(as_shown(MODELS[name]) for name in ("ebbinghaus", "fsrs")),
        fitted_ebbinghaus(training),
        recut_fsrs(training),
        fitted_fsrs(training),
        fitted_average(training),
    ]


def as_it_is(model: Model) -> Forecaster:
    """Returns a model whose retention is taken for the chance of passing."""
    return Forecaster(model.name, lambda given: retained(model, given))


def constant(training: Histories) -> Forecaster:
    """Returns the share of the training students' reviews that were passed, for every review."""
    share = float(training.passed[training.forecast].mean())
    return Forecaster(
        "constant average", lambda given: np.where(given.forecast, share, np.nan), {"share": round(share, 4)}
    )


def moving_average(training: Histories) -> Forecaster:
    """Returns an exponentially weighted average of passes, blind to time; weight and start are fitted."""

    def forecast(values: Floats) -> Forecast:
        return lambda given: _averaged_passes(given, weight=values[0], start=values[1])

    values = simplex(lambda tried: _loss(forecast(tried), training), [0.3, 0.7], bounds=[(0.01, 0.99)] * 2)
    return Forecaster("moving average of passes", forecast(values), _rounded(("weight", "start"), values))


def moving_average_of_scores(training: Histories) -> Forecaster:
    """Returns `average` blind to time, fitted: what is left of it when forgetting is taken out."""
    numbers = {name: bounds for name, bounds in AVERAGE_BOUNDS.items() if name != "decay"}
    blind = _fitted(Average(), numbers, training.at_once())
    return Forecaster("moving average of scores", lambda given: blind.forecast(given.at_once()), blind.fitted)


def mapped(model: Model, training: Histories) -> Forecaster:
    """Returns a model as it is, its retention mapped to chances by a logistic curve (Platt 1999)."""

    def forecast(values: Floats) -> Forecast:
        return lambda given: _logistic(values[0] + values[1] * _log_odds(retained(model, given)))

    values = bounded(lambda tried: _loss(forecast(tried), training), [0.0, 1.0], bounds=[(-10, 10), (0, 10)])
    return Forecaster(f"{model.name}, mapped", forecast(values), _rounded(("intercept", "slope"), values))


def calibrated(model: Model, training: Histories) -> Forecaster:
    """Returns a model as it is, read by a calibration that is fitted to the training students."""
    judged = training.forecast
    retention, last, mark = _read(model, training)
    found = fit(retention[judged], last[judged], mark[judged], training.passed[judged])
    return Forecaster(f"{model.name}, calibrated", _reading(model, found), found.parameters())


def as_shown(model: Model) -> Forecaster:
    """Returns a model as people see it: read by the calibration that is shipped."""
    return Forecaster(f"{model.name}, as shown", _reading(model, SHIPPED[model.name]))


def _reading(model: Model, calibration: Calibration) -> Forecast:
    return lambda given: calibration.chance(*_read(model, given))


def _read(model: Model, given: Histories) -> tuple[Floats, Floats, Floats]:
    """Returns what is known the instant before each review: retention, the last score, the mark."""
    last = np.full(given.score.shape, np.nan)
    last[:, 1:] = given.score[:, :-1]
    return retained(model, given), last, np.full(given.score.shape, PASS_MARK)


def fitted_ebbinghaus(training: Histories) -> Forecaster:
    """Returns the exponential model with growth, first interval and retention when due fitted."""
    return _fitted(Ebbinghaus(), EBBINGHAUS_BOUNDS, training)


def fitted_average(training: Histories) -> Forecaster:
    """Returns the moving average of scores with all its numbers fitted."""
    return _fitted(Average(), AVERAGE_BOUNDS, training)


def recut_fsrs(training: Histories) -> Forecaster:
    """Returns FSRS with other scores for Good and Easy; below the pass mark it stays Again, as recall is a pass."""
    tried = [Fsrs(split_points=(70.0, good, easy)) for good, easy in product(GOOD_CUTS, EASY_CUTS) if good < easy]
    best = min(tried, key=lambda model: _loss(as_it_is(model).forecast, training))
    return Forecaster("fsrs, cuts fitted", as_it_is(best).forecast, {"cuts": best.split_points})


def fitted_fsrs(training: Histories) -> Forecaster:
    """Returns FSRS with its 21 parameters fitted, cuts as they are."""

    def model(values: Floats) -> Model:
        return Fsrs(parameters=tuple(values.tolist()), split_points=DEFAULT_CUTS)

    values = bounded(lambda tried: _loss(as_it_is(model(tried)).forecast, training), DEFAULT_PARAMETERS, FSRS_BOUNDS)
    return Forecaster(
        "fsrs, fitted", as_it_is(model(values)).forecast, {"parameters": [round(v, 4) for v in values.tolist()]}
    )


def _fitted(model: Ebbinghaus | Average, bounds: dict[str, tuple[float, float]], training: Histories) -> Forecaster:
    """Returns a model with the named numbers fitted from where they are."""
    names = tuple(bounds)

    def made(values: Floats) -> Model:
        return replace(model, **dict(zip(names, values.tolist(), strict=True)))

    start = [getattr(model, name) for name in names]
    values = bounded(
        lambda tried: _loss(as_it_is(made(tried)).forecast, training), start, [bounds[name] for name in names]
    )
    return Forecaster(f"{model.name}, fitted", as_it_is(made(values)).forecast, _rounded(names, values))


def _loss(forecast: Forecast, given: Histories) -> float:
    judged = given.forecast
    return float(losses(forecast(given)[judged], given.passed[judged]).mean())


def _averaged_passes(given: Histories, *, weight: float, start: float) -> Floats:
    forecast, average = np.full(given.score.shape, np.nan), np.full(len(given.length), start)
    for turn in range(given.score.shape[1]):
        going = given.length > turn
        forecast[going, turn] = average[going]
        average += weight * (given.passed[:, turn] - average)
    return np.where(given.forecast, forecast, np.nan)


def _log_odds(chance: Floats) -> Floats:
    kept = np.clip(chance, FLOOR, 1 - FLOOR)
    return np.log(kept / (1 - kept))


def _logistic(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _rounded(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: round(value, 4) for name, value in zip(names, values.tolist(), strict=True)}
