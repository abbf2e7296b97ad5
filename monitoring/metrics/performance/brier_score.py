"""Brier score."""

from __future__ import annotations

from monitoring.counting.totals.outcomes import Outcomes
from monitoring.counting.totals.ranking import scored
from monitoring.metrics.delta import mean_of
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance

_BOUNDS = (0.0, 2.0)


def brier_score(outcomes: Outcomes) -> Performance:
    """Mean squared distance of probabilities from what happened; summed row by row, so it is exact.

    For two classes that of the positive one (0 to 1), for more the sum over classes (0 to 2).

    Raises:
        NotEnoughData: No label or no probability.

    Source:
        Brier (1950), Monthly Weather Review 78; sklearn.metrics.brier_score_loss. Interval by the
        central limit theorem.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import ClassOutcomes, Moments, ScoreCells
    >>> scores = ScoreCells.of(np.array([0.5]), np.ones(1, bool), np.ones(1, np.int8))
    >>> seen = ClassOutcomes(
    ...     classes=("0", "1"),
    ...     confusion=np.array([[0, 1], [0, 1], [0, 0]]),
    ...     scores={"1": scores},
    ...     brier=Moments.of(np.array([0.25, 0.25])),
    ... )
    >>> brier_score(seen).value
    0.25
    """
    return mean_of(scored(outcomes, "the Brier score").brier, "the Brier score", _BOUNDS)


METRIC = PerformanceMetric(
    name="brier_score",
    label="Brier score",
    unit="squared probability",
    tasks=CLASSIFIERS,
    worse="higher",
    bounds=_BOUNDS,
    allowance=0.10,
    is_relative=True,
    source="sklearn.metrics.brier_score_loss; interval by the central limit theorem",
    measure=brier_score,
    aliases=("brier_score_loss",),
)
