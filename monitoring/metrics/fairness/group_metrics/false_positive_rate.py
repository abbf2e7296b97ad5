"""False positive rate."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "rows whose label is another class"


def false_positive_rate(counts: GroupCounts) -> Performance:
    """Share of the rows whose label is another class that are predicted positive.

    Raises:
        NotEnoughData: There are no rows whose label is another class.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> false_positive_rate(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.2
    """
    seen = one_class(counts, "false positive rate")
    return share_of(seen.false_positives, seen.negatives, "false positive rate", NEEDS)


METRIC = GroupMetric(
    name="false_positive_rate",
    label="False positive rate",
    unit="share of negative labels",
    tasks=CLASSIFIERS,
    worse="higher",
    allowance=0.10,
    needs=NEEDS,
    asks="Those who are not of the positive class are taken for it equally often (one half of equalized odds).",
    source="fairlearn.metrics.false_positive_rate; interval Wilson (1927)",
    measure=false_positive_rate,
)
