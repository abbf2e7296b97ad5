"""Accuracy."""

from __future__ import annotations

from monitoring.metrics.fairness_metric import GroupCounts, GroupMetric, one_class, share_of
from monitoring.metrics.performance_metric import CLASSIFIERS
from monitoring.statistics.performance import Performance

NEEDS = "labelled rows"


def accuracy(counts: GroupCounts) -> Performance:
    """Share of labelled predictions that are right.

    Raises:
        NotEnoughData: There are no labelled rows.

    >>> from monitoring.metrics.fairness_metric import OneClass
    >>> accuracy(OneClass(30, 10, 20, 40, 50, 70, 70)).value
    0.7
    """
    seen = one_class(counts, "accuracy")
    return share_of(seen.right, seen.labelled, "accuracy", NEEDS)


METRIC = GroupMetric(
    name="accuracy",
    label="Accuracy",
    unit="share of labelled rows",
    tasks=CLASSIFIERS,
    worse="lower",
    allowance=0.05,
    needs=NEEDS,
    asks="Answers are right equally often in every group (overall accuracy equality).",
    source="sklearn.metrics.accuracy_score; interval Wilson (1927)",
    measure=accuracy,
)
