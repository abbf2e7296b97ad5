"""Means and functions of means with their standard errors, from sums alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitoring.counting.totals.outcomes import PARTS, Moments, NumberOutcomes
from monitoring.errors import NotEnoughData
from monitoring.statistics.intervals import around
from monitoring.statistics.performance import Performance

#: Means of `PARTS` by name, complex so that a formula can be differentiated.
Means: TypeAlias = dict[str, complex]
#: A step so small that its square vanishes beside 1: the derivative is exact to rounding.
_STEP = 1e-30


def mean_of(moments: Moments, name: str, bounds: tuple[float, float]) -> Performance:
    """Return a mean per row with the interval of the central limit theorem.

    Raises:
        NotEnoughData: There is no row.

    >>> mean_of(Moments.of(np.array([1.0, 3.0])), "x", (0.0, 9.0)).value
    2.0
    """
    n = moments.n
    if not n:
        raise NotEnoughData(f"Cannot compute {name}: no labelled row has usable probabilities")
    mean = moments.total / n
    error = math.sqrt(max(moments.squares / n - mean**2, 0.0) / max(n - 1, 1))
    return Performance(mean, error, around(mean, error, bounds), n)


def numbers(outcomes: object, metric: str) -> NumberOutcomes:
    """Return the outcomes of a regression that has labels.

    Raises:
        NotEnoughData: No label has arrived, or it is a classifier.
    """
    if not isinstance(outcomes, NumberOutcomes):
        raise NotEnoughData(f"Cannot compute {metric} of a classifier")
    if not outcomes.labelled:
        raise NotEnoughData(f"Cannot compute {metric}: no label has arrived")
    return outcomes


def of_means(outcomes: NumberOutcomes, formula: Callable[[Means], complex]) -> tuple[float, float]:
    """Return a formula of the means of `PARTS` and its standard error.

    The delta method: variance = slopes' * covariance of the means * slopes. The slopes come from a
    complex step (Squire and Trapp 1998, doi:10.1137/S003614459631241X), exact to rounding.

    >>> sums, products = np.zeros(8), np.zeros((8, 8))
    >>> sums[2], products[2, 2] = 20.0, 164.0  # squared errors of 1, 9, 1, 9
    >>> known = NumberOutcomes(predictions=4, labelled=4, sums=sums, products=products)
    >>> value, error = of_means(known, lambda mean: mean["e2"] ** 0.5)
    >>> round(value, 4), round(error, 4)
    (2.2361, 0.5164)
    """
    n = outcomes.labelled
    means = outcomes.sums / n
    value = formula({part: complex(mean) for part, mean in zip(PARTS, means, strict=True)})
    slopes = np.array([_slope(formula, means, at) for at in range(len(PARTS))])
    covariance = outcomes.products / n - np.outer(means, means)
    variance = float(np.einsum("i,ij,j->", slopes, covariance, slopes)) / max(n - 1, 1)
    return value.real, math.sqrt(max(variance, 0.0))


def _slope(formula: Callable[[Means], complex], means: NDArray[np.float64], at: int) -> float:
    step: Means = {
        part: complex(mean, _STEP if i == at else 0.0)
        for i, (part, mean) in enumerate(zip(PARTS, means, strict=True))
    }
    return formula(step).imag / _STEP
