"""Predictive parity difference."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def predictive_parity_difference(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Greatest precision less the least.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> round(predictive_parity_difference([[low, high]], 0).value, 2)
    0.3
    """
    del largest
    return spread.difference(groups[0])


METRIC = Disparity(
    name="predictive_parity_difference",
    label="Predictive parity difference",
    unit="difference of shares",
    tasks=CLASSIFIERS,
    threshold=0.10,
    worse="higher",
    compares=("precision",),
    asks="A positive answer is right equally often in every group.",
    source="Chouldechova (2017), doi:10.1089/big.2016.0047",
    measure=predictive_parity_difference,
)
