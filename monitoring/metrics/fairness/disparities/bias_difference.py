"""Bias difference."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metric import Interval
from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import REGRESSIONS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def bias_difference(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Greatest bias less the least, in units of the largest group's mean absolute error.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> round(bias_difference([[low, high], [low, low]], 0).value, 2)
    1.0
    """
    bias, size = groups[0], groups[1][largest].value
    found = spread.difference(bias, is_share=False)
    if size <= 0:
        return found
    ends = Interval(found.interval.low / size, found.interval.high / size)
    return Spread(found.value / size, ends, found.pvalue, found.ends)


METRIC = Disparity(
    name="bias_difference",
    label="Bias difference",
    unit="mean absolute errors",
    tasks=REGRESSIONS,
    threshold=0.50,
    worse="higher",
    compares=("bias", "mean_absolute_error"),
    asks="No group gets answers that are much too high or too low beside another.",
    source="difference of mean signed errors over the mean absolute error",
    measure=bias_difference,
)
