"""Error rate ratio."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def error_rate_ratio(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Least error rate over the greatest; 1 where all groups are wrong equally often.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> error_rate_ratio([[low, high]], 0).value
    0.5
    """
    del largest
    return spread.ratio(groups[0])


METRIC = Disparity(
    name="error_rate_ratio",
    label="Error rate ratio",
    unit="ratio of shares",
    tasks=CLASSIFIERS,
    threshold=0.80,
    worse="lower",
    compares=("error_rate",),
    asks="No group is wrong more than a quarter more often than another.",
    source="Bellamy et al. (2018), AI Fairness 360, arXiv:1810.01943, told as least over greatest",
    measure=error_rate_ratio,
)
