"""Log loss."""

from __future__ import annotations

import numpy as np

from monitoring.counting.totals.outcomes import Outcomes
from monitoring.counting.totals.ranking import scored
from monitoring.metrics.delta import mean_of
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance

_BOUNDS = (0.0, np.inf)


def log_loss(outcomes: Outcomes) -> Performance:
    """Mean of -ln(probability of the label), in nats; summed row by row, so it is exact.

    Raises:
        NotEnoughData: No label or no probability.

    >>> from monitoring.counting.totals.outcomes import ClassOutcomes, Moments, ScoreCells
    >>> scores = ScoreCells.of(np.array([0.5]), np.ones(1, bool), np.ones(1, np.int8))
    >>> losses = Moments.of(-np.log([0.5, 0.5]))
    >>> seen = ClassOutcomes(
    ...     classes=("0", "1"),
    ...     confusion=np.array([[0, 1], [0, 1], [0, 0]]),
    ...     scores={"1": scores},
    ...     log_loss=losses,
    ... )
    >>> round(log_loss(seen).value, 4)
    0.6931
    """
    return mean_of(scored(outcomes, "log loss").log_loss, "log loss", _BOUNDS)


METRIC = PerformanceMetric(
    name="log_loss",
    label="Log loss",
    unit="nats",
    tasks=CLASSIFIERS,
    worse="higher",
    bounds=_BOUNDS,
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.log_loss; interval by the central limit theorem",
    measure=log_loss,
)
