"""Balanced accuracy."""

from __future__ import annotations

from monitoring.counting.totals.confusion import RECALL, macro
from monitoring.counting.totals.outcomes import Outcomes
from monitoring.metrics.performance_metric import CLASSIFIERS, PerformanceMetric
from monitoring.statistics.performance import Performance


def balanced_accuracy(outcomes: Outcomes) -> Performance:
    """Mean recall of the classes among the labels, so that a rare class counts as much as a common one.

    Raises:
        NotEnoughData: No label has arrived.

    >>> import numpy as np
    >>> from monitoring.counting.totals.outcomes import ClassOutcomes
    >>> seen = ClassOutcomes(classes=("a", "b"), confusion=np.array([[90, 0], [5, 5], [0, 0]]))
    >>> balanced_accuracy(seen).value
    0.75
    """
    return macro(outcomes, RECALL, of_labels=True)


METRIC = PerformanceMetric(
    name="balanced_accuracy",
    label="Balanced accuracy",
    unit="mean share over classes",
    tasks=CLASSIFIERS,
    worse="lower",
    bounds=(0.0, 1.0),
    allowance=0.03,
    source="sklearn.metrics.balanced_accuracy_score; interval by the delta method on the confusion"
    " matrix, read as Wilson's",
    rests_on="labelled",
    measure=balanced_accuracy,
    aliases=("balanced_accuracy_score",),
)
