"""True positive rate."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "rows whose label is the positive class"


def true_positive_rate(counts: GroupCounts) -> Performance:
    """Share of the rows whose label is the positive class that are predicted so: recall.

    Raises:
        NotEnoughData: There are no rows whose label is the positive class.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> true_positive_rate(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.6
    """
    seen = one_class(counts, "true positive rate")
    return share_of(seen.true_positives, seen.positives, "true positive rate", NEEDS)


METRIC = GroupMetric(
    name="true_positive_rate",
    label="True positive rate",
    unit="share of positive labels",
    tasks=CLASSIFIERS,
    worse="lower",
    allowance=0.10,
    needs=NEEDS,
    asks="Those who truly are of the positive class are found equally often (equal opportunity).",
    source="fairlearn.metrics.true_positive_rate; interval Wilson (1927)",
    measure=true_positive_rate,
)
