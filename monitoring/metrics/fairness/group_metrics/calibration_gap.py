"""Calibration gap."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, mean_of, one_class
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "labelled rows with a probability"
BOUNDS = (-1.0, 1.0)


def calibration_gap(counts: GroupCounts) -> Performance:
    """Mean predicted probability less the share of positive labels; above 0 the model expects too many.

    Raises:
        NotEnoughData: There are no labelled rows with a probability.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> from monitoring.counting.totals.outcomes import Moments
    >>> calibration_gap(OneClass(1, 1, 1, 1, 2, 2, 2, gap=Moments(4, 0.4, 1.0))).value
    0.1
    """
    seen = one_class(counts, "calibration gap")
    return mean_of(seen.gap, "calibration gap", NEEDS, BOUNDS)


METRIC = GroupMetric(
    name="calibration_gap",
    label="Calibration gap",
    unit="probability",
    tasks=CLASSIFIERS,
    worse=None,
    allowance=0.05,
    needs=NEEDS,
    asks="A probability means the same in every group, on average (calibration in the large).",
    source="Van Calster et al. (2019), doi:10.1186/s12916-019-1466-7, calibration in the large; interval by the central limit theorem",
    measure=calibration_gap,
    is_share=False,
    bounds=BOUNDS,
)
