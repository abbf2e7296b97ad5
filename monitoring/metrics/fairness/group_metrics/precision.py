"""Precision."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "labelled rows predicted positive"


def precision(counts: GroupCounts) -> Performance:
    """Share of the labelled rows predicted positive whose label agrees.

    Raises:
        NotEnoughData: There are no labelled rows predicted positive.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> precision(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.75
    """
    seen = one_class(counts, "precision")
    return share_of(
        seen.true_positives, seen.true_positives + seen.false_positives, "precision", NEEDS
    )


METRIC = GroupMetric(
    name="precision",
    label="Precision",
    unit="share of positive predictions",
    tasks=CLASSIFIERS,
    worse="lower",
    allowance=0.10,
    needs=NEEDS,
    asks="A positive answer means the same in every group (predictive parity).",
    source="sklearn.metrics.precision_score; interval Wilson (1927)",
    measure=precision,
)
