"""Equal opportunity difference."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def equal_opportunity_difference(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Greatest true positive rate less the least.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> round(equal_opportunity_difference([[low, high]], 0).value, 2)
    0.3
    """
    del largest
    return spread.difference(groups[0])


METRIC = Disparity(
    name="equal_opportunity_difference",
    label="Equal opportunity difference",
    unit="difference of shares",
    tasks=CLASSIFIERS,
    threshold=0.10,
    worse="higher",
    compares=("true_positive_rate",),
    asks="Those who truly are of the positive class are found equally often in every group.",
    source="fairlearn.metrics.equal_opportunity_difference; Hardt et al. (2016), arXiv:1610.02413",
    measure=equal_opportunity_difference,
)
