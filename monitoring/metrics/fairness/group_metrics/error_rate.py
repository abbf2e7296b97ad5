"""Error rate."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "labelled rows"


def error_rate(counts: GroupCounts) -> Performance:
    """Share of labelled predictions that are wrong.

    Raises:
        NotEnoughData: There are no labelled rows.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> error_rate(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.3
    """
    seen = one_class(counts, "error rate")
    return share_of(seen.labelled - seen.right, seen.labelled, "error rate", NEEDS)


METRIC = GroupMetric(
    name="error_rate",
    label="Error rate",
    unit="share of labelled rows",
    tasks=CLASSIFIERS,
    worse="higher",
    allowance=0.05,
    needs=NEEDS,
    asks="Answers are wrong equally often in every group (overall error equality).",
    source="sklearn.metrics.zero_one_loss; interval Wilson (1927)",
    measure=error_rate,
)
