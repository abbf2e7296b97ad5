"""Estimates with a 95 % band for the value that will be realized once all labels are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.metric import Interval
from monitoring.statistics.chance import chi_squared_quantile
from monitoring.statistics.intervals import Z

#: Fewer days than this say nothing about how much days differ.
LEAST_DAYS = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric that no label has been seen for.

    value: what is expected. label_error: standard deviation of the realized value around it if the
    probabilities were known. fit_error: what a finite reference leaves unknown. day_error: by how
    much more the days of the reference scattered. rows: that it is estimated for. degrees: of
    freedom of `day_error`; infinite where days do not scatter. labelled, predicted: rows of each class
    of a classifier that will be labelled so, and that are predicted so.
    """

    metric: str
    value: float
    label_error: float
    fit_error: float
    day_error: float
    rows: int
    degrees: float = math.inf
    labelled: tuple[float, ...] = ()
    predicted: tuple[float, ...] = ()

    @property
    def error(self) -> float:
        """Standard deviation of realized minus estimated."""
        return math.sqrt(self.label_error**2 + self.fit_error**2 + self.day_error**2)

    def interval(self, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Interval:
        """Return the 95 % band, cut at what the metric cannot leave.

        >>> band = Estimate("accuracy", 0.9, 0.03, 0.04, 0.0, 100).interval((0.0, 1.0))
        >>> round(band.low, 3), round(band.high, 3)
        (0.802, 0.998)
        """
        reach = quantile(self.degrees) * self.error
        return Interval(max(self.value - reach, bounds[0]), min(self.value + reach, bounds[1]))

    def surprise(self, realized: float) -> float:
        """Return how many standard deviations a realized value lies away."""
        gap = abs(realized - self.value)
        return gap / self.error if self.error > 0 else (0.0 if gap < 1e-12 else math.inf)  # noqa: PLR2004 - rounding


def quantile(degrees: float) -> float:
    """Return the 97.5 % quantile of Student's distribution; the normal one's if infinite.

    >>> round(quantile(math.inf), 3), round(quantile(29), 3)
    (1.96, 2.045)
    """
    if math.isinf(degrees):
        return Z
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that a start-up need not pay

    return float(stdtrit(degrees, 0.975))


@dataclass(frozen=True, slots=True)
class Scatter:
    """How much the days of the reference differ beyond chance, for one metric.

    ratio: root of the mean squared surprise; 1 by chance alone. error: standard deviation of a day's
    value beyond chance; 0 where chance alone may have done it. days: that were compared.
    """

    ratio: float = 1.0
    error: float = 0.0
    days: int = 0

    @property
    def degrees(self) -> float:
        """Degrees of freedom of `error`."""
        return self.days - 1.0 if self.error > 0 else math.inf

    def over(self, sizes: Sequence[int]) -> float:
        """Return the standard deviation that days of these sizes together add.

        >>> Scatter(error=0.1, days=30).over([50, 50, 50, 50])
        0.05
        """
        rows = np.asarray(sizes, dtype=np.float64)
        return self.error * float(np.sqrt(np.square(rows).sum())) / max(float(rows.sum()), 1.0)


def scatter(residuals: Floats, errors: Floats) -> Scatter:
    """Return how much days scatter beyond their known errors, if they do so significantly.

    Args:
        residuals: Realized minus estimated of each day of the reference, shape (days,).
        errors: Standard deviation that each should have, shape (days,).

    Source:
        Cochran's Q and the moment estimator of DerSimonian and Laird (1986),
        doi:10.1016/0197-2456(86)90046-2, with equal weights.

    >>> scatter(np.array([0.1, -0.1] * 6), np.full(12, 0.06)).error  # 0.1 ** 2 - 0.06 ** 2
    0.08
    """
    known = np.isfinite(residuals) & np.isfinite(errors) & (errors > 0)
    days = int(known.sum())
    if days < LEAST_DAYS:
        return Scatter(days=days)
    squares = np.square(residuals[known])
    q = float((squares / np.square(errors[known])).sum())
    ratio = math.sqrt(q / days)
    if q <= chi_squared_quantile(days):
        return Scatter(ratio, 0.0, days)
    excess = float(squares.mean() - np.square(errors[known]).mean())
    return Scatter(ratio, round(math.sqrt(max(excess, 0.0)), 12), days)
