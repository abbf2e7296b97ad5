"""Disparate impact."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.metrics.fairness_metric import Disparity
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance
from monitoring.statistics.spread import Spread


def disparate_impact(groups: Sequence[Sequence[Performance]], largest: int) -> Spread:
    """Least selection rate of the other groups over that of the largest group; below 1 a smaller group is selected less.

    Raises:
        NotEnoughData: Fewer than two groups are large enough.

    >>> from monitoring.metrics.fairness_metric import share_of
    >>> low, high = (share_of(hits, 500, "example", "rows") for hits in (150, 300))
    >>> disparate_impact([[low, high]], 0).value, disparate_impact([[low, high]], 1).value
    (2.0, 0.5)
    """
    return spread.against(groups[0], largest)


METRIC = Disparity(
    name="disparate_impact",
    label="Disparate impact",
    unit="ratio of shares",
    tasks=CLASSIFIERS,
    threshold=0.80,
    worse="lower",
    compares=("selection_rate",),
    asks="No group is selected less than four fifths as often as the largest group.",
    source="Feldman et al. (2015), doi:10.1145/2783258.2783311; threshold of the four-fifths rule, 29 CFR 1607.4(D)",
    measure=disparate_impact,
)
