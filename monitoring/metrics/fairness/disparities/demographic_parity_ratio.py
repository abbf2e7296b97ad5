"""Demographic parity ratio."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def demographic_parity_ratio(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Least selection rate over the greatest; 1 where all groups are selected equally often.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> demographic_parity_ratio([[low, high]], 0).value
    0.5
    """
    del largest
    return spread.ratio(groups[0])


METRIC = Disparity(
    name="demographic_parity_ratio",
    label="Demographic parity ratio",
    unit="ratio of shares",
    tasks=CLASSIFIERS,
    threshold=0.80,
    worse="lower",
    compares=("selection_rate",),
    asks="No group is selected less than four fifths as often as the one selected most (the four-fifths rule).",
    source="fairlearn.metrics.demographic_parity_ratio; threshold of the four-fifths rule, 29 CFR 1607.4(D)",
    measure=demographic_parity_ratio,
)
