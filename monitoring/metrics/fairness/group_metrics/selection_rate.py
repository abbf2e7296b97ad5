"""Selection rate."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "predictions"


def selection_rate(counts: GroupCounts) -> Performance:
    """Share of predictions that say the positive class; labels are not needed.

    Raises:
        NotEnoughData: There are no predictions.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> selection_rate(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.4166666666666667
    """
    seen = one_class(counts, "selection rate")
    return share_of(seen.selected, seen.predictions, "selection rate", NEEDS)


METRIC = GroupMetric(
    name="selection_rate",
    label="Selection rate",
    unit="share of predictions",
    tasks=CLASSIFIERS,
    worse=None,
    allowance=0.10,
    needs=NEEDS,
    asks="The positive answer is given equally often in every group, whatever the truth (demographic parity).",
    source="fairlearn.metrics.selection_rate; interval Wilson (1927)",
    measure=selection_rate,
)
