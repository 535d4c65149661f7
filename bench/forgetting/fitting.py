"""Fits a few numbers to the smallest loss: SciPy's optimisers, which are in the development extra alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from dataflows.scores.forgetting import Floats

Loss = Callable[[Floats], float]
Bounds = Sequence[tuple[float, float]]


def simplex(loss: Loss, start: Sequence[float], bounds: Bounds) -> Floats:
    """Returns the best of up to five numbers by Nelder and Mead's simplex, which needs no gradient."""
    found = minimize(
        loss, start, method="Nelder-Mead", bounds=bounds, options={"maxfev": 500, "xatol": 1e-3, "fatol": 1e-6}
    )
    return np.asarray(found.x, np.float64)


def bounded(loss: Loss, start: Sequence[float], bounds: Bounds) -> Floats:
    """Returns the best of many numbers by L-BFGS-B with differences for the gradient."""
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
    return np.asarray(found.x, np.float64)
