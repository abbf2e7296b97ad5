"""Equalized odds difference."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def equalized_odds_difference(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """The larger of the differences of true and of false positive rates.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> round(equalized_odds_difference([[low, high], [low, low]], 0).value, 2)
    0.3
    """
    del largest
    # 97.5 % for each of the two makes 95 % for the larger.
    return spread.worst([spread.difference(rates, level=0.975) for rates in groups])


METRIC = Disparity(
    name="equalized_odds_difference",
    label="Equalized odds difference",
    unit="difference of shares",
    tasks=CLASSIFIERS,
    threshold=0.10,
    worse="higher",
    compares=("true_positive_rate", "false_positive_rate"),
    asks="Given the truth, every group gets the positive answer equally often: equal hits and equal false alarms.",
    source="fairlearn.metrics.equalized_odds_difference; Hardt et al. (2016), arXiv:1610.02413",
    measure=equalized_odds_difference,
)
