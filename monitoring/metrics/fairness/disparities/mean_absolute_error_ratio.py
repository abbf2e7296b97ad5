"""Mean absolute error ratio."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import REGRESSIONS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def mean_absolute_error_ratio(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Least mean absolute error over the greatest; 1 where all groups are off by equally much.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> mean_absolute_error_ratio([[low, high]], 0).value
    0.5
    """
    del largest
    return spread.ratio(groups[0], is_share=False)


METRIC = Disparity(
    name="mean_absolute_error_ratio",
    label="Mean absolute error ratio",
    unit="ratio of errors",
    tasks=REGRESSIONS,
    threshold=0.80,
    worse="lower",
    compares=("mean_absolute_error",),
    asks="In no group are answers off by more than a quarter more than in another.",
    source="Agarwal et al. (2019), arXiv:1905.12843, bounded group loss, told as a ratio",
    measure=mean_absolute_error_ratio,
)
