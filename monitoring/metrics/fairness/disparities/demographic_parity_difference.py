"""Demographic parity difference."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def demographic_parity_difference(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Greatest selection rate less the least; 0 where all groups are selected equally often.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> round(demographic_parity_difference([[low, high]], 0).value, 2)
    0.3
    """
    del largest
    return spread.difference(groups[0])


METRIC = Disparity(
    name="demographic_parity_difference",
    label="Demographic parity difference",
    unit="difference of shares",
    tasks=CLASSIFIERS,
    threshold=0.10,
    worse="higher",
    compares=("selection_rate",),
    asks="Every group gets the positive answer equally often, whatever the truth.",
    source="fairlearn.metrics.demographic_parity_difference",
    measure=demographic_parity_difference,
)
