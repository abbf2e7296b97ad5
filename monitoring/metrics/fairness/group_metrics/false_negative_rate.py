"""False negative rate."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "rows whose label is the positive class"


def false_negative_rate(counts: GroupCounts) -> Performance:
    """Share of the rows whose label is the positive class that are not predicted so.

    Raises:
        NotEnoughData: There are no rows whose label is the positive class.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> false_negative_rate(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.4
    """
    seen = one_class(counts, "false negative rate")
    return share_of(seen.false_negatives, seen.positives, "false negative rate", NEEDS)


METRIC = GroupMetric(
    name="false_negative_rate",
    label="False negative rate",
    unit="share of positive labels",
    tasks=CLASSIFIERS,
    worse="higher",
    allowance=0.10,
    needs=NEEDS,
    asks="Those who truly are of the positive class are missed equally often (equal opportunity, told by its misses).",
    source="fairlearn.metrics.false_negative_rate; interval Wilson (1927)",
    measure=false_negative_rate,
)
